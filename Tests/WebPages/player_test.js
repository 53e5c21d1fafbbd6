import { commandFor, isCharacter, nextRate } from '../../web/player/keyboard.js';
import { qualityLabel } from '../../web/player/quality.js';
import { parseStoryboard, sceneAt } from '../../web/player/storyboard.js';
import { equal } from './assert.js';

Deno.test('the usual keys mean the usual things', () => {
  equal(commandFor({ key: ' ' }), { name: 'toggle' });
  equal(commandFor({ key: 'K' }), { name: 'toggle' });
  equal(commandFor({ key: 'ArrowLeft' }), { name: 'seekBy', amount: -5 });
  equal(commandFor({ key: 'l' }), { name: 'seekBy', amount: 10 });
  equal(commandFor({ key: '7' }), { name: 'seekTo', share: 0.7 });
  equal(commandFor({ key: 'Home' }), { name: 'seekTo', share: 0 });
  equal(commandFor({ key: '>', shiftKey: true }), { name: 'rateBy', amount: 1 });
  equal(commandFor({ key: 'x' }), null);
});

Deno.test("keys of the browser stay the browser's", () => {
  equal(commandFor({ key: 'f', ctrlKey: true }), null);
  equal(commandFor({ key: 'ArrowLeft', altKey: true }), null);
  equal(commandFor({ key: 'l', metaKey: true }), null);
});

Deno.test('keys of one character may be switched off, the others not', () => {
  equal([' ', 'ArrowLeft', 'k', '5'].map((key) => isCharacter({ key })), [false, false, true, true]);
});

Deno.test('a key called as something that every object has means nothing', () => {
  equal(['constructor', '__proto__', 'toString', 'hasOwnProperty'].map((key) => commandFor({ key })), [
    null,
    null,
    null,
    null,
  ]);
});

Deno.test('speeds go up and down a list and end there', () => {
  equal([nextRate(1, 1), nextRate(1, -1), nextRate(2, 1), nextRate(0.25, -1)], [1.25, 0.75, 2, 0.25]);
});

Deno.test('renditions are called by their lines, of tall pictures too', () => {
  equal(qualityLabel({ name: 'x', width: 1920, height: 1080, frameRate: 25 }), '1080p');
  equal(qualityLabel({ name: 'x', width: 720, height: 1280, frameRate: 59.94 }), '720p60');
  equal(qualityLabel({ name: 'audio', width: 0, height: 0, frameRate: 0 }), 'audio');
});

const storyboard = `WEBVTT

NOTE made by Palco

00:00.000 --> 00:02.000
storyboard.jpg#xywh=0,0,160,90

1
00:00:02.000 --> 01:00:04.000 align:start
storyboard.jpg?token=a#xywh=160,0,160,90

00:04.000 --> 00:06.000
https://evil.example/storyboard.jpg#xywh=0,0,160,90

00:04.000 --> 00:06.000
storyboard.jpg?a=\\#xywh=0,0,160,90

garbage
`;

Deno.test('storyboard cues point into the sprite, and to no other server', () => {
  const scenes = parseStoryboard(storyboard, 'https://palco.test/v/storyboard.vtt');
  equal(scenes, [
    { start: 0, end: 2, url: 'https://palco.test/v/storyboard.jpg', x: 0, y: 0, width: 160, height: 90 },
    {
      start: 2,
      end: 3604,
      url: 'https://palco.test/v/storyboard.jpg?token=a',
      x: 160,
      y: 0,
      width: 160,
      height: 90,
    },
  ]);
  equal([sceneAt(scenes, 1)?.x, sceneAt(scenes, 2)?.x, sceneAt(scenes, 9999)?.x, sceneAt([], 1)], [
    0,
    160,
    160,
    null,
  ]);
});

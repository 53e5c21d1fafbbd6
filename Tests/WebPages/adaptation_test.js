import {
  chooseFirst,
  chooseRendition,
  DroppedFrames,
  lastUseful,
  shouldAbandon,
  ThroughputMeter,
} from '../../web/player/adaptation.js';
import { equal, near, ok } from './assert.js';

const renditions = [240, 480, 720, 1080].map((height, place) => ({
  name: `${height}p`,
  bandwidth: [0.4e6, 1.2e6, 3e6, 6e6][place],
  width: Math.round((height * 16) / 9),
  height,
}));

/** @param {Partial<import('../../web/player/adaptation.js').Situation>} [changes] */
function choose(changes = {}) {
  const situation = {
    renditions,
    current: 1,
    throughput: 2e6,
    bufferAhead: 10,
    playbackRate: 1,
    lines: Infinity,
    available: () => true,
    ...changes,
  };
  return chooseRendition(situation);
}

Deno.test('it starts with the lowest rendition when nothing is known', () => {
  equal(choose({ current: -1, throughput: null, bufferAhead: 0 }), 0);
});

Deno.test('it starts higher where this device measured more lately, but carefully', () => {
  const start = { renditions, playbackRate: 1, lines: Infinity, available: () => true };
  equal(chooseFirst({ ...start, throughput: 20e6 }), 3);
  equal(chooseFirst({ ...start, throughput: 5e6 }), 1);
  equal(chooseFirst({ ...start, throughput: null }), 0);
});

Deno.test('it climbs when the throughput allows and the buffer is not almost empty', () => {
  equal(choose({ throughput: 20e6, bufferAhead: 4 }), 3);
  equal(choose({ throughput: 20e6, bufferAhead: 2 }), 1);
});

Deno.test('it steps down when the throughput falls, later with a full buffer', () => {
  equal(choose({ current: 3, throughput: 2e6, bufferAhead: 4 }), 1);
  equal(choose({ current: 3, throughput: 6.5e6, bufferAhead: 20 }), 3);
  equal(choose({ current: 3, throughput: 3e6, bufferAhead: 20 }), 1);
});

Deno.test('fast playing needs more throughput', () => {
  equal(choose({ throughput: 5e6, current: 2 }), 2);
  equal(choose({ throughput: 5e6, current: 2, playbackRate: 2, bufferAhead: 3 }), 1);
});

Deno.test('more lines than the screen shows are not worth loading', () => {
  equal(choose({ throughput: 50e6, lines: 500 }), 1);
  equal(choose({ throughput: 50e6, lines: 560 }), 2);
  equal(lastUseful(renditions, Infinity), 3);
  equal(lastUseful(renditions, 100), 0);
});

Deno.test('a rendition that is not there is passed over; without any it waits', () => {
  equal(choose({ throughput: 50e6, available: (rendition) => rendition.name === '240p' }), 0);
  equal(choose({ current: 0, throughput: 0.1e6, available: (rendition) => rendition.name === '1080p' }), 3);
  equal(choose({ available: () => false }), -1);
});

Deno.test('a download is given up when the buffer would run dry and a lower rendition would not', () => {
  const slow = {
    received: 50_000,
    expected: 1_000_000,
    elapsed: 1,
    bufferAhead: 4,
    playbackRate: 1,
    lowerShare: 0.1,
  };
  equal(shouldAbandon(slow), true);
  equal(shouldAbandon({ ...slow, elapsed: 0.3 }), false);
  equal(shouldAbandon({ ...slow, bufferAhead: 30 }), false);
  equal(shouldAbandon({ ...slow, received: 900_000 }), false);
  equal(shouldAbandon({ ...slow, lowerShare: 0.95 }), false);
  equal(shouldAbandon({ ...slow, received: 0 }), false);
});

Deno.test('throughput is bytes over the time in which anything was running', () => {
  const meter = new ThroughputMeter();
  equal(meter.estimate, null);
  meter.begin(0);
  meter.received(250_000);
  meter.begin(0.5);
  meter.received(250_000);
  meter.end(1);
  meter.end(1);
  near(meter.estimate ?? 0, 4e6, 1);
  meter.begin(100);
  meter.received(1_000_000);
  meter.end(102);
  near(meter.estimate ?? 0, 4e6, 1);
});

Deno.test('a fall is believed at once, a rise within some segments, and a burst is capped', () => {
  const meter = new ThroughputMeter();
  const load = (/** @type {number} */ bitsPerSecond, /** @type {number} */ seconds) => {
    meter.begin(0);
    meter.received((bitsPerSecond * seconds) / 8);
    meter.end(seconds);
  };
  for (let count = 0; count < 5; count++) load(1e9, 0.01);
  near(meter.estimate ?? 0, 200e6, 1);
  for (let count = 0; count < 2; count++) load(0.5e6, 4);
  ok((meter.estimate ?? Infinity) < 1.5e6, `still ${meter.estimate}`);
  for (let count = 0; count < 5; count++) load(40e6, 0.1);
  ok((meter.estimate ?? 0) > 4e6, `only ${meter.estimate}`);
});

Deno.test('after a download was given up the past is forgotten', () => {
  const meter = new ThroughputMeter();
  meter.begin(0);
  meter.received(10_000_000);
  meter.end(1);
  meter.restart(480_000);
  near(meter.estimate ?? 0, 480_000, 1);
});

Deno.test('tiny answers do not count as measurements', () => {
  const meter = new ThroughputMeter();
  meter.begin(0);
  meter.received(900);
  meter.end(0.05);
  equal(meter.estimate, null);
});

Deno.test('two bad windows of dropped frames in a row mean: step down', () => {
  const guard = new DroppedFrames();
  equal(guard.window({ total: 100, dropped: 50 }), false);
  equal(guard.window({ total: 200, dropped: 100 }), true);
  equal(guard.window({ total: 300, dropped: 101 }), false);
  equal(guard.window({ total: 400, dropped: 160 }), false);
  equal(guard.window({ total: 500, dropped: 161 }), false);
});

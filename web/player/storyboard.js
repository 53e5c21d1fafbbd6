/** The preview on the seek bar: WebVTT cues that point into a sprite (`storyboard.jpg#xywh=0,0,160,90`). */

import { ownAddress } from '../lib/address.js';

/** @typedef {{ start: number, end: number, url: string, x: number, y: number, width: number, height: number }} Scene */

/**
 * @param {string} text
 * @param {string} base where the file came from
 * @returns {Scene[]}
 */
export function parseStoryboard(text, base) {
  /** @type {Scene[]} */
  const scenes = [];
  for (const block of text.replace(/\r\n?/g, '\n').split(/\n{2,}/)) {
    const lines = block.split('\n');
    const place = lines.findIndex((line) => line.includes('-->'));
    if (place < 0 || !lines[place + 1]) continue;
    const [start, end] = lines[place].split('-->').map((part) => secondsFrom(part.trim().split(/\s/)[0]));
    const address = ownAddress(lines[place + 1].trim(), base);
    if (address === null) continue;
    const url = new URL(address);
    const area = url.hash.match(/xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)/);
    if (!area || Number.isNaN(start) || Number.isNaN(end)) continue;
    const [x, y, width, height] = area.slice(1).map(Number);
    url.hash = '';
    scenes.push({ start, end, url: url.href, x, y, width, height });
  }
  return scenes;
}

/** @param {string} text `[hh:]mm:ss.mmm` */
function secondsFrom(text) {
  if (!/^(\d+:)?\d{1,2}:\d{2}(\.\d+)?$/.test(text)) return Number.NaN;
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * @param {Scene[]} scenes
 * @param {number} time
 */
export function sceneAt(scenes, time) {
  return scenes.find((scene) => time < scene.end) ?? scenes.at(-1) ?? null;
}

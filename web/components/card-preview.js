/**
 * What happens in a video, in a few pictures, while the mouse rests on its card or the keyboard has come to it. The pictures
 * are the tiles that the seek bar shows, so nothing more is made or stored for this.
 *
 * It is over in less than five seconds, so it needs no button that stops it (WCAG 2.2, 2.2.2), and there is none for those
 * who want less motion.
 */
import { storyboardURL } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { parseStoryboard } from '../player/storyboard.js';

/** @typedef {import('../player/storyboard.js').Scene} Scene */

const most = 8;
const pace = 600;
/** The mouse only passes over most cards. */
const patience = 350;

/** @param {Scene[]} scenes those that are shown: evenly spread, without the first, which the picture is like */
export function chooseScenes(scenes) {
  const count = Math.min(most, scenes.length - 1);
  if (count < 2) return [];
  return Array.from({ length: count }, (_, at) => scenes[Math.floor((at + 1) * scenes.length / (count + 1))]);
}

/**
 * @param {HTMLElement} card
 * @param {HTMLElement} picture where they are shown
 * @param {() => string | null} video the id; null while there is nothing to show
 */
export function movingPreview(card, picture, video) {
  /** @type {AbortController | null} */
  let running = null;
  const stop = () => {
    running?.abort();
    running = null;
  };
  const start = () => {
    const id = video();
    if (running || id === null || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    running = new AbortController();
    // Where there are no tiles, or not for this person, the picture stays as it is.
    show(picture, id, running.signal).catch(() => {});
  };
  card.addEventListener('pointerenter', (event) => {
    if (event.pointerType === 'mouse') start();
  });
  card.addEventListener('pointerleave', stop);
  card.addEventListener('focusin', (event) => {
    if (/** @type {Element} */ (event.target).matches('a:focus-visible')) start();
  });
  card.addEventListener('focusout', stop);
}

/**
 * @param {HTMLElement} picture
 * @param {string} id
 * @param {AbortSignal} signal
 */
async function show(picture, id, signal) {
  await pause(patience, signal);
  const url = storyboardURL(id);
  const answer = await fetch(url, { signal });
  if (!answer.ok) return;
  const scenes = chooseScenes(parseStoryboard(await answer.text(), new URL(url, location.href).href));
  /** @type {Map<string, HTMLImageElement>} */
  const sheets = new Map();
  for (const scene of scenes) {
    if (!sheets.has(scene.url)) sheets.set(scene.url, await load(scene.url, signal));
  }
  const line = h('i', { class: 'card-preview-line' });
  const tile = h('i', { class: 'card-preview' });
  signal.addEventListener('abort', () => {
    tile.remove();
    line.remove();
  });
  for (const [index, scene] of scenes.entries()) {
    place(tile, scene, /** @type {HTMLImageElement} */ (sheets.get(scene.url)), picture);
    line.style.setProperty('--part', String((index + 1) / scenes.length));
    if (!tile.isConnected) picture.append(tile, line);
    await pause(pace, signal);
  }
  tile.remove();
  line.remove();
}

/**
 * Covers the picture with a tile, whatever the shape of either.
 * @param {HTMLElement} tile
 * @param {Scene} scene
 * @param {HTMLImageElement} sheet
 * @param {HTMLElement} picture
 */
function place(tile, scene, sheet, picture) {
  const scale = Math.max(picture.clientWidth / scene.width, picture.clientHeight / scene.height);
  Object.assign(tile.style, {
    width: `${scene.width * scale}px`,
    height: `${scene.height * scale}px`,
    backgroundImage: `url("${scene.url}")`,
    backgroundSize: `${sheet.naturalWidth * scale}px ${sheet.naturalHeight * scale}px`,
    backgroundPosition: `${-scene.x * scale}px ${-scene.y * scale}px`,
  });
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<HTMLImageElement>}
 */
async function load(url, signal) {
  const image = new Image();
  image.src = url;
  await image.decode();
  signal.throwIfAborted();
  return image;
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Keys -> what they do, as values: the player carries them out. The letters are those that people know from elsewhere. */

/** @typedef {{ key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean, shiftKey?: boolean }} Key */
/**
 * @typedef {{ name: 'toggle' | 'mute' | 'fullScreen' | 'pictureInPicture' | 'captions' | 'help' | 'statistics' | 'end' }
 *   | { name: 'seekBy' | 'volumeBy' | 'rateBy' | 'frames', amount: number } | { name: 'seekTo', share: number }} Command
 */

/** @type {Map<string, Command>} */
const commands = new Map(Object.entries({
  ' ': { name: 'toggle' },
  k: { name: 'toggle' },
  ArrowLeft: { name: 'seekBy', amount: -5 },
  ArrowRight: { name: 'seekBy', amount: 5 },
  j: { name: 'seekBy', amount: -10 },
  l: { name: 'seekBy', amount: 10 },
  ArrowUp: { name: 'volumeBy', amount: 0.05 },
  ArrowDown: { name: 'volumeBy', amount: -0.05 },
  m: { name: 'mute' },
  f: { name: 'fullScreen' },
  p: { name: 'pictureInPicture' },
  c: { name: 'captions' },
  d: { name: 'statistics' },
  '?': { name: 'help' },
  '<': { name: 'rateBy', amount: -1 },
  '>': { name: 'rateBy', amount: 1 },
  ',': { name: 'frames', amount: -1 },
  '.': { name: 'frames', amount: 1 },
  Home: { name: 'seekTo', share: 0 },
  End: { name: 'end' },
}));

/** For the help: keys as they are printed, and the message that explains them. */
export const shortcuts = Object.freeze([
  { keys: ['Space', 'K'], text: 'player.keys.toggle' },
  { keys: ['←', '→'], text: 'player.keys.seek5' },
  { keys: ['J', 'L'], text: 'player.keys.seek10' },
  { keys: ['0', '9'], text: 'player.keys.share' },
  { keys: ['Home', 'End'], text: 'player.keys.ends' },
  { keys: ['↑', '↓'], text: 'player.keys.volume' },
  { keys: ['M'], text: 'player.keys.mute' },
  { keys: ['F'], text: 'player.keys.full_screen' },
  { keys: ['P'], text: 'player.keys.picture_in_picture' },
  { keys: ['C'], text: 'player.keys.captions' },
  { keys: ['<', '>'], text: 'player.keys.rate' },
  { keys: [',', '.'], text: 'player.keys.frames' },
  { keys: ['D'], text: 'player.keys.statistics' },
]);

/**
 * @param {Key} event
 * @returns {Command | null}
 */
export function commandFor(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  if (/^[0-9]$/.test(event.key)) return { name: 'seekTo', share: Number(event.key) / 10 };
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return commands.get(key) ?? null;
}

/** Whether a key is printed by one character; those may be switched off (WCAG 2.1.4). */
export function isCharacter(/** @type {Key} */ event) {
  return event.key.length === 1 && event.key !== ' ';
}

export const rates = Object.freeze([0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]);

/**
 * The next speed up or down the list.
 * @param {number} rate
 * @param {number} direction 1 or -1
 */
export function nextRate(rate, direction) {
  const further = direction > 0
    ? rates.filter((other) => other > rate)
    : rates.filter((other) => other < rate).reverse();
  return further[0] ?? rate;
}

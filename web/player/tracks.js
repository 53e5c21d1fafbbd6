/** Which sound and which captions a person wants: kept for them on this device, and found again by language. */
import { keepBelonging, recallBelonging } from '../lib/belongings.js';
import { isTitle } from './track-label.js';

/**
 * A sound, or captions, of those that a film has.
 * @typedef {object} Alternative
 * @property {string} name
 * @property {string | null} language BCP 47
 * @property {boolean} isDefault
 * @property {boolean} isForced
 * @property {boolean} describes
 */
/** @typedef {{ language: string, title: string | null, describes: boolean, isForced: boolean }} Wish */
/** @typedef {{ on: boolean | null, wish: Wish | null }} CaptionsWish `on` is null: never said */

/**
 * The one that comes nearest to the wish; null: none is in its language.
 * @template {Alternative} T
 * @param {readonly T[]} alternatives
 * @param {Wish | null} wish
 * @returns {T | null}
 */
export function nearest(alternatives, wish) {
  if (wish === null) return null;
  const best = { found: /** @type {T | null} */ (null), nearness: 0 };
  for (const found of alternatives) {
    const nearness = nearnessOf(found, wish);
    if (nearness > best.nearness) Object.assign(best, { found, nearness });
  }
  return best.found;
}

/**
 * The purpose counts for more than the dialect, and that for more than the title.
 * @param {Alternative} alternative
 * @param {Wish} wish
 * @returns {number} 0: another language
 */
function nearnessOf({ language, name, isDefault, isForced, describes }, wish) {
  if (language === null || tongue(language) !== tongue(wish.language)) return 0;
  const reasons = [
    isForced === wish.isForced,
    describes === wish.describes,
    language.toLowerCase() === wish.language.toLowerCase(),
    wish.title !== null && name === wish.title,
    isDefault,
    true,
  ];
  return reasons.reduce((sum, reason) => sum * 2 + Number(reason), 0);
}

/** @param {string} language `es-419` -> `es` */
function tongue(language) {
  return language.toLowerCase().split('-')[0];
}

/**
 * @template {Alternative} T
 * @param {readonly T[]} sounds
 * @param {Wish | null} wish
 * @returns {T | null} null: there is none
 */
export function chooseSound(sounds, wish) {
  return nearest(sounds, wish) ?? sounds.find((sound) => sound.isDefault) ?? sounds[0] ?? null;
}

/**
 * What a film shows as it begins.
 * @template {Alternative} T
 * @param {readonly T[]} captions
 * @param {CaptionsWish} wish
 * @returns {T | null} null: none
 */
export function captionsAtFirst(captions, { on, wish }) {
  if (on === false) return null;
  return (on ? nearest(captions, wish) : null) ?? captions.find((each) => each.isDefault) ?? null;
}

/**
 * What is shown when somebody turns captions on without saying which.
 * @template {Alternative} T
 * @param {readonly T[]} captions
 * @param {CaptionsWish} wish
 * @returns {T | null} null: there are none
 */
export function captionsTurnedOn(captions, { wish }) {
  return nearest(captions, wish) ?? captions.find((each) => each.isDefault) ??
    captions.find((each) => !each.isForced) ?? captions[0] ?? null;
}

/** @returns {Wish | null} */
export function recallSound() {
  return wishFrom(recallBelonging('sound'));
}

/** Of a sound without a language there is nothing to be found again. @param {Alternative} sound */
export function rememberSound(sound) {
  if (sound.language !== null) keepBelonging('sound', { ...wishFor(sound) });
}

/** @returns {CaptionsWish} */
export function recallCaptions() {
  const record = recallBelonging('captions');
  return { on: typeof record.on === 'boolean' ? record.on : null, wish: wishFrom(record) };
}

/** Whoever turns them off keeps the language for another time. @param {Alternative | null} captions */
export function rememberCaptions(captions) {
  const wish = captions && captions.language !== null ? wishFor(captions) : {};
  keepBelonging('captions', { ...recallBelonging('captions'), ...wish, on: captions !== null });
}

/** @param {Alternative} alternative */
function wishFor(alternative) {
  const { language, name, describes, isForced } = alternative;
  return { language, title: isTitle(alternative) ? name : null, describes, isForced };
}

/**
 * @param {Record<string, unknown>} record as it was kept, where anything may have changed it
 * @returns {Wish | null}
 */
function wishFrom({ language, title, describes, isForced }) {
  if (typeof language !== 'string' || language === '') return null;
  return {
    language,
    title: typeof title === 'string' ? title : null,
    describes: describes === true,
    isForced: isForced === true,
  };
}

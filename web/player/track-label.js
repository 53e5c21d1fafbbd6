/** Sounds and captions by names that people know. */
import { locale, t } from '../lib/i18n.js';
import { isolated } from '../lib/visible.js';

/** @typedef {{ name: string, language: string | null }} Named */

/**
 * A playlist calls a track by its own title, else by its language, else by its number. Whichever it is, there may be
 * " (2)" behind it, which made it unique.
 * @param {Named} track
 */
function partsOf({ name, language }) {
  const [, bare, mark] = name.match(/^(.*?)( \(\d+\))?$/s) ?? ['', name, ''];
  const isLanguage = language !== null && bare.toLowerCase() === language.toLowerCase();
  return { bare, mark: mark ?? '', isLanguage, isNumber: /^\d+$/.test(bare) };
}

/** Whether the film itself gives the track its name. @param {Named} track */
export function isTitle(track) {
  const { isLanguage, isNumber } = partsOf(track);
  return !isLanguage && !isNumber;
}

/** @param {Named} track */
export function trackLabel(track) {
  const { bare, mark, isLanguage, isNumber } = partsOf(track);
  if (isLanguage) return languageName(bare) + mark;
  if (isNumber) return t('player.track', { number: Number(bare) }) + mark;
  return isolated(track.name);
}

/**
 * What the label leaves open: the language behind a title, and what is special about the track.
 * @param {Named & { describes: boolean, isForced: boolean }} track
 * @param {'sound' | 'captions'} kind
 */
export function trackNote(track, kind) {
  const { language, describes, isForced } = track;
  const label = trackLabel(track).toLowerCase();
  const spoken = language !== null && isTitle(track) ? languageName(language) : '';
  const notes = [
    label.includes(spoken.toLowerCase()) ? '' : spoken,
    describes ? t(kind === 'sound' ? 'player.describes_picture' : 'player.describes_sound') : '',
    isForced ? t('player.forced') : '',
  ];
  return notes.filter(Boolean).join(' · ');
}

/**
 * `es` -> Español, on a page in Spanish.
 * @param {string} language BCP 47, or something that only looks so
 */
export function languageName(language) {
  try {
    const name = new Intl.DisplayNames(locale(), { type: 'language' }).of(language) ?? language;
    return name.charAt(0).toLocaleUpperCase(locale()) + name.slice(1);
  } catch {
    return isolated(language);
  }
}

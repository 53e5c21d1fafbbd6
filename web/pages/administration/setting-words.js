/** Settings in words, and which of them a search finds. */
import { t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';

/** @typedef {import('../../lib/administration.js').Setting} Setting */

export const sources = /** @type {const} */ (['default', 'environment', 'file']);

/**
 * Of a secret only whether there is one, whatever the answer says.
 * @param {Setting} setting
 * @returns {{ text: string, isPlain: boolean }} plain: the value as it was written
 */
export function settingText({ value, source, is_secret: isSecret }) {
  // The value of a secret never comes, but somebody set it where it has a source.
  if (isSecret) {
    return { text: t(source !== 'default' ? 'admin.secret_set' : 'admin.not_set'), isPlain: false };
  }
  if (value === null || value === undefined || value === '') {
    return { text: t('admin.not_set'), isPlain: false };
  }
  if (typeof value === 'boolean') return { text: t(value ? 'admin.on' : 'admin.off'), isPlain: false };
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return { text: visible(text), isPlain: true };
}

/**
 * Settings in whose name or value every word stands.
 * @param {Setting[]} settings
 * @param {string} words
 * @param {string} source empty: any
 */
export function matching(settings, words, source) {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return settings.filter((setting) => {
    if (source !== '' && setting.source !== source) return false;
    // What a secret is must not be found out letter by letter.
    const value = setting.is_secret ? '' : String(setting.value ?? '');
    const text = `${setting.name} ${value}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

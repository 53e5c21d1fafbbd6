/** Times that lie ahead, times to the second, and how long something lasts. */
import { locale } from '../../lib/i18n.js';

/**
 * "in 3 days", or that it is over.
 * @param {string} time RFC 3339
 * @param {number} [now] milliseconds
 */
export function until(time, now = Date.now()) {
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return '';
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  const [size, unit] = steps.find(([length]) => Math.abs(seconds) >= length) ?? [1, 'second'];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** @type {[number, Intl.RelativeTimeFormatUnit][]} */
const steps = [[86_400, 'day'], [3600, 'hour'], [60, 'minute']];

/** @param {string} time RFC 3339 */
export function exactTime(time) {
  const value = new Date(time);
  if (Number.isNaN(value.getTime())) return '';
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(value);
}

/**
 * 7300 -> "2 hours": of what lasts, nobody needs more than one unit.
 * @param {number} seconds
 */
export function roughly(seconds) {
  const [size, unit] = steps.find(([length]) => seconds >= length) ?? [1, 'second'];
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'long' })
    .format(Math.max(0, Math.floor(seconds / size)));
}

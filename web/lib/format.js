/** Numbers as people read them, in the chosen language. */
import { locale, t } from './i18n.js';

/**
 * A sum of rounded durations may be a hair below the whole seconds that it means.
 * @param {number} seconds
 */
function wholeSeconds(seconds) {
  return Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds + 0.001)) : 0;
}

/**
 * 65 -> 1:05, 3725 -> 1:02:05
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = wholeSeconds(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] > 0 ? parts : parts.slice(1);
  return shown.map((part, place) => (place === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/**
 * 3725 -> "1 hour 2 minutes 5 seconds": for screen readers.
 * @param {number} seconds
 */
export function spokenDuration(seconds) {
  const whole = wholeSeconds(seconds);
  const parts = [];
  if (whole >= 3600) parts.push(unit(Math.floor(whole / 3600), 'hour', 'long'));
  if (whole >= 60) parts.push(unit(Math.floor(whole / 60) % 60, 'minute', 'long'));
  parts.push(unit(whole % 60, 'second', 'long'));
  return parts.join(' ');
}

/**
 * @param {number} value
 * @param {string} name
 * @param {'short' | 'long' | 'narrow'} unitDisplay
 * @param {number} [digits]
 */
function unit(value, name, unitDisplay, digits = 0) {
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: name,
    unitDisplay,
    maximumFractionDigits: digits,
  }).format(value);
}

/** @param {number} count */
export function bytes(count) {
  const names = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let value = Math.max(0, count);
  let place = 0;
  while (value >= 999.5 && place < names.length - 1) {
    value /= 1000;
    place += 1;
  }
  return unit(value, names[place], 'short', value < 10 && place > 1 ? 1 : 0);
}

/** @param {number} bytesPerSecond */
export function speed(bytesPerSecond) {
  return t('format.speed', { bytes: bytes(bytesPerSecond) });
}

/** @param {number} bitsPerSecond */
export function bitRate(bitsPerSecond) {
  const megabits = bitsPerSecond / 1e6;
  return megabits >= 1
    ? unit(megabits, 'megabit-per-second', 'short', megabits < 10 ? 1 : 0)
    : unit(bitsPerSecond / 1e3, 'kilobit-per-second', 'short');
}

/**
 * "about 5 min": coarse, because it is a guess.
 * @param {number} seconds
 */
export function timeLeft(seconds) {
  if (seconds < 60) return unit(Math.max(1, Math.ceil(seconds / 5) * 5), 'second', 'short');
  if (seconds < 3600) return unit(Math.round(seconds / 60), 'minute', 'short');
  return unit(seconds / 3600, 'hour', 'short', 1);
}

/** @param {number} part 0..1 */
export function percent(part) {
  return new Intl.NumberFormat(locale(), { style: 'percent' }).format(Math.floor(part * 100) / 100);
}

/** @param {string} time RFC 3339 */
export function date(time) {
  const value = new Date(time);
  if (Number.isNaN(value.getTime())) return '';
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium' }).format(value);
}

/**
 * The time of day when it is today's, else with the day.
 * @param {string | number} time RFC 3339, or milliseconds
 * @param {number} [now] milliseconds
 */
export function moment(time, now = Date.now()) {
  const value = new Date(time);
  if (Number.isNaN(value.getTime())) return '';
  const isToday = value.toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(locale(), { dateStyle: isToday ? undefined : 'medium', timeStyle: 'short' })
    .format(value);
}

/**
 * "3 minutes ago" within a week, the date after it.
 * @param {string} time RFC 3339
 * @param {number} [now] milliseconds
 */
export function since(time, now = Date.now()) {
  const seconds = (new Date(time).getTime() - now) / 1000;
  if (Number.isNaN(seconds)) return '';
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  if (seconds > -60) return relative.format(0, 'second');
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (seconds > -7 * 86400) return relative.format(Math.round(seconds / 86400), 'day');
  return date(time);
}

/**
 * A day without a place on Earth: nowhere is it the one before.
 * @param {string} text such as 2026-01-31
 */
export function day(text) {
  const value = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(value.getTime())) return '';
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'long', timeZone: 'UTC' }).format(value);
}

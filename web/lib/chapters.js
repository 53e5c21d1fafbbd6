/** Chapters as people write them: a line each, `1:05 What comes`. */
import { clock } from './format.js';

/** @typedef {{ start: number, title: string }} Chapter start in seconds */

/** @param {Chapter[]} chapters */
export function chapterLines(chapters) {
  return chapters.map(({ start, title }) => `${clock(start)} ${title}`).join('\n');
}

/**
 * @param {string} text
 * @returns {Chapter[] | null} null when a line cannot be read
 */
export function chaptersFrom(text) {
  const chapters = text.split('\n').map((line) => line.trim()).filter((line) => line !== '').map(chapterFrom);
  return chapters.includes(null) ? null : /** @type {Chapter[]} */ (chapters);
}

/** @param {string} line */
function chapterFrom(line) {
  const found = /^(?:(\d{1,3}):)?(\d{1,3}):(\d{2}(?:\.\d{1,3})?)\s+(\S.*)$/.exec(line);
  if (found === null) return null;
  const [, hours = '0', minutes, seconds, title] = found;
  if (Number(seconds) >= 60) return null;
  return { start: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds), title };
}

/**
 * The chapter in which a time lies.
 * @param {Chapter[]} chapters in the order of their starts
 * @param {number} time
 */
export function chapterAt(chapters, time) {
  return chapters.findLastIndex((chapter) => chapter.start <= time);
}

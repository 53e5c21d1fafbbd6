/** Where words were found in a text. The server counts in UTF-16 code units, as strings here do. */
import { h } from './dom.js';
import { visible } from './visible.js';

/** @typedef {import('./catalogue.js').TextRange} TextRange */

/**
 * A text cut where ranges begin and end. Ranges that overlap, lie outside or are no numbers do no harm.
 * @param {string} text
 * @param {TextRange[]} ranges
 * @returns {{ text: string, isFound: boolean }[]}
 */
export function cut(text, ranges) {
  const pieces = [];
  let end = 0;
  for (const { start, length } of [...ranges].sort((left, right) => left.start - right.start)) {
    const from = Math.max(end, Math.min(text.length, start));
    const to = Math.min(text.length, start + length);
    if (!(to > from)) continue;
    if (from > end) pieces.push({ text: text.slice(end, from), isFound: false });
    pieces.push({ text: text.slice(from, to), isFound: true });
    end = to;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), isFound: false });
  return pieces;
}

/**
 * Words of other people with what was found in them marked.
 * @param {string} text
 * @param {TextRange[]} ranges
 */
export function marked(text, ranges) {
  const pieces = cut(text, ranges).map((piece) =>
    piece.isFound ? h('mark', {}, visible(piece.text)) : visible(piece.text)
  );
  return h('bdi', {}, ...pieces);
}

/**
 * Text that other people wrote. A file may be called `gpj.exe` and read `exe.jpg` behind a mark that turns the direction
 * of writing; such marks are shown instead of obeyed.
 */

/** Controls, line and paragraph separators, and all marks, embeddings, overrides and isolates of direction (UAX #9). */
// deno-lint-ignore no-control-regex
const marks = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** Letters written from right to left. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b]/;

/**
 * `a\u202eb` -> `a⟨U+202E⟩b`
 * @param {string} text
 */
export function visible(text) {
  return text.replace(marks, (mark) => {
    const number = mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return `⟨U+${number}⟩`;
  });
}

/**
 * The same within a sentence: letters that run from right to left must not take their neighbours with them.
 * @param {string} text
 */
export function isolated(text) {
  const shown = visible(text);
  return rightToLeft.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/**
 * `a\u202eb` -> `ab`: for a text that is suggested to a person, who may change it.
 * @param {string} text
 */
export function withoutMarks(text) {
  return text.replace(marks, '');
}

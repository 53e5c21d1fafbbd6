/**
 * Cues of WebVTT as the editor and the transcript have them. The server reads every file itself and says what is wrong with it;
 * what is read here was written by the server, and what is written here is read by it.
 */

/**
 * @typedef {object} Cue
 * @property {string} name the identifier, mostly empty
 * @property {number} begin seconds
 * @property {number} end seconds
 * @property {string} settings where the cue stands, as WebVTT writes it
 * @property {string} text lines with the tags of WebVTT
 */

const timing =
  /^((?:\d{2,}:)?\d{2}:\d{2}\.\d{3})[ \t]+-->[ \t]+((?:\d{2,}:)?\d{2}:\d{2}\.\d{3})(?:[ \t]+(.*))?$/;

/**
 * @param {string} text a file
 * @returns {Cue[]} what has no times that can be read is left out
 */
export function cuesFrom(text) {
  const blocks = text.replace(/\r\n?/g, '\n').split(/\n{2,}/);
  return blocks.map((block) => cueFrom(block.split('\n').filter((line) => line !== '')))
    .filter((cue) => cue !== null);
}

/** @param {string[]} lines of a block */
function cueFrom(lines) {
  const place = lines.slice(0, 2).findIndex((line) => timing.test(line));
  if (place < 0) return null;
  const [, begin, end, settings = ''] = timing.exec(lines[place]) ?? ['', '', ''];
  const name = place === 1 ? lines[0] : '';
  // People write the sign itself; it stays written where another sign would come of it.
  const text = lines.slice(place + 1).join('\n').replace(/&amp;(?!#?\w+;)/g, '&');
  return {
    name,
    begin: secondsFrom(begin) ?? 0,
    end: secondsFrom(end) ?? 0,
    settings: settings.trim(),
    text,
  };
}

/**
 * `1:05.5`, `01:01:05,500` or `65.5` -> seconds, to the millisecond.
 * @param {string} text as people write times
 * @returns {number | null} null: it is no time
 */
export function secondsFrom(text) {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (found === null) return null;
  const [, hours, minutes, seconds, part = ''] = found;
  if (minutes !== undefined && Number(seconds) >= 60) return null;
  if (hours !== undefined && Number(minutes) >= 60) return null;
  const whole = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds);
  return whole + Number(part.padEnd(3, '0')) / 1000;
}

/**
 * 65.5 -> `1:05.500`
 * @param {number} seconds
 */
export function timeText(seconds) {
  const whole = Math.max(0, Math.round(seconds * 1000));
  const [hours, minutes] = [Math.floor(whole / 3_600_000), Math.floor(whole / 60_000) % 60];
  const [rest, part] = [Math.floor(whole / 1000) % 60, whole % 1000];
  const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${head}:${two(rest)}.${String(part).padStart(3, '0')}`;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, '0');
}

/** WebVTT wants two digits in every place. @param {number} seconds */
function stamp(seconds) {
  const whole = Math.max(0, Math.round(seconds * 1000));
  const parts = [
    Math.floor(whole / 3_600_000),
    Math.floor(whole / 60_000) % 60,
    Math.floor(whole / 1000) % 60,
  ];
  return `${parts.map(two).join(':')}.${String(whole % 1000).padStart(3, '0')}`;
}

/**
 * @param {Cue[]} cues
 * @returns {{ text: string, lines: number[] }} the file, and the number of the line at which each cue begins, from 1
 */
export function fileOf(cues) {
  const written = ['WEBVTT', ''];
  const lines = cues.map(({ name, begin, end, settings, text }) => {
    const start = written.length + 1;
    if (name !== '') written.push(name);
    written.push(`${stamp(begin)} --> ${stamp(end)}${settings === '' ? '' : ` ${settings}`}`);
    // An empty line would end the cue.
    written.push(...text.split('\n').map((line) => line.trim()).filter((line) => line !== ''), '');
    return start;
  });
  return { text: written.join('\n'), lines };
}

/**
 * The cue in whose lines a line of the file lies; -1: none.
 * @param {number[]} lines at which cues begin
 * @param {number} line from 1
 */
export function cueOfLine(lines, line) {
  return lines.findLastIndex((start) => start <= line);
}

/**
 * The text as it is read, without tags; what stands for a sign becomes that sign.
 * @param {string} text of a cue
 */
export function plainText(text) {
  const signs = /** @type {Record<string, string>} */ ({
    amp: '&',
    lt: '<',
    gt: '>',
    nbsp: ' ',
    lrm: '',
    rlm: '',
  });
  return text.replace(/<[^>]*>/g, '').replace(/&(amp|lt|gt|nbsp|lrm|rlm);/g, (_, name) => signs[name])
    .replace(/\s+/g, ' ').trim();
}

/**
 * Two cues in place of one, cut at a time within it and at the word nearest to where that lies in the text.
 * @param {Cue} cue
 * @param {number | null} [at] seconds; where it lies outside the cue, its middle
 * @returns {[Cue, Cue]}
 */
export function split(cue, at = null) {
  const inside = at !== null && at > cue.begin && at < cue.end;
  const time = inside ? at : (cue.begin + cue.end) / 2;
  const share = cue.end > cue.begin ? (time - cue.begin) / (cue.end - cue.begin) : 0.5;
  const place = gapNear(cue.text, Math.round(cue.text.length * share));
  const [first, second] = [cue.text.slice(0, place).trim(), cue.text.slice(place).trim()];
  return [{ ...cue, end: time, text: first }, { ...cue, name: '', begin: time, text: second }];
}

/**
 * @param {string} text
 * @param {number} place
 */
function gapNear(text, place) {
  const gaps = [...text.matchAll(/\s+/g)].map(({ index }) => index);
  if (gaps.length === 0) return text.length;
  return gaps.reduce((best, gap) => Math.abs(gap - place) < Math.abs(best - place) ? gap : best);
}

/**
 * The cue that is spoken at a time, else the last one before it; -1: none yet.
 * @param {Cue[]} cues in the order of their beginnings
 * @param {number} time seconds
 */
export function cueAt(cues, time) {
  let [low, high] = [0, cues.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cues[middle].begin <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Where words stand in a text, whatever their accents and capitals.
 * @param {string} text
 * @param {string} words
 * @returns {{ start: number, length: number }[]}
 */
export function placesOf(text, words) {
  const [whole, wanted] = [folded(text), folded(words.trim())];
  if (wanted === '') return [];
  const places = [];
  for (let start = whole.indexOf(wanted); start >= 0; start = whole.indexOf(wanted, start + wanted.length)) {
    places.push({ start, length: wanted.length });
  }
  return places;
}

/** One letter for each, so that places in it are places in the text. @param {string} text */
function folded(text) {
  return [...text].map((letter) => {
    const plain = letter.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    return plain.length === letter.length ? plain : letter;
  }).join('');
}

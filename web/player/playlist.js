/** HLS playlists as RFC 8216 writes them: text in, plain values out. */
import { ownAddress } from '../lib/address.js';

/**
 * @typedef {object} Variant
 * @property {string} name unique within the playlist
 * @property {string} uri absolute
 * @property {number} bandwidth peak, bits per second
 * @property {number} averageBandwidth
 * @property {string[]} codecs
 * @property {number} width 0: not said
 * @property {number} height
 * @property {number} frameRate
 * @property {string | null} audioGroup
 * @property {string | null} subtitleGroup
 */
/**
 * One of several in its group that viewers choose from (RFC 8216 4.3.4.1).
 * @typedef {object} Alternative
 * @property {string} group
 * @property {string} name unique in its group
 * @property {string | null} uri absolute; null: within the variants
 * @property {string | null} language BCP 47
 * @property {boolean} isDefault
 * @property {boolean} isForced captions of only what everybody needs translated
 * @property {boolean} describes sound that tells what is to be seen, captions that tell what is to be heard
 */
/** @typedef {{ variants: Variant[], audio: Alternative[], subtitles: Alternative[] }} MasterPlaylist */
/** @typedef {{ offset: number, length: number }} ByteRange */
/** @typedef {{ uri: string, iv: Uint8Array<ArrayBuffer> | null }} KeyReference */
/** @typedef {{ uri: string, byteRange: ByteRange | null, key: KeyReference | null }} InitReference */
/**
 * @typedef {object} Segment
 * @property {number} index place in this playlist
 * @property {number} sequence media sequence number
 * @property {string} uri absolute
 * @property {number} start seconds
 * @property {number} duration seconds
 * @property {ByteRange | null} byteRange
 * @property {KeyReference | null} key
 * @property {InitReference | null} init
 */
/** @typedef {{ segments: Segment[], duration: number, targetDuration: number, ended: boolean }} MediaPlaylist */

const descriptive = new Set([
  'public.accessibility.describes-video',
  'public.accessibility.transcribes-spoken-dialog',
  'public.accessibility.describes-music-and-sound',
]);

/** A playlist that cannot be used, and why. */
export class PlaylistError extends Error {
  /** @override */
  name = 'PlaylistError';
}

/**
 * `A=1,B="x,y"` -> a map (RFC 8216 4.2). Quotes are taken off.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function parseAttributes(text) {
  const attributes = new Map();
  for (const match of text.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^,]*)/g)) {
    const value = match[2];
    attributes.set(match[1], value.startsWith('"') ? value.slice(1, -1) : value.trim());
  }
  return attributes;
}

/**
 * Everything that a playlist of this server names lies on this server.
 * @param {string} text
 * @param {string} url of the playlist
 */
function addressFrom(text, url) {
  const address = ownAddress(text, url);
  if (address === null) throw new PlaylistError('the playlist names an address that is none of its server');
  return address;
}

/** @param {string} text */
function linesOf(text) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).map((line) => line.trim());
  if (lines[0] !== '#EXTM3U') throw new PlaylistError('the playlist does not start with #EXTM3U');
  return lines.filter((line) => line !== '');
}

/**
 * Splits `#EXT-X-NAME:value`.
 * @param {string} line
 * @returns {[string, string]}
 */
function tagOf(line) {
  const colon = line.indexOf(':');
  return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1)];
}

/**
 * @param {string} text
 * @param {string} url where it came from; child URIs are relative to it
 * @returns {MasterPlaylist}
 */
export function parseMaster(text, url) {
  /** @type {MasterPlaylist} */
  const master = { variants: [], audio: [], subtitles: [] };
  /** @type {Map<string, string> | null} */
  let pending = null;
  for (const line of linesOf(text)) {
    if (!line.startsWith('#')) {
      if (pending) master.variants.push(variantFrom(pending, addressFrom(line, url), master.variants));
      pending = null;
      continue;
    }
    const [tag, value] = tagOf(line);
    if (tag === '#EXT-X-STREAM-INF') pending = parseAttributes(value);
    if (tag === '#EXT-X-MEDIA') addMedia(master, parseAttributes(value), url);
  }
  if (master.variants.length === 0) throw new PlaylistError('the playlist lists no variants');
  return master;
}

/**
 * @param {Map<string, string>} attributes
 * @param {string} uri
 * @param {Variant[]} known
 * @returns {Variant}
 */
function variantFrom(attributes, uri, known) {
  const [width, height] = (attributes.get('RESOLUTION') ?? '0x0').split('x').map(Number);
  const bandwidth = number(attributes.get('BANDWIDTH'), 0);
  const name = nameFrom(uri) ?? `${Math.min(width, height)}p`;
  return {
    name: known.some((variant) => variant.name === name) ? `${name}-${bandwidth}` : name,
    uri,
    bandwidth,
    averageBandwidth: number(attributes.get('AVERAGE-BANDWIDTH'), bandwidth),
    codecs: (attributes.get('CODECS') ?? '').split(',').map((codec) => codec.trim()).filter(Boolean),
    width,
    height,
    frameRate: number(attributes.get('FRAME-RATE'), 0),
    audioGroup: attributes.get('AUDIO') ?? null,
    subtitleGroup: attributes.get('SUBTITLES') ?? null,
  };
}

/**
 * The folder of a media playlist names its rendition: `…/720p/index.m3u8`.
 * @param {string} uri
 */
function nameFrom(uri) {
  return new URL(uri).pathname.match(/([^/]+)\/[^/]+$/)?.[1] ?? null;
}

/**
 * @param {MasterPlaylist} master
 * @param {Map<string, string>} attributes
 * @param {string} url
 */
function addMedia(master, attributes, url) {
  const type = attributes.get('TYPE');
  if (type !== 'AUDIO' && type !== 'SUBTITLES') return;
  const uri = attributes.get('URI');
  const characteristics = (attributes.get('CHARACTERISTICS') ?? '').split(',').map((each) => each.trim());
  (type === 'AUDIO' ? master.audio : master.subtitles).push({
    group: attributes.get('GROUP-ID') ?? '',
    name: attributes.get('NAME') ?? '',
    uri: uri === undefined ? null : addressFrom(uri, url),
    language: attributes.get('LANGUAGE') ?? null,
    isDefault: attributes.get('DEFAULT') === 'YES',
    isForced: attributes.get('FORCED') === 'YES',
    describes: characteristics.some((each) => descriptive.has(each)),
  });
}

/**
 * @param {string | undefined} text
 * @param {number} otherwise
 */
function number(text, otherwise) {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? value : otherwise;
}

/**
 * @param {string} text
 * @param {string} url
 * @returns {MediaPlaylist}
 */
export function parseMedia(text, url) {
  /** @type {MediaPlaylist} */
  const playlist = { segments: [], duration: 0, targetDuration: 0, ended: false };
  let firstSequence = 0;
  let duration = Number.NaN;
  /** @type {ByteRange | null} */
  let byteRange = null;
  /** @type {KeyReference | null} */
  let key = null;
  /** @type {InitReference | null} */
  let init = null;
  let previousEnd = 0;
  for (const line of linesOf(text)) {
    if (!line.startsWith('#')) {
      if (!(duration >= 0)) throw new PlaylistError('a segment has no EXTINF');
      const index = playlist.segments.length;
      const sequence = firstSequence + index;
      const uri = addressFrom(line, url);
      playlist.segments.push({
        index,
        sequence,
        uri,
        start: playlist.duration,
        duration,
        byteRange,
        key,
        init,
      });
      playlist.duration += duration;
      previousEnd = byteRange ? byteRange.offset + byteRange.length : 0;
      duration = Number.NaN;
      byteRange = null;
      continue;
    }
    const [tag, value] = tagOf(line);
    if (tag === '#EXTINF') duration = number(value, Number.NaN);
    else if (tag === '#EXT-X-BYTERANGE') byteRange = byteRangeFrom(value, previousEnd);
    else if (tag === '#EXT-X-KEY') key = keyFrom(parseAttributes(value), url);
    else if (tag === '#EXT-X-MAP') init = initFrom(parseAttributes(value), url, key);
    else if (tag === '#EXT-X-MEDIA-SEQUENCE') firstSequence = number(value, 0);
    else if (tag === '#EXT-X-TARGETDURATION') playlist.targetDuration = number(value, 0);
    else if (tag === '#EXT-X-ENDLIST') playlist.ended = true;
  }
  if (playlist.segments.length === 0) throw new PlaylistError('the playlist lists no segments');
  return playlist;
}

/**
 * @param {string} text `length[@offset]`
 * @param {number} otherwise
 * @returns {ByteRange}
 */
function byteRangeFrom(text, otherwise) {
  const [length, offset] = text.split('@');
  return { length: number(length, 0), offset: number(offset, otherwise) };
}

/**
 * @param {Map<string, string>} attributes
 * @param {string} url
 * @returns {KeyReference | null}
 */
function keyFrom(attributes, url) {
  const method = attributes.get('METHOD');
  if (method === 'NONE') return null;
  const uri = attributes.get('URI');
  if (method !== 'AES-128' || uri === undefined) {
    throw new PlaylistError(`encryption ${method} is not supported`);
  }
  const iv = attributes.get('IV');
  return { uri: addressFrom(uri, url), iv: iv === undefined ? null : vectorFrom(iv) };
}

/** @param {string} text 0x… */
function vectorFrom(text) {
  const digits = text.replace(/^0x/i, '').padStart(32, '0');
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw new PlaylistError('the IV is not a 128-bit hexadecimal number');
  return Uint8Array.from(
    { length: 16 },
    (_, place) => Number.parseInt(digits.slice(place * 2, place * 2 + 2), 16),
  );
}

/**
 * Without an IV the sequence number stands for it (RFC 8216 5.2).
 * @param {number} sequence
 */
export function vectorForSequence(sequence) {
  const vector = new Uint8Array(16);
  const view = new DataView(vector.buffer);
  view.setUint32(8, Math.floor(sequence / 2 ** 32));
  view.setUint32(12, sequence >>> 0);
  return vector;
}

/**
 * @param {Map<string, string>} attributes
 * @param {string} url
 * @param {KeyReference | null} key the one in force where the tag stands
 * @returns {InitReference}
 */
function initFrom(attributes, url, key) {
  const uri = attributes.get('URI');
  if (uri === undefined) throw new PlaylistError('EXT-X-MAP has no URI');
  const range = attributes.get('BYTERANGE');
  return {
    uri: addressFrom(uri, url),
    byteRange: range === undefined ? null : byteRangeFrom(range, 0),
    key,
  };
}

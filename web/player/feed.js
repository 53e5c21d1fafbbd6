/**
 * Where media comes from. The buffer control asks a feed for tracks, for the timeline of a rendition, and for one init
 * or media segment, already decrypted; it knows neither playlists nor URLs. Recorded video is the feed below; a live
 * stream with sub-second latency will be another one with the same shape, whose timeline grows and whose segments are
 * parts that the server holds back until they exist.
 *
 * @typedef {object} TrackRendition
 * @property {string} name
 * @property {string} mime for SourceBuffer
 * @property {number} bandwidth
 * @property {number} width
 * @property {number} height
 * @property {number} frameRate
 * @property {import('./playlist.js').Alternative} [sound] which of the film's sounds it is
 */
/**
 * Renditions of a picture by bandwidth, lowest first; those of a sound are different sounds, in the film's order.
 * @typedef {{ kind: 'video' | 'audio', renditions: TrackRendition[] }} Track
 */
/** @typedef {import('./playlist.js').Alternative} Alternative */
/** @typedef {import('./request.js').RequestOptions} RequestOptions */
/**
 * @typedef {object} MediaFeed
 * @property {boolean} live
 * @property {boolean} growing more segments follow what the timelines tell
 * @property {(signal: AbortSignal) => Promise<Track[]>} open
 * @property {(rendition: TrackRendition, signal: AbortSignal) => Promise<import('./buffer.js').Span[]>} timeline
 * @property {(rendition: TrackRendition, index: number, signal: AbortSignal) => Promise<Bytes | null>} init the same object as long as it is the same
 * @property {(rendition: TrackRendition, index: number, options: RequestOptions) => Promise<Bytes>} segment
 * @property {(url: string, signal: AbortSignal) => Promise<void>} renew goes on with a fresh grant
 * @property {readonly Alternative[]} captions as they were known at the last look; another list after each look
 * @property {(signal: AbortSignal) => Promise<void>} refresh looks again what there is
 * @property {(captions: { name: string }, signal: AbortSignal) => Promise<string>} captionsFile the address of a WebVTT file
 */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
import { Decryptor } from './decrypt.js';
import { parseMaster, parseMedia, vectorForSequence } from './playlist.js';
import { download } from './request.js';
import { LoadError } from './retry.js';

/** @typedef {import('./playlist.js').Variant} Variant */

/** Seconds. */
const listLifetime = 3;

const audioCodec = /^(mp4a|opus|flac|ac-3|ec-3|mhm1|vorbis)/i;

/**
 * A recorded video: HLS with CMAF segments, `#EXT-X-ENDLIST` at the end of each playlist.
 * @implements {MediaFeed}
 */
export class RecordedFeed {
  live = false;
  growing = false;
  /** @type {readonly Alternative[]} */
  captions = [];
  #url;
  #supports;
  #decryptor;
  /** @type {Map<string, string>} rendition -> URL of its playlist */
  #locations = new Map();
  /** @type {Map<string, Promise<import('./playlist.js').MediaPlaylist>>} */
  #playlists = new Map();
  /** @type {Map<string, number>} rendition -> when, milliseconds */
  #fetchedAt = new Map();
  /** @type {Map<string, Promise<Bytes>>} init segments and keys, by rendition and place below its playlist */
  #kept = new Map();

  /**
   * @param {string} url of the master playlist
   * @param {{ supports?: (mime: string) => boolean, decryptor?: Decryptor }} [environment]
   */
  constructor(url, { supports = () => true, decryptor = new Decryptor() } = {}) {
    this.#url = absolute(url);
    this.#supports = supports;
    this.#decryptor = decryptor;
  }

  /** @param {AbortSignal} signal */
  async open(signal) {
    const master = await this.#master(signal);
    const video = master.variants.filter((variant) =>
      !variant.codecs.every((codec) => audioCodec.test(codec))
    );
    const group = master.variants.find((variant) => variant.audioGroup !== null)?.audioGroup;
    const sounds = master.audio.filter((audio) => audio.group === group && audio.uri !== null);
    /** @type {Track[]} */
    const tracks = [];
    if (video.length > 0 || sounds.length === 0) {
      const variants = (video.length > 0 ? video : master.variants).map((variant) =>
        renditionFrom(variant, sounds.length > 0)
      );
      tracks.push({ kind: video.length > 0 ? 'video' : 'audio', renditions: this.#usable(variants) });
    }
    if (sounds.length > 0) {
      const codecs = master.variants[0].codecs.filter((codec) => audioCodec.test(codec)).join(',');
      const mime = `audio/mp4; codecs="${codecs || 'mp4a.40.2'}"`;
      const renditions = sounds.map((sound) => soundFrom(sound, mime));
      tracks.push({ kind: 'audio', renditions: this.#usable(renditions) });
    }
    return tracks;
  }

  /** @param {AbortSignal} signal */
  async #master(signal) {
    const text = new TextDecoder().decode(await download(this.#url, { signal }));
    const master = readable(() => parseMaster(text, this.#url));
    for (const { name, uri } of master.variants) this.#locations.set(name, uri);
    for (const { name, uri } of master.audio) if (uri) this.#locations.set(audioName(name), uri);
    for (const { name, uri } of master.subtitles) if (uri) this.#locations.set(captionsName(name), uri);
    const group = master.variants.find((variant) => variant.subtitleGroup !== null)?.subtitleGroup;
    this.captions = master.subtitles.filter((each) => each.group === group && each.uri !== null);
    return master;
  }

  /** @param {TrackRendition[]} renditions */
  #usable(renditions) {
    const usable = renditions.filter((rendition) => this.#supports(rendition.mime));
    if (usable.length === 0) throw new LoadError('format');
    return usable.sort((first, second) => first.bandwidth - second.bandwidth);
  }

  /**
   * @param {string} url
   * @param {AbortSignal} signal
   */
  async renew(url, signal) {
    this.#url = absolute(url);
    this.#playlists.clear();
    await this.#master(signal);
  }

  /** @param {AbortSignal} signal */
  async refresh(signal) {
    await this.#master(signal);
  }

  /**
   * The captions of a whole film are one file.
   * @param {{ name: string }} captions
   * @param {AbortSignal} signal
   */
  async captionsFile({ name }, signal) {
    return (await this.#fetchPlaylist(captionsName(name), signal)).segments[0].uri;
  }

  /**
   * @param {TrackRendition} rendition
   * @param {AbortSignal} signal
   */
  async timeline(rendition, signal) {
    return (await this.#playlist(rendition, signal)).segments;
  }

  /**
   * A list that is not at its end yet is fetched again after a while.
   * @param {TrackRendition} rendition
   * @param {AbortSignal} signal
   */
  async #playlist({ name }, signal) {
    const known = await once(this.#playlists, name, () => this.#fetchTimeline(name, signal));
    const age = performance.now() - (this.#fetchedAt.get(name) ?? 0);
    if (known.ended || age < listLifetime * 1000) return known;
    this.#fetchedAt.set(name, performance.now());
    const list = await this.#fetchTimeline(name, signal);
    this.#playlists.set(name, Promise.resolve(list));
    return list;
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   */
  async #fetchTimeline(name, signal) {
    const list = await this.#fetchPlaylist(name, signal);
    this.#fetchedAt.set(name, performance.now());
    this.growing = !list.ended;
    return list;
  }

  /**
   * @param {string} name
   * @param {AbortSignal} signal
   */
  async #fetchPlaylist(name, signal) {
    const url = this.#locations.get(name);
    if (url === undefined) throw new LoadError('missing');
    const text = new TextDecoder().decode(await download(url, { signal }));
    return readable(() => parseMedia(text, url));
  }

  /**
   * @param {TrackRendition} rendition
   * @param {number} index
   * @param {AbortSignal} signal
   */
  async init(rendition, index, signal) {
    const segment = (await this.#playlist(rendition, signal)).segments[index];
    const init = segment?.init;
    if (!init) return null;
    const range = init.byteRange ? `#${init.byteRange.offset}` : '';
    return await once(this.#kept, this.#keptName(rendition, init.uri) + range, async () => {
      const data = await download(init.uri, { signal, byteRange: init.byteRange });
      return init.key ? await this.#decrypt(data, rendition, init.key, segment.sequence, signal) : data;
    });
  }

  /**
   * @param {TrackRendition} rendition
   * @param {number} index
   * @param {RequestOptions} options
   */
  async segment(rendition, index, options) {
    const segment = (await this.#playlist(rendition, options.signal)).segments[index];
    if (!segment) throw new LoadError('missing');
    const key = segment.key ? this.#key(rendition, segment.key, options.signal) : null;
    key?.catch(() => {}); // Looked at below; the segment may fail first.
    const data = await download(segment.uri, { ...options, byteRange: segment.byteRange });
    if (!segment.key) return data;
    return await this.#decrypt(data, rendition, segment.key, segment.sequence, options.signal);
  }

  /**
   * @param {Bytes} data
   * @param {TrackRendition} rendition
   * @param {import('./playlist.js').KeyReference} reference
   * @param {number} sequence
   * @param {AbortSignal} signal
   */
  async #decrypt(data, rendition, reference, sequence, signal) {
    const key = await this.#key(rendition, reference, signal);
    try {
      return await this.#decryptor.decrypt(data, key, reference.iv ?? vectorForSequence(sequence));
    } catch (cause) {
      throw new LoadError('format', { cause });
    }
  }

  /**
   * @param {TrackRendition} rendition
   * @param {import('./playlist.js').KeyReference} reference
   * @param {AbortSignal} signal
   */
  #key(rendition, { uri }, signal) {
    return once(this.#kept, this.#keptName(rendition, uri), async () => {
      const key = await download(uri, { signal });
      if (key.length !== 16) throw new LoadError('format');
      return key;
    });
  }

  /**
   * What a part is called whatever grant is in its address.
   * @param {TrackRendition} rendition
   * @param {string} uri
   */
  #keptName({ name }, uri) {
    const folder = new URL('.', this.#locations.get(name)).href;
    const place = (uri.startsWith(folder) ? uri.slice(folder.length) : uri).split('?')[0];
    return `${name}/${place}`;
  }
}

/**
 * @param {Variant} variant
 * @param {boolean} separateSound
 * @returns {TrackRendition}
 */
function renditionFrom({ name, bandwidth, width, height, frameRate, codecs }, separateSound) {
  const own = separateSound ? codecs.filter((codec) => !audioCodec.test(codec)) : codecs;
  const kind = codecs.every((codec) => audioCodec.test(codec)) ? 'audio' : 'video';
  return { name, mime: `${kind}/mp4; codecs="${own.join(',')}"`, bandwidth, width, height, frameRate };
}

/**
 * @param {Alternative} sound
 * @param {string} mime
 * @returns {TrackRendition}
 */
function soundFrom(sound, mime) {
  return { name: audioName(sound.name), mime, bandwidth: 0, width: 0, height: 0, frameRate: 0, sound };
}

/** @param {string} url */
function absolute(url) {
  return new URL(url, globalThis.location?.href).href;
}

/** @param {string} name */
function audioName(name) {
  return `audio:${name}`;
}

/** @param {string} name */
function captionsName(name) {
  return `captions:${name}`;
}

/**
 * @template T
 * @param {() => T} parse
 */
function readable(parse) {
  try {
    return parse();
  } catch (cause) {
    throw new LoadError('format', { cause });
  }
}

/**
 * One download for all who ask; a failed one is forgotten.
 * @template T
 * @param {Map<string, Promise<T>>} kept
 * @param {string} name
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
function once(kept, name, load) {
  let promise = kept.get(name);
  if (!promise) {
    promise = load();
    kept.set(name, promise);
    promise.catch(() => kept.delete(name));
  }
  return promise;
}

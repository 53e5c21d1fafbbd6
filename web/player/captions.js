/** The captions of a film: which there are, which are shown, and the text track of the video element that shows them. */
import { trackLabel } from './track-label.js';
import { captionsAtFirst, captionsTurnedOn, recallCaptions, rememberCaptions } from './tracks.js';
import { backOff, pause } from './retry.js';

/** @typedef {import('./tracks.js').Alternative} Alternative */

const attempts = 5;

export class Captions {
  /** @type {Alternative | null} */
  shown = null;
  #video;
  #changed;
  /** @type {readonly Alternative[]} those that the playlist lists */
  #listed = [];
  /** @type {(captions: Alternative) => Promise<string>} */
  #fileOf = () => Promise.reject(new Error('no film'));
  /** @type {WeakMap<TextTrack, Alternative>} of tracks that the page or the browser brought */
  #brought = new WeakMap();
  /** @type {Alternative | null} what was shown last */
  #last = null;
  /** The viewer has said for this film what to show. */
  #decided = false;
  #loading = new AbortController();
  /** @type {HTMLTrackElement | null} */
  #element = null;

  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} changed
   */
  constructor(video, changed) {
    this.#video = video;
    this.#changed = changed;
  }

  /** Those of which there is a file. */
  get listed() {
    return this.#listed;
  }

  /** @param {AbortSignal} signal */
  watch(signal) {
    for (const name of ['change', 'addtrack', 'removetrack']) {
      this.#video.textTracks.addEventListener(name, () => this.#tracksChanged(), { signal });
    }
    signal.addEventListener('abort', () => this.#loading.abort(), { once: true });
  }

  /** @returns {Alternative[]} */
  get list() {
    return [...this.#listed, ...this.#broughtTracks().map(([, captions]) => captions)];
  }

  /**
   * What the film offers now; it may be more than a moment ago.
   * @param {readonly Alternative[]} listed
   * @param {(captions: Alternative) => Promise<string>} fileOf answers the address of a WebVTT file
   */
  offer(listed, fileOf) {
    if (listed === this.#listed) return;
    const wasListed = this.#listed.includes(/** @type {Alternative} */ (this.shown));
    this.#listed = listed;
    this.#fileOf = fileOf;
    const same = wasListed ? listed.find(({ name }) => name === this.shown?.name) ?? null : this.shown;
    const wanted = this.#decided || listed.length === 0 ? same : captionsAtFirst(this.list, recallCaptions());
    // What is shown was read as a whole and needs no fresh grant.
    if (wanted !== null && wanted === same) this.shown = wanted;
    else if (wanted !== this.shown) this.#show(wanted);
    this.#changed();
  }

  /** The address of the WebVTT file of some that the film has. @param {Alternative} captions */
  fileOf(captions) {
    return this.#listed.includes(captions)
      ? this.#fileOf(captions)
      : Promise.reject(new Error('not of the film'));
  }

  /** The viewer's choice, here and in the next film. @param {Alternative | null} captions null: none */
  choose(captions) {
    this.#decided = true;
    rememberCaptions(captions);
    this.#show(captions);
    this.#changed();
  }

  toggle() {
    if (this.list.length === 0) return;
    const last = this.list.find(({ name }) => name === this.#last?.name);
    this.choose(this.shown === null ? last ?? captionsTurnedOn(this.list, recallCaptions()) : null);
  }

  /** @param {Alternative | null} captions */
  #show(captions) {
    this.shown = captions;
    this.#last = captions ?? this.#last;
    this.#loading.abort();
    this.#loading = new AbortController();
    this.#element?.remove();
    this.#element = null;
    for (const [track, brought] of this.#broughtTracks()) {
      const mode = brought === captions ? 'showing' : 'disabled';
      if (track.mode !== mode) track.mode = mode;
    }
    if (captions !== null && this.#listed.includes(captions)) this.#load(captions, this.#loading.signal);
  }

  /**
   * @param {Alternative} captions
   * @param {AbortSignal} signal
   */
  async #load({ name }, signal) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const captions = this.#listed.find((each) => each.name === name);
      const file = captions && await this.#fileOf(captions).catch(() => null);
      if (signal.aborted || (file && await this.#add(captions, file, signal))) return;
      await pause(backOff(attempt), signal);
      if (signal.aborted) return;
    }
  }

  /**
   * @param {Alternative} captions
   * @param {string} file
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} false: it could not be read
   */
  async #add(captions, file, signal) {
    const element = document.createElement('track');
    element.kind = captions.describes ? 'captions' : 'subtitles';
    element.label = trackLabel(captions);
    element.srclang = captions.language ?? '';
    element.src = file;
    this.#element = element;
    const read = new Promise((resolve) => {
      element.addEventListener('load', () => resolve(true), { once: true });
      element.addEventListener('error', () => resolve(false), { once: true });
      signal.addEventListener('abort', () => resolve(true), { once: true });
    });
    this.#video.append(element);
    element.track.mode = 'showing';
    const isRead = await read;
    if (!isRead) element.remove();
    return isRead;
  }

  /** @returns {[TextTrack, Alternative][]} */
  #broughtTracks() {
    return [...this.#video.textTracks].filter((track) =>
      (track.kind === 'captions' || track.kind === 'subtitles') && track !== this.#element?.track
    ).map((track, place) => {
      const known = this.#brought.get(track) ?? captionsFrom(track, place);
      this.#brought.set(track, known);
      return [track, known];
    });
  }

  /** A menu of the browser's own may show and hide them too. */
  #tracksChanged() {
    const tracks = this.#broughtTracks();
    const own = this.#element?.track;
    const showing = tracks.find(([track]) => track.mode === 'showing');
    if (showing) this.shown = showing[1];
    else if (own ? own.mode !== 'showing' : tracks.some(([, each]) => each === this.shown)) this.shown = null;
    this.#changed();
  }
}

/**
 * @param {TextTrack} track
 * @param {number} place
 * @returns {Alternative}
 */
function captionsFrom({ label, language, kind }, place) {
  return {
    name: label || language || String(place + 1),
    language: language || null,
    isDefault: false,
    isForced: false,
    describes: kind === 'captions',
  };
}

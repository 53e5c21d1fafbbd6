/** All uploads of this page: a few at a time, the others wait. It lives as long as the page, whatever view is shown. */
import { getVideo } from '../lib/api.js';
import { withoutMarks } from '../lib/visible.js';
import { Speedometer } from './speed.js';
import { send, wait } from './transport.js';
import { TusUpload } from './tus.js';
import { fingerprint, forgetUnfinished, listUnfinished, memoryFor, noteProgress } from './unfinished.js';

/**
 * `waiting`: for others of this page · `queued`: sent, and waits on the server for its turn to be checked
 * @typedef {'waiting' | 'uploading' | 'queued' | 'checking' | 'retrying' | 'paused' | 'done' | 'failed'} UploadState
 */

const atOnce = 2;

export class Upload {
  /** @type {UploadState} */
  state = 'waiting';
  sent = 0;
  /** @type {unknown} */
  error = null;
  /** @type {string | null} */
  videoId = null;
  /** @type {import('../lib/api.js').Video | null} what became of it, as far as it is known */
  video = null;
  speed = new Speedometer();
  #stop = new AbortController();
  #tus;
  #notedAt = 0;

  /**
   * @param {File} file
   * @param {string} userId
   * @param {() => void} changed
   * @param {string | null} [replaces] the video whose file it replaces, where it becomes none of its own
   */
  constructor(file, userId, changed, replaces = null) {
    this.file = file;
    this.replaces = replaces;
    const key = fingerprint(file, userId);
    // It goes on only for the same video, and is none of those that wait to be gone on with.
    this.key = replaces === null ? key : `replace|${replaces}|${key}`;
    this.changed = changed;
    /** @type {Record<string, string>} */
    const rest = replaces === null ? { title: titleFrom(file.name) } : { replaces };
    const metadata = { filename: file.name, filetype: file.type, ...rest };
    this.#tus = new TusUpload(file, this.key, metadata, { transport: send, memory: memoryFor(file), wait });
  }

  get name() {
    return this.file.name;
  }

  get size() {
    return this.file.size;
  }

  get isActive() {
    return ['uploading', 'queued', 'checking', 'retrying'].includes(this.state);
  }

  async run() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.error = null;
    this.speed.reset();
    this.#become('uploading');
    try {
      this.videoId = await this.#tus.run(signal, {
        progress: (sent) => this.#progress(sent),
        phase: (phase) => phase !== this.state && !signal.aborted && this.#become(phase),
      });
      this.#become('done');
    } catch (error) {
      if (signal.aborted) return;
      this.error = error;
      this.#become('failed');
      return;
    }
    this.video = await getVideo(this.videoId, signal).catch(() => null);
    this.changed();
  }

  /** @param {number} sent */
  #progress(sent) {
    const now = performance.now() / 1000;
    this.sent = Math.min(sent, this.size);
    this.speed.note(sent, now);
    if (now - this.#notedAt > 2) {
      this.#notedAt = now;
      noteProgress(this.key, this.#tus.offset);
    }
    this.changed();
  }

  /** @param {UploadState} state */
  #become(state) {
    this.state = state;
    this.changed();
  }

  pause() {
    this.stop();
    noteProgress(this.key, this.#tus.offset);
    this.#become('paused');
  }

  /** Waits for its turn again. */
  resume() {
    this.#become('waiting');
  }

  /** Stops, and leaves on the server what is there. */
  stop() {
    this.#stop.abort();
  }

  async cancel() {
    this.stop();
    await this.#tus.discard();
  }
}

/** Fires `change` when an upload came, went or got on. */
export class UploadQueue extends EventTarget {
  /** @type {Upload[]} */
  uploads = [];
  #userId;
  #announced = false;

  /** @param {string} userId */
  constructor(userId) {
    super();
    this.#userId = userId;
    globalThis.addEventListener('beforeunload', (event) => {
      if (this.isBusy) event.preventDefault();
    });
  }

  get isBusy() {
    return this.uploads.some((upload) => upload.isActive || upload.state === 'waiting');
  }

  /** Whether anything was begun, here or earlier, that could still go on. */
  get hasUnfinished() {
    return this.isBusy || listUnfinished(this.#userId).length > 0;
  }

  /** Nothing is sent any more. */
  close() {
    for (const upload of this.uploads) upload.stop();
    this.uploads = [];
  }

  /** Begun earlier, not in this page. */
  get unfinished() {
    const here = new Set(this.uploads.map((upload) => upload.key));
    return listUnfinished(this.#userId).filter((entry) => !here.has(entry.key));
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) this.#take(new Upload(file, this.#userId, () => this.#changed()));
    this.#advance();
  }

  /**
   * @param {File} file
   * @param {string} videoId whose file it replaces
   */
  replace(file, videoId) {
    this.#take(new Upload(file, this.#userId, () => this.#changed(), videoId));
    this.#advance();
  }

  /** @param {Upload} upload */
  #take(upload) {
    const twin = this.uploads.find((other) => other.key === upload.key);
    if (twin && (twin.isActive || twin.state === 'waiting')) return;
    if (twin) this.#drop(twin);
    this.uploads.push(upload);
  }

  /** @param {Upload} upload */
  resume(upload) {
    upload.resume();
    this.#advance();
  }

  /** @param {Upload} upload */
  async cancel(upload) {
    this.#drop(upload);
    await upload.cancel();
    this.#advance();
  }

  /** @param {string} key */
  async discard(key) {
    const entry = this.unfinished.find((other) => other.key === key);
    forgetUnfinished(key);
    this.#changed();
    if (!entry) return;
    const headers = { 'Tus-Resumable': '1.0.0' };
    await send({ method: 'DELETE', url: entry.url, headers, signal: AbortSignal.timeout(10_000) }).catch(
      () => {},
    );
  }

  /** @param {Upload} upload */
  #drop(upload) {
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.#changed();
  }

  #advance() {
    const free = atOnce - this.uploads.filter((upload) => upload.isActive).length;
    for (
      const upload of this.uploads.filter((each) => each.state === 'waiting').slice(0, Math.max(0, free))
    ) {
      upload.run().finally(() => this.#advance());
    }
    this.#changed();
  }

  /** Progress comes often; a picture of it is drawn once per frame. */
  #changed() {
    if (this.#announced) return;
    this.#announced = true;
    setTimeout(() => {
      this.#announced = false;
      this.dispatchEvent(new Event('change'));
    }, 60);
  }
}

/**
 * `My_holiday.final.mp4` -> "My holiday.final", without what the server refuses in a title.
 * @param {string} name
 */
export function titleFrom(name) {
  const plain = withoutMarks(name);
  return plain.replace(/\.[A-Za-z0-9]{1,5}$/, '').replaceAll('_', ' ').trim() || plain;
}

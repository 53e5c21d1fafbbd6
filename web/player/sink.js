/** A SourceBuffer that does one thing after the other, as promises. */
import { rangesOf } from './buffer.js';

export class Sink {
  #source;
  #buffer;
  #mime;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {MediaSource} source
   * @param {string} mime
   */
  constructor(source, mime) {
    this.#source = source;
    this.#buffer = source.addSourceBuffer(mime);
    this.#mime = mime;
  }

  /** @param {Uint8Array<ArrayBuffer>} data */
  append(data) {
    return this.#run(() => this.#buffer.appendBuffer(data));
  }

  /**
   * @param {number} start seconds
   * @param {number} end
   */
  remove(start, end) {
    return this.#run(() => this.#buffer.remove(start, end));
  }

  /** What comes next has nothing to do with what came before: the parser forgets. */
  async reset() {
    await this.idle();
    const { readyState, duration } = this.#source;
    // A source that has ended opens again with the next change, and only an open one can be told to forget.
    if (readyState === 'ended') await this.remove(duration, Infinity);
    if (this.#source.readyState === 'open') this.#buffer.abort();
  }

  /**
   * WebKitGTK cannot; another level of the same codec, as renditions of one video have it, needs no word there.
   * @param {string} mime
   */
  async changeType(mime) {
    if (mime === this.#mime) return;
    await this.idle();
    if (typeof this.#buffer.changeType === 'function') this.#buffer.changeType(mime);
    this.#mime = mime;
  }

  /** When all that was asked for is done. */
  async idle() {
    await this.#last.catch(() => {});
  }

  /** @returns {import('./buffer.js').Range[]} empty when the media source is gone */
  get ranges() {
    try {
      return rangesOf(this.#buffer.buffered);
    } catch {
      return [];
    }
  }

  /** @param {() => void} begin throws at once or ends with `updateend` */
  #run(begin) {
    const buffer = this.#buffer;
    const next = this.#last.catch(() => {}).then(() =>
      new Promise((resolve, reject) => {
        const watch = new AbortController();
        const { signal } = watch;
        const fail = () => {
          watch.abort();
          reject(new Error('the browser refused the media'));
        };
        buffer.addEventListener('error', fail, { signal });
        buffer.addEventListener('abort', fail, { signal });
        buffer.addEventListener('updateend', () => {
          watch.abort();
          resolve(undefined);
        }, { signal });
        try {
          begin();
        } catch (error) {
          watch.abort();
          reject(error);
        }
      })
    );
    this.#last = next;
    return next;
  }
}

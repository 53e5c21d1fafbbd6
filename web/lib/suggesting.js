/** Suggestions while one types: asked for after a pause, and only the answer to what stands there now is shown. */

/** @template T */
export class Suggesting {
  /** @type {AbortController | null} */
  #asking = null;
  #timer = 0;

  /**
   * @param {(words: string, signal: AbortSignal) => Promise<T[]>} load
   * @param {(found: T[]) => void} show
   * @param {number} [pause] milliseconds
   */
  constructor(load, show, pause = 150) {
    this.load = load;
    this.show = show;
    this.pause = pause;
  }

  /** @param {string} text what stands in the box now */
  typed(text) {
    this.stop();
    const words = text.trim();
    // The server suggests nothing for a single letter.
    if ([...words].length < 2) return this.show([]);
    this.#timer = setTimeout(() => void this.ask(words), this.pause);
  }

  /** @param {string} words */
  async ask(words) {
    this.stop();
    const asking = new AbortController();
    this.#asking = asking;
    /** @type {T[]} */
    let found = [];
    try {
      found = await this.load(words, asking.signal);
    } catch {
      // One can search without suggestions.
    }
    if (this.#asking === asking) this.show(found);
  }

  /** What was asked for is not wanted any more. */
  stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }
}

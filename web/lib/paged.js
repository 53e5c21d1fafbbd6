/** A list that comes in pages, each asked for with the cursor of the one before. What was asked for last is what counts. */

/** @template T */
export class Paged {
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {string | null} null: there is no more, or nothing was asked for yet */
  cursor = null;

  /** @param {(cursor: string | null, signal: AbortSignal) => Promise<{ data: T[], next_cursor: string | null }>} load */
  constructor(load) {
    this.load = load;
  }

  get hasMore() {
    return this.cursor !== null;
  }

  /** @returns {Promise<T[] | null>} the first page; null when something else was asked for meanwhile */
  begin() {
    return this.#ask(null);
  }

  /** @returns {Promise<T[] | null>} the next page; null when something else was asked for meanwhile */
  more() {
    return this.#ask(this.cursor);
  }

  /** Nothing that was asked for is wanted any more. */
  close() {
    this.#asking?.abort();
    this.#asking = null;
  }

  /** @param {string | null} cursor */
  async #ask(cursor) {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const page = await this.load(cursor, asking.signal);
      if (this.#asking !== asking) return null;
      this.cursor = page.next_cursor;
      return page.data;
    } catch (error) {
      if (this.#asking !== asking) return null;
      throw error;
    }
  }
}

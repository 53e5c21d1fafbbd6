/** What is chosen for something that is done with many at once. */

/**
 * Fires `change`.
 * @template {{ id: string }} T
 */
export class Selection extends EventTarget {
  /** @type {Map<string, T>} */
  #items = new Map();
  #most;

  /** @param {number} most as many as the server changes with one call */
  constructor(most) {
    super();
    this.#most = most;
  }

  get items() {
    return [...this.#items.values()];
  }

  get count() {
    return this.#items.size;
  }

  /** @param {string} id */
  has(id) {
    return this.#items.has(id);
  }

  /**
   * @param {T} item
   * @param {boolean} wanted
   * @returns {boolean} whether it is chosen now; no more than so many are
   */
  set(item, wanted) {
    if (wanted && !this.has(item.id) && this.count >= this.#most) return false;
    if (wanted) this.#items.set(item.id, item);
    else this.#items.delete(item.id);
    this.#changed();
    return wanted;
  }

  /** @param {T[]} items as many of them as there is room for */
  add(items) {
    for (const item of items) {
      if (this.count >= this.#most) break;
      this.#items.set(item.id, item);
    }
    this.#changed();
  }

  clear() {
    if (this.count === 0) return;
    this.#items.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

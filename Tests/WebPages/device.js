/** A browser's storage for tests: deno gives none to files. */

export class Device {
  /** @type {Map<string, string>} */
  kept = new Map();
  /** Every write is refused, as when the storage is full. */
  isFull = false;

  get length() {
    return this.kept.size;
  }

  /** @param {number} place */
  key(place) {
    return [...this.kept.keys()][place] ?? null;
  }

  /** @param {string} name */
  getItem(name) {
    return this.kept.get(name) ?? null;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setItem(name, value) {
    if (this.isFull) throw new DOMException('full', 'QuotaExceededError');
    this.kept.set(name, value);
  }

  /** @param {string} name */
  removeItem(name) {
    this.kept.delete(name);
  }
}

/**
 * A device with nothing on it, which `localStorage` is from now on.
 * @returns {Device}
 */
export function freshDevice() {
  const device = new Device();
  Object.defineProperty(globalThis, 'localStorage', { value: device, configurable: true });
  return device;
}

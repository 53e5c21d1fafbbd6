/** Counts the seconds of a film that somebody watched: what plays counts, pauses and jumps do not. */
export class WatchedTime {
  #seconds = 0;
  /** @type {number | null} where playing was last; null after a jump */
  #at = null;

  /** @param {number} time where playing is now */
  played(time) {
    if (this.#at !== null && time > this.#at) this.#seconds += time - this.#at;
    this.#at = time;
  }

  /** What follows begins elsewhere. */
  jumped() {
    this.#at = null;
  }

  /** What was watched since this was asked last, in seconds. */
  take() {
    const seconds = Math.round(this.#seconds * 1000) / 1000;
    this.#seconds = 0;
    return seconds;
  }
}

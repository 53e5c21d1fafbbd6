/** Where the server is with a file of which it has everything: many that ended together are checked one after the other. */

/** @typedef {'queued' | 'checking'} Turn */

/** Looks now and then, from the last byte to the answer; a look that fails is one that tells nothing. */
export class TurnWatch {
  #look;
  #told;
  #seconds;
  #timer = 0;

  /**
   * @param {() => Promise<string>} look answers what the server tells of the upload, as JSON
   * @param {(turn: Turn) => void} told
   * @param {number} [seconds] between two looks
   */
  constructor(look, told, seconds = 2) {
    this.#look = look;
    this.#told = told;
    this.#seconds = seconds;
  }

  begin() {
    if (this.#timer !== 0) return;
    this.#told('checking');
    this.#timer = setInterval(() => this.#ask(), this.#seconds * 1000);
  }

  end() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  async #ask() {
    const timer = this.#timer;
    const turn = await this.#look().then(turnFrom, () => null);
    if (turn !== null && timer === this.#timer) this.#told(turn);
  }
}

/**
 * @param {string} text
 * @returns {Turn | null} null: neither, or nothing that can be read
 */
function turnFrom(text) {
  try {
    const state = JSON.parse(text)?.state;
    if (state === 'waiting') return 'queued';
    return state === 'checking' ? 'checking' : null;
  } catch {
    return null;
  }
}

/** How fast and how long still: over the last seconds, so that a pause does not haunt the figure. */

const window = 8;

export class Speedometer {
  /** @type {{ time: number, sent: number }[]} */
  #samples = [];

  /**
   * @param {number} sent bytes in all
   * @param {number} time seconds
   */
  note(sent, time) {
    const last = this.#samples.at(-1);
    if (last && sent < last.sent) this.#samples = [];
    if (last && time - last.time < 0.25 && this.#samples.length > 1) this.#samples.pop();
    this.#samples.push({ time, sent });
    while (this.#samples.length > 2 && time - this.#samples[0].time > window) this.#samples.shift();
  }

  reset() {
    this.#samples = [];
  }

  /** Bytes per second; null: too early to tell. */
  get rate() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.time - first.time < 0.8) return null;
    return (last.sent - first.sent) / (last.time - first.time);
  }

  /**
   * @param {number} remaining bytes
   * @returns {number | null} seconds
   */
  timeLeft(remaining) {
    const { rate } = this;
    return rate === null || rate < 1 ? null : remaining / rate;
  }
}

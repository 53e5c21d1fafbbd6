/** The overlay for people who want to know: rendition, buffer, throughput, dropped frames. */
import { h, replace } from '../lib/dom.js';
import { bitRate } from '../lib/format.js';
import { t } from '../lib/i18n.js';

/**
 * @typedef {object} Debug
 * @property {string | null} rendition name of the one on the screen
 * @property {boolean} automatic
 * @property {number} bufferAhead seconds
 * @property {number | null} throughput bits per second
 * @property {number} droppedFrames
 * @property {number} totalFrames
 * @property {number} currentTime
 * @property {string} state
 * @property {string} resolution
 * @property {number} bandwidth of the rendition, bits per second
 * @property {string | null} failure
 * @property {string | null} lastError got over or not
 */

export class Statistics {
  #timer = 0;

  /** @param {() => Debug} read */
  constructor(read) {
    this.read = read;
    this.list = h('dl', { class: 'statistics-list' });
    this.element = h('section', {
      class: 'statistics',
      label: 'player.statistics',
      hidden: true,
      'data-testid': 'statistics',
    }, this.list);
  }

  toggle() {
    this.element.hidden = !this.element.hidden;
    clearInterval(this.#timer);
    if (this.element.hidden) return;
    this.#render();
    this.#timer = setInterval(() => this.#render(), 500);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #render() {
    const now = this.read();
    const share = now.totalFrames > 0 ? (100 * now.droppedFrames) / now.totalFrames : 0;
    const mode = t(now.automatic ? 'player.automatic' : 'player.chosen');
    this.#rows({
      rendition: now.rendition ? `${now.rendition} (${mode})` : '–',
      resolution: now.resolution,
      bandwidth: now.bandwidth > 0 ? bitRate(now.bandwidth) : '–',
      throughput: now.throughput === null ? '–' : bitRate(now.throughput),
      buffer: `${now.bufferAhead.toFixed(1)} s`,
      dropped: `${now.droppedFrames} / ${now.totalFrames} (${share.toFixed(1)} %)`,
      state: now.state,
    });
  }

  /** @param {Record<string, string>} rows */
  #rows(rows) {
    replace(
      this.list,
      ...Object.entries(rows).flatMap(([name, value]) => [
        h('dt', { text: `player.stats.${name}` }),
        h('dd', {}, value),
      ]),
    );
  }
}

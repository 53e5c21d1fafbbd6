/** The line of time: played, buffered, a preview under the pointer, and a slider for hands and screen readers. */
import { h } from '../lib/dom.js';
import { clock, spokenDuration } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { parseStoryboard, sceneAt } from './storyboard.js';

export class SeekBar {
  /** @type {import('./storyboard.js').Scene[]} */
  #scenes = [];
  #duration = 0;
  #time = 0;
  #dragging = false;
  #bufferShown = '';
  #storyboard = /** @type {string | null} */ (null);
  #askedAt = -Infinity;
  #previewed = 0;

  /** @param {(time: number) => void} seek */
  constructor(seek) {
    this.seek = seek;
    this.picture = h('div', { class: 'preview-picture' });
    this.previewTime = h('span', { class: 'preview-time' });
    this.preview = h(
      'div',
      { class: 'preview', hidden: true, 'aria-hidden': 'true' },
      this.picture,
      this.previewTime,
    );
    this.buffered = h('div', { class: 'buffered' });
    this.slider = h(
      'div',
      {
        class: 'seek',
        role: 'slider',
        tabindex: '0',
        label: 'player.seek',
        'aria-valuemin': '0',
        'data-testid': 'seek',
      },
      h('div', { class: 'rail' }, this.buffered, h('div', { class: 'hover' }), h('div', { class: 'played' })),
      h('div', { class: 'knob' }),
    );
    this.element = h('div', { class: 'seek-bar' }, this.preview, this.slider);
    this.slider.addEventListener('pointerdown', (event) => this.#down(event));
    this.slider.addEventListener('pointermove', (event) => this.#move(event));
    this.slider.addEventListener('pointerup', (event) => this.#up(event));
    this.slider.addEventListener('pointercancel', () => this.#leave());
    this.slider.addEventListener('pointerleave', () => this.#dragging || this.#leave());
  }

  get dragging() {
    return this.#dragging;
  }

  /**
   * @param {number} time
   * @param {number} duration
   * @param {TimeRanges} buffered
   */
  update(time, duration, buffered) {
    this.#duration = Number.isFinite(duration) ? duration : 0;
    if (!this.#dragging) this.#show(time);
    this.#showBuffered(buffered);
  }

  /** @param {number} time */
  #show(time) {
    this.#time = time;
    const share = this.#duration > 0 ? Math.min(1, time / this.#duration) : 0;
    this.element.style.setProperty('--played', String(share));
    this.slider.setAttribute('aria-valuemax', String(Math.round(this.#duration)));
    this.slider.setAttribute('aria-valuenow', String(Math.round(time)));
    const spoken = { time: spokenDuration(time), duration: spokenDuration(this.#duration) };
    this.slider.setAttribute('aria-valuetext', t('player.time_of', spoken));
  }

  /** @param {TimeRanges} ranges */
  #showBuffered(ranges) {
    const shares = Array.from(
      { length: ranges.length },
      (_, place) => [ranges.start(place), ranges.end(place)],
    )
      .map((range) => range.map((time) => this.#duration > 0 ? Math.min(1, time / this.#duration) : 0));
    const text = shares.map((pair) => pair.map((share) => share.toFixed(4)).join(' ')).join(',');
    if (text === this.#bufferShown) return;
    this.#bufferShown = text;
    this.buffered.replaceChildren(...shares.map(([start, end]) => {
      const piece = h('i');
      piece.style.setProperty('--start', String(start));
      piece.style.setProperty('--end', String(end));
      return piece;
    }));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.slider.setPointerCapture(event.pointerId);
    this.#dragging = true;
    this.#move(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const time = this.#timeAt(event);
    this.#showPreview(time);
    if (this.#dragging) this.#show(time);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.#dragging) return;
    this.#dragging = false;
    this.seek(this.#timeAt(event));
    if (event.pointerType !== 'mouse') this.#leave();
  }

  #leave() {
    this.#dragging = false;
    this.preview.hidden = true;
    this.element.style.setProperty('--hover', '0');
  }

  /** @param {PointerEvent} event */
  #timeAt(event) {
    const box = this.slider.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / Math.max(1, box.width)));
    return share * this.#duration;
  }

  /** @param {number} time */
  #showPreview(time) {
    if (this.#duration <= 0) return;
    this.#previewed = time;
    this.#loadStoryboard();
    const scene = sceneAt(this.#scenes, time);
    this.preview.hidden = false;
    this.previewTime.textContent = clock(time);
    this.picture.hidden = scene === null;
    if (scene) {
      const { style } = this.picture;
      style.width = `${scene.width}px`;
      style.height = `${scene.height}px`;
      style.backgroundImage = `url("${scene.url}")`;
      style.backgroundPosition = `-${scene.x}px -${scene.y}px`;
    }
    const width = this.element.clientWidth;
    const half = this.preview.offsetWidth / 2;
    const share = time / this.#duration;
    const centre = Math.min(Math.max(share * width, half), Math.max(half, width - half));
    this.element.style.setProperty('--hover', String(share));
    this.element.style.setProperty('--preview', `${centre - half}px`);
  }

  /** @param {string | null} url of a WebVTT file */
  set storyboard(url) {
    this.#scenes = [];
    this.#storyboard = url;
    this.#askedAt = -Infinity;
  }

  /** Asked for when somebody looks; pictures are a comfort and may be made later than the video. */
  async #loadStoryboard() {
    const url = this.#storyboard;
    if (!url || this.#scenes.length > 0 || performance.now() - this.#askedAt < 8000) return;
    this.#askedAt = performance.now();
    try {
      const response = await fetch(url, { credentials: 'same-origin' });
      if (response.ok) this.#scenes = parseStoryboard(await response.text(), response.url);
    } catch {
      return; // The network is busy with better things.
    }
    // The pointer may rest meanwhile.
    if (this.#scenes.length > 0 && !this.preview.hidden) this.#showPreview(this.#previewed);
  }

  get time() {
    return this.#time;
  }
}

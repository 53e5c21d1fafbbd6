/** What lies over the picture: the waiting ring, messages about trouble, and the short echo of a key. */
import { h, icon, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** Milliseconds: short waits stay unseen. */
const ringAfter = 350;
const echoFor = 900;

export class Notices {
  #shown = '';
  #ringTimer = 0;
  #echoTimer = 0;

  /**
   * @param {() => void} retry
   */
  constructor(retry) {
    this.retry = retry;
    this.ring = h('div', { class: 'ring', hidden: true, 'aria-hidden': 'true' });
    this.message = h('div', { class: 'message', hidden: true, 'data-testid': 'player-message' });
    this.status = h('div', { class: 'unseen', role: 'status' });
    this.echo = h('div', { class: 'echo', hidden: true, 'aria-hidden': 'true' });
  }

  get elements() {
    return [this.ring, this.echo, this.message, this.status];
  }

  /**
   * @param {import('./playback.js').State} state
   * @param {import('./playback.js').Failure | null} failure
   */
  show(state, failure) {
    this.#showRing(
      state === 'buffering' || state === 'loading' || state === 'preparing' || state === 'reconnecting',
    );
    const key = failure ? `player.failed.${failure}` : this.#textFor(state);
    if (key === this.#shown) return;
    this.#shown = key;
    this.message.hidden = key === '';
    this.message.classList.toggle('failed', failure !== null);
    this.status.textContent = key === '' ? '' : t(key);
    if (key === '') return replace(this.message);
    replace(
      this.message,
      failure && icon('alert'),
      h('p', { text: key }),
      state !== 'preparing' && h(
        'button',
        {
          type: 'button',
          class: 'text-button',
          'data-testid': 'player-retry',
          onclick: this.retry,
          text: 'action.try_again',
        },
      ),
    );
  }

  /** @param {import('./playback.js').State} state */
  #textFor(state) {
    if (state === 'preparing') return 'player.preparing';
    return state === 'reconnecting' ? 'player.reconnecting' : '';
  }

  /** @param {boolean} waiting */
  #showRing(waiting) {
    if (!waiting) {
      clearTimeout(this.#ringTimer);
      this.#ringTimer = 0;
      this.ring.hidden = true;
    } else if (this.#ringTimer === 0) {
      this.#ringTimer = setTimeout(() => (this.ring.hidden = false), ringAfter);
    }
  }

  /** @param {string} text */
  flash(text) {
    clearTimeout(this.#echoTimer);
    this.echo.textContent = text;
    this.echo.hidden = false;
    this.#echoTimer = setTimeout(() => (this.echo.hidden = true), echoFor);
  }
}

/** What a viewer does with a video: mark it as a favourite, put it into a list of their own. */
import { toastError } from '../../components/toast.js';
import { keepFavorite } from '../../lib/catalogue.js';
import { h, icon, setIcon } from '../../lib/dom.js';

export class KeepButtons {
  /** What the button says. */
  #isFavorite = false;
  /** What the server has. */
  #isKept = false;
  #sending = Promise.resolve();
  #unsent = 0;

  /** @param {string} id of the video */
  constructor(id) {
    this.id = id;
    this.symbol = icon('heart');
    this.favorite = h(
      'button',
      {
        type: 'button',
        class: 'button favorite',
        'aria-pressed': 'false',
        'data-testid': 'favorite',
        onclick: () => this.#toggle(),
      },
      this.symbol,
      h('span', { text: 'keep.favorite' }),
    );
    this.list = h(
      'button',
      { type: 'button', class: 'button', 'data-testid': 'add-to-list', onclick: () => void this.#choose() },
      icon('list-add'),
      h('span', { text: 'keep.list' }),
    );
    /** @type {HTMLElement[]} */
    this.elements = [this.favorite, this.list];
  }

  /** As the server has it; what is still on its way to it counts for more. @param {boolean} isFavorite */
  show(isFavorite) {
    this.#isKept = isFavorite;
    if (this.#unsent === 0) this.#say(isFavorite);
  }

  /** @param {boolean} isFavorite */
  #say(isFavorite) {
    this.#isFavorite = isFavorite;
    this.favorite.setAttribute('aria-pressed', String(isFavorite));
    setIcon(this.symbol, isFavorite ? 'heart-full' : 'heart');
  }

  /** The button says at once what was wished. Wishes are sent one after another, so that the last one is the one that stays. */
  #toggle() {
    this.#say(!this.#isFavorite);
    this.#unsent += 1;
    this.#sending = this.#sending.then(() => this.#send());
  }

  async #send() {
    const wanted = this.#isFavorite;
    try {
      if (wanted !== this.#isKept) await keepFavorite(this.id, wanted);
      this.#isKept = wanted;
    } catch (error) {
      this.#say(this.#isKept);
      toastError(error);
    } finally {
      this.#unsent -= 1;
    }
  }

  async #choose() {
    try {
      const { chooseLists } = await import('./choose-lists.js');
      await chooseLists(this.id);
    } catch (error) {
      toastError(error);
    }
  }
}

/** What a viewer does with a video: mark it as a favourite, put it into a list of their own. */
import { toastError } from '../../components/toast.js';
import { keepFavorite } from '../../lib/catalogue.js';
import { h, icon, setIcon } from '../../lib/dom.js';

export class KeepButtons {
  #isFavorite = false;
  /** What was last asked of the server; the answers before it count no more. */
  #wish = 0;

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
        onclick: () => void this.#toggle(),
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

  /** @param {boolean} isFavorite */
  show(isFavorite) {
    this.#isFavorite = isFavorite;
    this.favorite.setAttribute('aria-pressed', String(isFavorite));
    setIcon(this.symbol, isFavorite ? 'heart-full' : 'heart');
  }

  /** The button says at once what was wished, and takes it back when the server does not do it. */
  async #toggle() {
    const wanted = !this.#isFavorite;
    const wish = ++this.#wish;
    this.show(wanted);
    try {
      await keepFavorite(this.id, wanted);
    } catch (error) {
      if (wish === this.#wish) this.show(!wanted);
      toastError(error);
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

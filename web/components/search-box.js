/** The box for words in the header, with suggestions below it (the combobox of the ARIA Authoring Practices). */
import { watchPath } from '../lib/address.js';
import { suggest } from '../lib/catalogue.js';
import { foreign, freshId, h, icon, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { searchPath } from '../lib/search-address.js';
import { Suggesting } from '../lib/suggesting.js';

/** @typedef {import('../lib/catalogue.js').Suggestion} Suggestion */

const symbols = { category: 'folder', person: 'person', tag: 'tag', video: 'film' };

/** @param {Suggestion} suggestion */
export function suggestedPath({ kind, text, video_id }) {
  if (kind === 'video') return video_id === null ? searchPath({ q: text }) : watchPath(video_id);
  if (kind === 'category') return searchPath({ category: text });
  return searchPath(kind === 'tag' ? { tags: [text] } : { people: [text] });
}

export class SearchBox {
  /** @type {Suggestion[]} */
  #found = [];
  #active = -1;

  /** @param {(path: string) => void} go */
  constructor(go) {
    this.go = go;
    const id = freshId('suggestions');
    this.suggesting = new Suggesting(suggest, (found) => this.#show(found));
    this.input = h('input', {
      type: 'search',
      name: 'q',
      class: 'input',
      role: 'combobox',
      label: 'search.label',
      hint: 'search.placeholder',
      maxlength: '400',
      autocomplete: 'off',
      autocapitalize: 'off',
      enterkeyhint: 'search',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': id,
      'aria-keyshortcuts': '/',
      'data-testid': 'search',
      oninput: () => this.suggesting.typed(this.input.value),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#pressed(event),
      onblur: () => this.#close(),
    });
    this.list = h('ul', {
      id,
      class: 'suggestions',
      role: 'listbox',
      label: 'search.suggestions',
      hidden: true,
    });
    this.status = h('p', { class: 'unseen', role: 'status' });
    const form = h(
      'form',
      {
        class: 'finder-form',
        role: 'search',
        action: '/search',
        onsubmit: (/** @type {Event} */ event) => this.#submit(event),
      },
      icon('search'),
      this.input,
      h('kbd', { 'aria-hidden': 'true' }, '/'),
      this.list,
      this.status,
    );
    // On a phone the box takes the place of the rest of the header while one searches.
    this.opener = h(
      'button',
      {
        type: 'button',
        class: 'icon-button finder-open',
        label: 'search.open',
        'data-testid': 'search-open',
        onclick: () => this.focus(),
      },
      icon('search'),
    );
    const closer = h(
      'button',
      {
        type: 'button',
        class: 'icon-button finder-close',
        label: 'search.close',
        onclick: () => this.#fold(),
      },
      icon('back'),
    );
    this.element = h('div', { class: 'finder' }, this.opener, closer, form);
    this.element.addEventListener('focusout', (event) => {
      const next = /** @type {Node | null} */ (event.relatedTarget);
      if (next && !this.element.contains(next)) this.element.classList.remove('open');
    });
    document.addEventListener('keydown', (event) => this.#summoned(event));
  }

  focus() {
    this.element.classList.add('open');
    this.input.focus();
    this.input.select();
  }

  /** What is searched for on the page that is open now. @param {string} words */
  show(words) {
    this.input.value = words;
    this.#close();
    this.element.classList.remove('open');
  }

  #fold() {
    this.element.classList.remove('open');
    this.opener.focus();
  }

  /** A slash brings one here from anywhere, unless it is being written. @param {KeyboardEvent} event */
  #summoned(event) {
    if (event.key !== '/' || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = /** @type {Element} */ (event.composedPath()[0]);
    if (at instanceof HTMLElement && (at.isContentEditable || at.matches('input, textarea, select'))) return;
    if (document.querySelector('dialog[open]')) return;
    event.preventDefault();
    this.focus();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const words = this.input.value.trim();
    this.#close();
    this.go(searchPath({ q: words }));
  }

  /** @param {Suggestion[]} found */
  #show(found) {
    this.#found = found;
    this.#active = -1;
    replace(this.list, ...found.map((suggestion, place) => this.#option(suggestion, place)));
    const isOpen = found.length > 0 && document.activeElement === this.input;
    this.list.hidden = !isOpen;
    this.input.setAttribute('aria-expanded', String(isOpen));
    this.input.removeAttribute('aria-activedescendant');
    this.status.textContent = isOpen ? t('search.suggested', { count: found.length }) : '';
  }

  /**
   * @param {Suggestion} suggestion
   * @param {number} place
   */
  #option(suggestion, place) {
    return h(
      'li',
      {
        id: `${this.list.id}-${place}`,
        role: 'option',
        class: 'suggestion',
        'aria-selected': 'false',
        'data-kind': suggestion.kind,
        // The focus stays in the box.
        onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
        onclick: () => this.#choose(suggestion),
      },
      icon(symbols[suggestion.kind] ?? 'search'),
      h('span', { class: 'suggestion-text' }, foreign(suggestion.text)),
      h('span', { class: 'suggestion-kind', text: `search.kind_${suggestion.kind}` }),
    );
  }

  #close() {
    this.suggesting.stop();
    this.#show([]);
  }

  /** @param {Suggestion} suggestion */
  #choose(suggestion) {
    this.#close();
    this.input.value = '';
    this.go(suggestedPath(suggestion));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.isComposing) return;
    const isOpen = !this.list.hidden;
    if (event.key === 'Escape') {
      if (isOpen) event.preventDefault();
      if (isOpen) return this.#close();
      if (this.input.value === '') this.input.blur();
      if (this.input.value === '' && this.element.classList.contains('open')) this.#fold();
    } else if (event.key === 'Enter' && isOpen && this.#active >= 0) {
      event.preventDefault();
      this.#choose(this.#found[this.#active]);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (isOpen) this.#move(event.key === 'ArrowDown' ? 1 : -1);
      else this.suggesting.typed(this.input.value);
    }
  }

  /** Through the options and the box itself, around. @param {number} step */
  #move(step) {
    const stops = this.#found.length + 1;
    this.#active = (this.#active + 1 + step + stops) % stops - 1;
    for (const [place, option] of [...this.list.children].entries()) {
      option.setAttribute('aria-selected', String(place === this.#active));
      if (place === this.#active) option.scrollIntoView({ block: 'nearest' });
    }
    if (this.#active < 0) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `${this.list.id}-${this.#active}`);
  }
}

/** The menu behind the sliders symbol: quality, speed, captions, statistics, keys. Arrow keys walk, Escape goes back. */
import { h, icon, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * @typedef {object} Choice
 * @property {string} text shown as it is
 * @property {string} [note]
 * @property {boolean} checked
 * @property {string} id for tests
 * @property {() => void} pick
 */
/**
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} text a message key
 * @property {string} icon
 * @property {() => string} [value] what is chosen now
 * @property {() => Choice[]} [choices] a second level; fewer than two hide the entry
 * @property {() => void} [run] else this happens
 */

export class SettingsMenu {
  /** @type {Entry | null} */
  #open = null;

  /**
   * @param {HTMLElement} button
   * @param {Entry[]} entries
   */
  constructor(button, entries) {
    this.button = button;
    this.entries = entries;
    this.element = h('div', { class: 'menu', role: 'menu', label: 'player.settings', hidden: true });
    this.element.addEventListener('keydown', (event) => this.#key(event));
    button.setAttribute('aria-haspopup', 'menu');
    button.setAttribute('aria-expanded', 'false');
    button.addEventListener('click', () => this.isOpen ? this.close() : this.show());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  show() {
    this.#open = null;
    this.element.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    this.#render();
    this.#focus(0);
  }

  /** @param {boolean} [backToButton] */
  close(backToButton = true) {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    if (backToButton) this.button.focus();
  }

  /** Shows what changed meanwhile, keeping the place. */
  refresh() {
    if (!this.isOpen) return;
    const place = this.#items().findIndex((item) => item.matches(':focus'));
    this.#render();
    if (place >= 0) this.#focus(place);
  }

  #items() {
    return /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll('[role^=menuitem]')]);
  }

  /** @param {number} place */
  #focus(place) {
    const items = this.#items();
    const chosen = items[(place + items.length) % items.length];
    for (const item of items) item.tabIndex = item === chosen ? 0 : -1;
    chosen?.focus();
  }

  #render() {
    if (this.#open) this.#renderChoices(this.#open);
    else replace(this.element, ...this.entries.map((entry) => this.#entryRow(entry)));
  }

  /** @param {Entry} entry */
  #entryRow(entry) {
    const choices = entry.choices?.();
    if (choices && choices.length < 2) return null;
    return h(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        tabindex: '-1',
        class: 'menu-row',
        'data-testid': `menu-${entry.id}`,
        'aria-haspopup': choices ? 'menu' : null,
        onclick: () => choices ? this.#enter(entry) : this.#run(entry),
      },
      icon(entry.icon),
      h('span', { class: 'menu-text', text: entry.text }),
      entry.value && h('span', { class: 'menu-value' }, entry.value()),
      choices && icon('chevron', 'icon small'),
    );
  }

  /** @param {Entry} entry */
  #run(entry) {
    this.close();
    entry.run?.();
  }

  /** @param {Entry} entry */
  #enter(entry) {
    this.#open = entry;
    this.#render();
    const checked = this.#items().findIndex((item) => item.getAttribute('aria-checked') === 'true');
    this.#focus(Math.max(1, checked));
  }

  #leave() {
    const place = this.entries.filter((entry) => !entry.choices || entry.choices().length > 1)
      .indexOf(/** @type {Entry} */ (this.#open));
    this.#open = null;
    this.#render();
    this.#focus(Math.max(0, place));
  }

  /** @param {Entry} entry */
  #renderChoices(entry) {
    replace(
      this.element,
      h(
        'button',
        {
          type: 'button',
          role: 'menuitem',
          tabindex: '-1',
          class: 'menu-row menu-back',
          'aria-label': t('player.back_to_settings', { name: t(entry.text) }),
          onclick: () => this.#leave(),
        },
        icon('back'),
        h('span', { class: 'menu-text', text: entry.text }),
      ),
      ...(entry.choices?.() ?? []).map((choice) =>
        h(
          'button',
          {
            type: 'button',
            role: 'menuitemradio',
            tabindex: '-1',
            class: 'menu-row',
            'aria-checked': String(choice.checked),
            'data-testid': `${entry.id}-${choice.id}`,
            onclick: () => {
              choice.pick();
              this.close();
            },
          },
          icon('check', choice.checked ? 'icon' : 'icon blank'),
          h('span', { class: 'menu-text' }, choice.text),
          choice.note && h('span', { class: 'menu-value' }, choice.note),
        )
      ),
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const place = this.#items().findIndex((item) => item.matches(':focus'));
    const item = this.#items()[place];
    if (event.key === 'ArrowDown') this.#focus(place + 1);
    else if (event.key === 'ArrowUp') this.#focus(place - 1);
    else if (event.key === 'Home') this.#focus(0);
    else if (event.key === 'End') this.#focus(-1);
    else if (event.key === 'ArrowRight' && item?.hasAttribute('aria-haspopup')) item.click();
    else if (event.key === 'ArrowLeft' && this.#open) this.#leave();
    else if (event.key === 'Escape') this.#open ? this.#leave() : this.close();
    else if (event.key === 'Tab') return this.close(false);
    else if (event.key !== 'Enter' && event.key !== ' ') return event.stopPropagation();
    if (event.key !== 'Enter' && event.key !== ' ') event.preventDefault();
    event.stopPropagation();
  }
}

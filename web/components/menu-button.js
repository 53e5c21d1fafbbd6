/** A button that opens a short list of what can be done, above everything else. Esc and a press elsewhere close it. */
import { freshId, h, icon } from '../lib/dom.js';

/** @typedef {import('./field.js').Text} Text */
/**
 * @typedef {object} MenuItem
 * @property {Text} text
 * @property {string} icon
 * @property {boolean} [danger]
 * @property {() => void} act
 */

/** Pixels between the list and the edges of the window. */
const margin = 8;

/**
 * @param {object} options
 * @param {Text} options.label
 * @param {() => MenuItem[]} options.items asked for each time it opens
 * @param {string} [options.part] the name by which the button is found again when its row is drawn anew
 */
export function menuButton({ label, items, part = 'menu' }) {
  const id = freshId('menu');
  const list = h('div', { class: 'menu', id, popover: 'auto', role: 'group', label });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      label,
      popovertarget: id,
      'aria-expanded': 'false',
      'data-part': part,
    },
    icon('more'),
  );

  list.addEventListener('beforetoggle', (event) => {
    const opens = /** @type {ToggleEvent} */ (event).newState === 'open';
    button.setAttribute('aria-expanded', String(opens));
    if (!opens) return;
    list.replaceChildren(
      ...items().map(({ text, icon: symbol, danger, act }) =>
        h(
          'button',
          {
            type: 'button',
            class: danger ? 'account-item bad' : 'account-item',
            onclick: () => {
              list.hidePopover();
              button.focus();
              act();
            },
          },
          icon(symbol),
          h('span', { text }),
        )
      ),
    );
  });
  let open = new AbortController();
  list.addEventListener('toggle', (event) => {
    open.abort();
    if (/** @type {ToggleEvent} */ (event).newState !== 'open') return;
    open = new AbortController();
    place(list, button);
    list.querySelector('button')?.focus();
    // A list that stays behind while its button moves away would speak of another row.
    const moved = () => place(list, button);
    for (const name of ['scroll', 'resize']) {
      addEventListener(name, moved, { passive: true, capture: true, signal: open.signal });
    }
  });
  list.addEventListener('keydown', (event) => {
    const buttons = [...list.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    buttons[(at + step + buttons.length) % buttons.length]?.focus();
  });
  return h('span', { class: 'menu-holder' }, button, list);
}

/**
 * Below the button, or above it where there is no room below.
 * @param {HTMLElement} list
 * @param {HTMLElement} button
 */
function place(list, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const left = Math.min(Math.max(margin, at.right - width), innerWidth - width - margin);
  const below = at.bottom + 4;
  const top = below + height + margin <= innerHeight ? below : Math.max(margin, at.top - height - 4);
  list.style.setProperty('left', `${left}px`);
  list.style.setProperty('top', `${top}px`);
}

/** The list of keys, and the switch for those of one character (WCAG 2.1.4). */
import { freshId, h } from '../lib/dom.js';
import { recall, remember } from '../lib/preferences.js';
import { shortcuts } from './keyboard.js';

export function charactersAllowed() {
  return recall('shortcuts') !== 'off';
}

/** @returns {HTMLDialogElement} */
export function helpDialog() {
  const title = freshId('shortcuts');
  const box = h('input', {
    type: 'checkbox',
    onchange: () => remember('shortcuts', box.checked ? null : 'off'),
  });
  box.checked = charactersAllowed();
  const dialog = h(
    'dialog',
    { class: 'help', 'aria-labelledby': title, 'data-testid': 'shortcuts' },
    h('h2', { id: title, text: 'player.keys.title' }),
    h(
      'dl',
      { class: 'keys' },
      ...shortcuts.map(({ keys, text }) =>
        h('div', {}, h('dt', {}, ...keys.map((key) => h('kbd', {}, key))), h('dd', { text }))
      ),
    ),
    h('label', { class: 'help-switch' }, box, h('span', { text: 'player.keys.allow' })),
    h(
      'form',
      { method: 'dialog' },
      h('button', { type: 'submit', class: 'text-button', autofocus: true, text: 'action.close' }),
    ),
  );
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  return dialog;
}

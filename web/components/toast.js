/** A short word about what just happened; it goes away by itself, unless it is about something that went wrong. */
import { h, icon } from '../lib/dom.js';
import { explain } from '../lib/problem.js';

const done = h('div', { role: 'status' });
const wrong = h('div');
const area = h('div', { class: 'toasts' }, wrong, done);

/**
 * @param {string} key of a message
 * @param {import('../lib/i18n.js').Values} [values]
 */
export function toast(key, values = {}) {
  const note = h('p', { class: 'toast', text: [key, values] });
  if (!area.isConnected) document.body.append(area);
  done.append(note);
  setTimeout(() => note.remove(), 5000);
}

/**
 * Why something could not be done. It stays until it has been read.
 * @param {unknown} error
 */
export function toastError(error) {
  const note = h(
    'div',
    { class: 'toast bad', role: 'alert' },
    h('span', {}, explain(error)),
    h(
      'button',
      { type: 'button', class: 'icon-button', label: 'action.close', onclick: () => note.remove() },
      icon('close'),
    ),
  );
  if (!area.isConnected) document.body.append(area);
  wrong.replaceChildren(note);
}

/** A short word about what just happened; it goes away by itself. */
import { h } from '../lib/dom.js';

const area = h('div', { class: 'toasts', role: 'status' });

/**
 * @param {string} key of a message
 * @param {import('../lib/i18n.js').Values} [values]
 */
export function toast(key, values = {}) {
  if (!area.isConnected) document.body.append(area);
  const note = h('p', { class: 'toast', text: [key, values] });
  area.append(note);
  setTimeout(() => note.remove(), 5000);
}

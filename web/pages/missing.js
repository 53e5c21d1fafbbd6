/** There is no such page. */
import { arches } from '../components/note.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** @returns {import('../router.js').View} */
export function missingView() {
  const element = h(
    'div',
    { class: 'empty' },
    arches(),
    h('h1', { text: 'notfound.title' }),
    h('p', { text: 'notfound.hint' }),
    h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
  );
  return { element, title: () => t('notfound.title') };
}

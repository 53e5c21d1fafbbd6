/** All tags, in the order of the alphabet, each with the number of its videos. */
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { namedPath } from '../lib/address.js';
import { listTags } from '../lib/catalogue.js';
import { foreign, h, icon } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';

/** @returns {import('../router.js').View} */
export function tagsView() {
  const list = new PagedList({
    load: listTags,
    row: ({ name, video_count: count }) =>
      h(
        'li',
        {},
        h(
          'a',
          { class: 'tag-link', href: namedPath('tag', name) },
          icon('tag'),
          foreign(name),
          h('span', { class: 'facet-count', 'aria-hidden': 'true' }, count),
          h('span', { class: 'unseen' }, t('library.count', { count })),
        ),
      ),
    empty: () =>
      h(
        'div',
        { class: 'empty', 'data-testid': 'empty' },
        arches(),
        h('h2', { text: 'tags.empty' }),
        h('p', { text: 'tags.empty_hint' }),
        h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
      ),
    className: 'tag-list',
    testid: 'tags',
    label: 'tags.title',
    error: 'tags.error',
  });
  const end = onLocaleChange(() => void list.begin());
  void list.begin();
  const close = () => {
    end();
    list.close();
  };
  const head = h('div', { class: 'page-head' }, h('h1', { text: 'tags.title' }));
  return { element: h('div', {}, head, list.element), title: () => t('tags.title'), close };
}

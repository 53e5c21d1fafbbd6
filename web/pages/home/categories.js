/** The categories that have most videos, each with a page of its own, and the way to the tags. */
import { namedPath } from '../../lib/address.js';
import { listCategories } from '../../lib/catalogue.js';
import { foreign, h, icon, replace } from '../../lib/dom.js';

const most = 12;

export function categoryChips() {
  const list = h('ul', {});
  const element = h(
    'nav',
    { class: 'categories', label: 'home.categories', hidden: true, 'data-testid': 'categories' },
    list,
  );

  /** @param {AbortSignal} signal */
  async function load(signal) {
    try {
      const { data } = await listCategories(signal);
      const filled = data.filter(({ video_count }) => video_count > 0)
        .sort((left, right) => right.video_count - left.video_count)
        .slice(0, most);
      element.hidden = filled.length === 0;
      replace(
        list,
        ...filled.map(({ name }) =>
          h('li', {}, h('a', { class: 'category', href: namedPath('category', name) }, foreign(name)))
        ),
        h(
          'li',
          {},
          h('a', { class: 'category', href: '/tags' }, icon('tag'), h('span', { text: 'tags.title' })),
        ),
      );
    } catch {
      // The page is whole without them.
    }
  }

  return { element, load };
}

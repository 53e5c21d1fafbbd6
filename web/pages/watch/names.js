/** What a video is filed under: each name leads to what else there is of it. */
import { foreign, h } from '../../lib/dom.js';
import { searchPath } from '../../lib/search-address.js';

/** @param {import('../../lib/api.js').Video} video */
export function names({ category, people = [], tags = [] }) {
  const rows = [
    { label: 'watch.category', links: category ? [link(category, { category })] : [] },
    { label: 'watch.people', links: people.map((person) => link(person, { people: [person] })) },
    { label: 'watch.tags', links: tags.map((tag) => link(tag, { tags: [tag] })) },
  ].filter(({ links }) => links.length > 0);
  return rows.length > 0 && h(
    'dl',
    { class: 'about-names', 'data-testid': 'names' },
    ...rows.flatMap(({ label, links }) => [
      h('dt', { text: label }),
      h('dd', {}, ...links),
    ]),
  );
}

/**
 * @param {string} name
 * @param {Partial<import('../../lib/search-address.js').Search>} search
 */
function link(name, search) {
  return h('a', { class: 'name', href: searchPath(search) }, foreign(name));
}

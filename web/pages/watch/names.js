/** What a video is filed under: each name leads to what else there is of it. */
import { namedPath } from '../../lib/address.js';
import { foreign, h } from '../../lib/dom.js';

/** @param {import('../../lib/api.js').Video} video */
export function names({ category, people = [], tags = [] }) {
  const rows = [
    { label: 'watch.category', links: category ? [link('category', category)] : [] },
    { label: 'watch.people', links: people.map((person) => link('person', person)) },
    { label: 'watch.tags', links: tags.map((tag) => link('tag', tag)) },
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
 * @param {'category' | 'person' | 'tag'} kind
 * @param {string} name
 */
function link(kind, name) {
  return h('a', { class: 'name', href: namedPath(kind, name) }, foreign(name));
}

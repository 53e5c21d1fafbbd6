/** The filters of a search, each with how many videos it leaves, and those that are chosen. */
import { ownPath } from '../../lib/address.js';
import { foreign, freshId, h, icon, replace } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { lengths, searchPath, toggled } from '../../lib/search-address.js';
import { visible } from '../../lib/visible.js';
import { languageName } from '../../player/track-label.js';

/** @typedef {import('../../lib/catalogue.js').Counts} Counts */
/** @typedef {import('../../lib/catalogue.js').ValueCount} ValueCount */
/** @typedef {import('../../lib/search-address.js').Search} Search */

/** Values of one filter that are seen without asking for more. */
const few = 8;

/**
 * The filters that are chosen, as links that take each away.
 * @param {Search} search
 */
export function narrowings(search) {
  const { category, tags, people, language, length, q, sort } = search;
  const links = [
    ...(category === ''
      ? []
      : [away('folder', foreign(category), visible(category), { ...search, category: '' })]),
    ...tags.map((tag) => away('tag', foreign(tag), visible(tag), { ...search, tags: toggled(tags, tag) })),
    ...people.map((person) =>
      away('person', foreign(person), visible(person), { ...search, people: toggled(people, person) })
    ),
    ...(language === '' ? [] : [
      away('globe', h('span', {}, languageName(language)), languageName(language), {
        ...search,
        language: '',
      }),
    ]),
    ...(length === '' ? [] : [
      away('clock', h('span', { text: `search.length_${length}` }), t(`search.length_${length}`), {
        ...search,
        length: '',
      }),
    ]),
  ];
  if (links.length > 1) {
    links.push(
      h('a', {
        class: 'narrowing all',
        href: searchPath({ q, sort }),
        'data-refine': 'all',
        text: 'search.without_filters',
      }),
    );
  }
  return links;
}

/**
 * @param {string} symbol
 * @param {Node} words
 * @param {string} name
 * @param {Search} rest
 */
function away(symbol, words, name, rest) {
  return h(
    'a',
    {
      class: 'narrowing',
      href: searchPath(rest),
      'data-refine': name,
      label: ['search.take_away', { name }],
    },
    icon(symbol),
    words,
    icon('close'),
  );
}

export class Facets {
  /** @type {Set<string>} the filters of which all values are shown */
  #whole = new Set();
  #focus = '';

  constructor() {
    const id = freshId('facets');
    this.panel = h('div', { class: 'facet-panel' });
    this.element = h(
      'nav',
      { class: 'facets', id, label: 'search.filters', 'data-testid': 'facets' },
      this.panel,
    );
    this.opener = h(
      'button',
      {
        type: 'button',
        class: 'button facet-opener',
        'aria-expanded': 'false',
        'aria-controls': id,
        onclick: () => this.#unfold(),
      },
      icon('filter'),
      h('span', { text: 'search.filters' }),
    );
  }

  /** Where there is no room beside the hits, the filters stand behind a button. */
  #unfold() {
    const isOpen = this.element.classList.toggle('open');
    this.opener.setAttribute('aria-expanded', String(isOpen));
  }

  /** The link of this name has the focus when the filters are drawn anew. @param {string} name */
  keepFocus(name) {
    this.#focus = name;
  }

  /**
   * @param {Search} search
   * @param {Counts} counts
   */
  show(search, counts) {
    const { category, tags, people, language } = search;
    const chosen = (/** @type {string[]} */ values) => (/** @type {string} */ value) =>
      values.includes(value);
    replace(
      this.panel,
      this.#section(
        'category',
        counts.category,
        chosen([category]),
        (value) => searchPath({ ...search, category: category === value ? '' : value }),
      ),
      this.#section(
        'person',
        counts.person,
        chosen(people),
        (value) => searchPath({ ...search, people: toggled(people, value) }),
      ),
      this.#section(
        'tag',
        counts.tag,
        chosen(tags),
        (value) => searchPath({ ...search, tags: toggled(tags, value) }),
      ),
      this.#section(
        'language',
        counts.language,
        chosen([language]),
        (value) => searchPath({ ...search, language: language === value ? '' : value }),
        languageName,
      ),
      this.#lengths(search),
    );
    if (this.#focus === '') return;
    const name = this.#focus;
    this.#focus = '';
    const link = [...this.panel.querySelectorAll('a')].find((each) => each.dataset.refine === name);
    (link ?? this.opener).focus();
  }

  /**
   * @param {'category' | 'person' | 'tag' | 'language'} name
   * @param {ValueCount[]} values
   * @param {(value: string) => boolean} isChosen
   * @param {(value: string) => string} path
   * @param {(value: string) => string | Node} shown
   */
  #section(name, values, isChosen, path, shown = foreign) {
    if (values.length === 0) return null;
    const all = this.#whole.has(name) || values.length <= few + 1;
    const items = values.map(({ value, count }) => {
      const words = h('span', { class: 'facet-name' }, shown(value));
      return h('li', {}, facet(`${name} ${value}`, path(value), isChosen(value), words, count));
    });
    const list = h('ul', {}, ...items);
    const more = h('button', {
      type: 'button',
      class: 'facet-more',
      text: ['search.all_values', { count: values.length }],
      onclick: () => {
        this.#whole.add(name);
        for (const item of items) item.hidden = false;
        more.remove();
        items[few].querySelector('a')?.focus();
      },
    });
    if (!all) { for (const item of items.slice(few)) item.hidden = true; }
    return h('section', {}, h('h2', { text: `search.by_${name}` }), list, !all && more);
  }

  /** @param {Search} search */
  #lengths(search) {
    return h(
      'section',
      {},
      h('h2', { text: 'search.by_length' }),
      h(
        'ul',
        {},
        ...lengths.filter((each) => each !== '').map((length) => {
          const isChosen = search.length === length;
          const path = searchPath({ ...search, length: isChosen ? '' : length });
          const words = h('span', { class: 'facet-name', text: `search.length_${length}` });
          return h('li', {}, facet(`length ${length}`, path, isChosen, words, null));
        }),
      ),
    );
  }
}

/**
 * @param {string} name
 * @param {string} path
 * @param {boolean} isChosen
 * @param {Node} words
 * @param {number | null} count
 */
function facet(name, path, isChosen, words, count) {
  return h(
    'a',
    {
      class: 'facet',
      href: ownPath(path, '/search'),
      'data-refine': name,
      'aria-current': isChosen ? 'true' : null,
    },
    isChosen && icon('check'),
    words,
    count !== null && h('span', { class: 'facet-count', 'aria-hidden': 'true' }, count),
    count !== null && h('span', { class: 'unseen', text: ['library.count', { count }] }),
  );
}

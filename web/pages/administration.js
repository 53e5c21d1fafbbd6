/**
 * The administration: its sections, and the page of the one that the address names. What a section needs is loaded when it
 * is opened, so that nobody else pays for it.
 */
import { arches, troubleNote } from '../components/note.js';
import { administrationPath } from '../lib/address.js';
import { h, icon, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';
import { missingView } from './missing.js';

/** @typedef {import('../router.js').Context} Context */
/** @typedef {import('../router.js').View} View */
/** @typedef {{ view: (context: Context, id: string) => View }} Page */

/** @type {Record<string, { icon: string, all: () => Promise<Page>, one?: () => Promise<Page> }>} */
const sections = {
  people: {
    icon: 'people',
    all: () => import('./administration/people.js'),
    one: () => import('./administration/person.js'),
  },
  groups: {
    icon: 'group',
    all: () => import('./administration/groups.js'),
    one: () => import('./administration/group.js'),
  },
  vocabulary: { icon: 'tag', all: () => import('./administration/vocabulary.js') },
  audit: { icon: 'list', all: () => import('./administration/audit.js') },
  settings: { icon: 'settings', all: () => import('./administration/settings.js') },
  system: { icon: 'gauge', all: () => import('./administration/system.js') },
};

/** The section that is shown where the address names none. */
const first = 'people';

/**
 * @param {Context} context
 * @param {string} place what follows `/administration/`
 * @returns {View}
 */
export function administrationView(context, place) {
  if (context.user.role !== 'admin') return refusedView();
  const [name, id, ...more] = (place || first).split('/');
  const section = Object.hasOwn(sections, name) ? sections[name] : null;
  const load = id ? section?.one : section?.all;
  if (!load || more.length > 0) return missingView();
  const shown = new Section(context, name, decoded(id ?? ''), load);
  shown.start();
  return { element: shown.element, title: () => shown.title, close: () => shown.close() };
}

/** @param {string} id percent-encoded, or something that only looks so */
function decoded(id) {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

class Section {
  /** @type {View | null} */
  #view = null;
  #isClosed = false;

  /**
   * @param {Context} context
   * @param {string} name
   * @param {string} id
   * @param {() => Promise<Page>} load
   */
  constructor(context, name, id, load) {
    this.context = context;
    this.name = name;
    this.id = id;
    this.load = load;
    this.body = h('div', { class: 'administration-page', 'aria-busy': 'true' });
    this.element = h('div', { class: 'administration' }, navigation(name), this.body);
  }

  get title() {
    return this.#view?.title() || t(`admin.section.${this.name}`);
  }

  async start() {
    try {
      const page = await this.load();
      if (this.#isClosed) return;
      this.#view = page.view(this.context, this.id);
      replace(this.body, this.#view.element);
      this.context.retitle?.();
    } catch (error) {
      if (this.#isClosed) return;
      const again = () => location.reload();
      replace(this.body, troubleNote('admin.page_error', explain(error), again));
    } finally {
      this.body.removeAttribute('aria-busy');
    }
  }

  close() {
    this.#isClosed = true;
    this.#view?.close?.();
  }
}

/** @param {string} current */
function navigation(current) {
  const links = Object.entries(sections).map(([name, section]) =>
    h(
      'a',
      { href: administrationPath([name]), 'aria-current': name === current ? 'page' : null },
      icon(section.icon),
      h('span', { text: `admin.section.${name}` }),
    )
  );
  return h('nav', { class: 'sections', label: 'admin.sections' }, ...links);
}

/** @returns {View} */
function refusedView() {
  const element = h(
    'div',
    { class: 'empty', 'data-testid': 'administrators-only' },
    arches(),
    h('h1', { text: 'admin.only' }),
    h('p', { text: 'admin.only_hint' }),
    h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
  );
  return { element, title: () => t('admin.only') };
}

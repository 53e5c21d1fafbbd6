/** The settings of this server, and where each comes from. They are changed where the server is started. */
import { Table } from '../../components/table.js';
import { troubleNote } from '../../components/note.js';
import { administrationPath } from '../../lib/address.js';
import { listSettings } from '../../lib/administration.js';
import { h, icon, replace } from '../../lib/dom.js';
import { has, onLocaleChange, t } from '../../lib/i18n.js';
import { explain } from '../../lib/problem.js';
import { visible } from '../../lib/visible.js';
import { filterFrom } from './filter.js';
import { emptyNote } from './listing.js';
import { matching, settingText, sources } from './setting-words.js';

/** @typedef {import('../../lib/administration.js').Setting} Setting */
/** @typedef {import('../../router.js').Context} Context */

/**
 * @param {Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const page = new SettingsPage(context);
  page.load();
  return { element: page.element, title: () => t('admin.section.settings'), close: () => page.close() };
}

class SettingsPage {
  /** @type {Setting[] | null} */
  #settings = null;
  #stop = new AbortController();

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    const filter = filterFrom(location.search, { q: null, source: sources });
    this.table = new Table({
      caption: 'admin.section.settings',
      className: 'settings',
      testid: 'settings',
      key: (/** @type {Setting} */ setting) => setting.name,
      columns: [
        { label: 'admin.setting', names: true, cell: ({ name }) => h('code', {}, name) },
        { label: 'admin.value', className: 'value', cell: (setting) => valueOf(setting) },
        { label: 'admin.source', cell: ({ source }) => sourceOf(source) },
      ],
    });
    this.search = h('input', {
      class: 'input',
      type: 'search',
      label: 'admin.search_settings',
      hint: 'admin.search_settings',
      value: filter.q ?? '',
      maxlength: 200,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-testid': 'search',
      oninput: () => this.#narrow(),
    });
    this.source = h(
      'select',
      { class: 'input select', label: 'admin.any_source', onchange: () => this.#narrow() },
      h('option', { value: '', text: 'admin.any_source' }),
      ...sources.map((source) =>
        h('option', { value: source, text: `admin.source.${source}`, selected: source === filter.source })
      ),
    );
    this.status = h('p', { class: 'listing-count', role: 'status', text: 'admin.loading' });
    this.note = h('div');
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'admin.section.settings' }),
        h('p', { text: 'admin.settings_hint' }),
      ),
      h(
        'form',
        {
          class: 'filters',
          role: 'search',
          onsubmit: (/** @type {Event} */ event) => event.preventDefault(),
        },
        h('span', { class: 'search-field' }, icon('search'), this.search),
        this.source,
      ),
      this.status,
      this.note,
      this.table.element,
    );
    this.table.await(12);
    this.#stop.signal.addEventListener('abort', onLocaleChange(() => this.#show()), { once: true });
  }

  close() {
    this.#stop.abort();
  }

  async load() {
    const { signal } = this.#stop;
    try {
      this.#settings = await listSettings(signal);
      this.#show();
    } catch (error) {
      if (signal.aborted) return;
      this.table.element.hidden = true;
      this.status.textContent = '';
      replace(this.note, troubleNote('admin.list_error', explain(error), () => this.load()));
      this.context.session.check().catch(() => {});
    }
  }

  #narrow() {
    const query = { q: this.search.value.trim(), source: this.source.value };
    history.replaceState(null, '', administrationPath(['settings'], query));
    this.#show();
  }

  #show() {
    if (!this.#settings) return;
    const found = matching(this.#settings, this.search.value, this.source.value);
    this.table.show(found);
    this.table.element.hidden = found.length === 0;
    this.status.textContent = found.length === 0 ? '' : t('admin.settings_count', { count: found.length });
    replace(
      this.note,
      found.length === 0 && emptyNote({ title: 'admin.no_settings', hint: 'admin.no_settings_hint' }),
    );
  }
}

/** @param {Setting} setting */
function valueOf(setting) {
  const { text, isPlain } = settingText(setting);
  return isPlain ? h('code', {}, text) : h('span', { class: 'quiet' }, text);
}

/** @param {string} source */
function sourceOf(source) {
  const words = has(`admin.source.${source}`) ? t(`admin.source.${source}`) : visible(source);
  return h('span', { class: source === 'default' ? 'quiet' : 'standing set' }, words);
}

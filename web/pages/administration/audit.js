/** The audit: who did what, with what, when and from where. */
import { options } from '../../components/choices.js';
import { Field } from '../../components/field.js';
import { administrationPath } from '../../lib/address.js';
import { auditExport, getPerson, listAudit } from '../../lib/administration.js';
import { h, icon, replace } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';
import { auditFilter, auditQuery } from './audit-filter.js';
import { auditTable } from './audit-list.js';
import { actions } from './audit-words.js';
import { afterTyping, refined } from './filter.js';
import { Listing } from './listing.js';
import { nameOf } from './names.js';
import { pickPeople } from './pick-person.js';

/** @typedef {import('../../lib/administration.js').AuditEntry} AuditEntry */
/** @typedef {import('../../router.js').Context} Context */

/**
 * @param {Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const page = new AuditPage(context);
  page.start();
  return { element: page.element, title: () => t('admin.section.audit'), close: () => page.close() };
}

class AuditPage {
  #stop = new AbortController();
  /** @type {Map<string, string>} what ids are called */
  #names = new Map();

  /** @param {Context} context */
  constructor(context) {
    this.filter = auditFilter(location.search);
    this.listing = new Listing({
      table: auditTable(),
      load: (cursor, signal) => listAudit(auditQuery(this.filter), cursor, signal),
      count: 'admin.entries_count',
      empty: () => this.#empty(),
      loaded: (entries) => this.#learnNames(entries),
      failed: () => void context.session.check().catch(() => {}),
    });
    this.typing = afterTyping(() => this.#narrow({ q: this.search.value.trim() }));
    this.search = h('input', {
      class: 'input',
      type: 'search',
      label: 'admin.search_audit',
      hint: 'admin.search_audit',
      value: this.filter.q ?? '',
      maxlength: 200,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-testid': 'search',
      oninput: () => this.typing.typed(),
    });
    this.kind = h(
      'select',
      { class: 'input select', name: 'action', label: 'admin.any_action', 'data-testid': 'filter-action' },
      ...options([['', 'admin.any_action']]),
      ...Object.entries(actions).map(([about, names]) =>
        h(
          'optgroup',
          { label: `audit.about.${about}` },
          ...options(
            names.map((name) => [`${about}.${name}`, `audit.title.${about}.${name}`]),
            this.filter.action,
          ),
        )
      ),
    );
    this.kind.addEventListener('change', () => this.#narrow({ [this.kind.name]: this.kind.value }));
    this.from = this.#day('from', 'audit.from_day');
    this.to = this.#day('to', 'audit.to_day');
    this.chips = h('div', { class: 'filter-chips' });
    this.exports = h('span', { class: 'head-actions' });
    this.element = h(
      'div',
      {},
      h('div', { class: 'page-head' }, h('h1', { text: 'admin.section.audit' }), this.exports),
      h(
        'form',
        { class: 'filters', role: 'search', onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
        h('span', { class: 'search-field' }, icon('search'), this.search),
        this.kind,
        this.from.element,
        this.to.element,
      ),
      this.chips,
      this.listing.element,
    );
  }

  start() {
    this.#show();
    this.listing.begin();
    for (const what of /** @type {const} */ (['actor', 'target'])) this.#askName(this.filter[what]);
  }

  close() {
    this.#stop.abort();
    this.typing.close();
    this.listing.close();
  }

  /**
   * @param {'from' | 'to'} name
   * @param {string} label
   */
  #day(name, label) {
    const control = h('input', { class: 'input', type: 'date', name, value: this.filter[name] ?? '' });
    control.addEventListener('change', () => this.#narrow({ [name]: control.value }));
    const field = new Field({ label, control });
    field.element.classList.add('inline');
    return field;
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    this.typing.now();
  }

  /** @param {Record<string, string>} changes */
  #narrow(changes) {
    const next = refined(this.filter, changes);
    if (JSON.stringify(next) === JSON.stringify(this.filter)) return;
    this.filter = next;
    history.replaceState(null, '', administrationPath(['audit'], next));
    this.#show();
    this.listing.begin();
  }

  /** What the filter says beyond its fields, and where what it finds can be downloaded. */
  #show() {
    replace(
      this.exports,
      ...(/** @type {const} */ (['csv', 'jsonl'])).map((format) =>
        h(
          'a',
          { class: 'button', href: auditExport(format, auditQuery(this.filter)), download: true },
          icon('download'),
          h('span', { text: `admin.export_${format}` }),
        )
      ),
    );
    replace(this.chips, this.#person('actor'), this.#person('target'));
  }

  /** @param {'actor' | 'target'} what */
  #person(what) {
    const id = this.filter[what];
    if (!id) {
      return h('button', {
        type: 'button',
        class: 'button small',
        text: `admin.choose_${what}`,
        'data-testid': `choose-${what}`,
        onclick: () => this.#pick(what),
      });
    }
    const name = this.#names.get(id) ?? id;
    return h(
      'span',
      { class: 'chip chosen' },
      h('span', { text: [`admin.only_${what}`, { name }] }),
      h(
        'button',
        {
          type: 'button',
          label: ['admin.clear_one', { name }],
          onclick: () => {
            this.#narrow({ [what]: '' });
            /** @type {HTMLElement | null} */ (this.chips.querySelector('button'))?.focus();
          },
        },
        icon('close'),
      ),
    );
  }

  /** @param {'actor' | 'target'} what */
  async #pick(what) {
    await pickPeople({
      title: `admin.choose_${what}`,
      one: true,
      take: (person) => {
        this.#names.set(person.id, nameOf(person));
        this.#narrow({ [what]: person.id });
        return Promise.resolve();
      },
    });
    /** @type {HTMLElement | null} */ (this.chips.querySelector('button'))?.focus();
  }

  /** @param {AuditEntry[]} entries */
  #learnNames(entries) {
    const before = this.#names.size;
    for (const { actor, target } of entries) {
      for (const one of [actor, target]) {
        if (one?.id && one.name && !this.#names.has(one.id)) this.#names.set(one.id, visible(one.name));
      }
    }
    const { actor, target } = this.filter;
    if (this.#names.size > before && (actor || target)) this.#show();
  }

  /** A filter that finds nothing still says whom it is about. @param {string | undefined} id */
  async #askName(id) {
    if (!id || this.#names.has(id)) return;
    try {
      this.#names.set(id, nameOf(await getPerson(id, this.#stop.signal)));
      this.#show();
    } catch {
      // It may be a video, or somebody who is gone.
    }
  }

  #empty() {
    if (Object.keys(this.filter).length === 0) {
      return { title: 'admin.no_entries', hint: 'admin.no_entries_hint' };
    }
    const way = h('a', {
      class: 'button',
      href: administrationPath(['audit']),
      text: 'admin.clear_filter',
    });
    return { title: 'admin.no_entries_found', hint: 'admin.no_entries_found_hint', way };
  }
}

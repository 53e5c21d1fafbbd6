/** Everyone who has an account: searched, filtered, changed one by one or many at once. */
import { options } from '../../components/choices.js';
import { menuButton } from '../../components/menu-button.js';
import { Table } from '../../components/table.js';
import { administrationPath } from '../../lib/address.js';
import { allGroups, listPeople } from '../../lib/administration.js';
import { h, icon } from '../../lib/dom.js';
import { since } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';
import { BatchBar } from './batch.js';
import { afterTyping, filterFrom, refined } from './filter.js';
import { Listing } from './listing.js';
import {
  groupLinks,
  nameOf,
  personLink,
  roleChoices,
  roleName,
  roles,
  stateBadges,
  states,
} from './names.js';
import { changeRole, failing, personActions } from './person-actions.js';
import { Selection } from './selection.js';

/** @typedef {import('../../lib/administration.js').Person} Person */
/** @typedef {import('../../router.js').Context} Context */

const known = { q: null, role: roles, state: states, group: null };

export class PeopleList {
  #stop = new AbortController();

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.filter = filterFrom(location.search, known);
    this.selection = new Selection();
    this.table = new Table({
      caption: 'admin.section.people',
      className: 'people',
      testid: 'people',
      key: (/** @type {Person} */ person) => person.id,
      columns: this.#columns(),
    });
    this.listing = new Listing({
      table: this.table,
      load: (cursor, signal) => listPeople(this.filter, cursor, signal),
      count: 'admin.people_count',
      empty: () => this.#empty(),
      loaded: () => this.#showSelection(),
      failed: () => void context.session.check().catch(() => {}),
    });
    this.typing = afterTyping(() => this.#narrow({ q: this.search.value.trim() }));
    this.search = h('input', {
      class: 'input',
      type: 'search',
      label: 'admin.search_people',
      hint: 'admin.search_people',
      value: this.filter.q ?? '',
      maxlength: 200,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-testid': 'search',
      oninput: () => this.typing.typed(),
    });
    this.role = this.#select('role', 'admin.any_role', roleChoices());
    this.state = this.#select(
      'state',
      'admin.any_state',
      states.map((state) => [state, `admin.state.${state}`]),
    );
    this.group = this.#select('group', 'admin.any_group', []);
    this.batch = new BatchBar(this.selection, { changed: () => this.#manyChanged() });
    this.element = h(
      'div',
      {},
      h(
        'form',
        { class: 'filters', role: 'search', onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
        h('span', { class: 'search-field' }, icon('search'), this.search),
        this.role,
        this.state,
        this.group,
      ),
      this.listing.element,
      this.batch.element,
    );
    this.selection.addEventListener('change', () => this.#showSelection(), { signal: this.#stop.signal });
  }

  start() {
    this.listing.begin();
    this.#fillGroups();
  }

  /** The bar, and with it what had the focus, is gone. */
  #manyChanged() {
    this.table.element.focus({ preventScroll: true });
    this.listing.begin();
  }

  /** Somebody came. */
  came() {
    this.listing.begin();
  }

  close() {
    this.#stop.abort();
    this.typing.close();
    this.listing.close();
    this.batch.close();
  }

  #columns() {
    /** @type {import('../../components/table.js').Column<Person>[]} */
    const columns = [
      {
        label: 'admin.select',
        bare: true,
        className: 'tight',
        cell: (person) => this.#checkbox(person),
      },
      { label: 'admin.person', names: true, cell: personLink },
      { label: 'admin.role', cell: (person) => this.#roleButton(person) },
      { label: 'admin.state', cell: stateBadges },
      { label: 'admin.groups', cell: (person) => groupLinks(person.groups) },
      {
        label: 'admin.last_sign_in',
        cell: ({ last_sign_in_at: at }) => at ? h('time', { datetime: at }, since(at)) : t('admin.never'),
      },
      { label: 'admin.actions', bare: true, className: 'tight', cell: (person) => this.#menu(person) },
    ];
    return columns;
  }

  /** @param {Person} person */
  #checkbox(person) {
    return h(
      'label',
      { class: 'row-check' },
      h('input', {
        type: 'checkbox',
        checked: this.selection.has(person.id),
        label: ['admin.select_person', { name: nameOf(person) }],
        'data-part': 'select',
        onchange: (/** @type {Event} */ event) => {
          const box = /** @type {HTMLInputElement} */ (event.target);
          box.checked = this.selection.set(person, box.checked);
        },
      }),
    );
  }

  /** @param {Person} person */
  #roleButton(person) {
    return h(
      'button',
      {
        type: 'button',
        class: 'role-button',
        label: ['admin.change_role_of', { name: nameOf(person), role: roleName(person.role) }],
        'data-part': 'role',
        onclick: () => changeRole(person, this.context, this.#following(person)),
      },
      roleName(person.role),
      icon('chevron-down'),
    );
  }

  /** @param {Person} person */
  #menu(person) {
    return menuButton({
      label: ['admin.actions_for', { name: nameOf(person) }],
      items: () => personActions(this.table.item(person.id) ?? person, this.context, this.#following(person)),
    });
  }

  /** @param {Person} person */
  #following(person) {
    const failed = failing(person, this.context);
    return {
      changed: (/** @type {Person} */ now) => this.table.update(now),
      removed: () => this.#removed(person),
      failed: async (/** @type {unknown} */ error) => {
        const now = await failed(error);
        if (now) this.table.update(now);
      },
    };
  }

  /** @param {Person} person */
  #removed(person) {
    this.selection.set(person, false);
    this.table.remove(person.id);
    this.listing.settle();
  }

  /**
   * @param {'role' | 'state' | 'group'} name
   * @param {string} any a message key
   * @param {[string, string][]} choices
   */
  #select(name, any, choices) {
    const select = h(
      'select',
      { class: 'input select', label: any, 'data-testid': `filter-${name}` },
      ...options([['', any], ...choices], this.filter[name] ?? ''),
    );
    select.addEventListener('change', () => this.#narrow({ [name]: select.value }));
    return select;
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
    history.replaceState(null, '', administrationPath(['people'], next));
    this.selection.clear();
    this.listing.begin();
  }

  #showSelection() {
    for (const box of this.table.body.querySelectorAll('input[type="checkbox"]')) {
      const id = box.closest('tr')?.dataset.id ?? '';
      /** @type {HTMLInputElement} */ (box).checked = this.selection.has(id);
    }
    this.batch.offer(this.table.items);
  }

  async #fillGroups() {
    try {
      const groups = await allGroups(this.#stop.signal);
      const chosen = this.filter.group ?? '';
      this.group.append(
        ...groups.map(({ id, name }) => h('option', { value: id, selected: id === chosen }, visible(name))),
      );
      if (chosen !== '' && !groups.some(({ id }) => id === chosen)) {
        this.group.append(h('option', { value: chosen, selected: true, text: 'admin.unknown_group' }));
      }
    } catch {
      // The list itself says what is wrong.
    }
  }

  #empty() {
    if (Object.keys(this.filter).length === 0) {
      return { title: 'admin.no_people', hint: 'admin.no_people_hint' };
    }
    const clear = h('a', {
      class: 'button',
      href: administrationPath(['people']),
      text: 'admin.clear_filter',
    });
    return { title: 'admin.nobody_found', hint: 'admin.nobody_found_hint', way: clear };
  }
}

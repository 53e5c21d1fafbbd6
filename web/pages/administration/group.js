/** One group: who is in it. */
import { menuButton } from '../../components/menu-button.js';
import { troubleNote } from '../../components/note.js';
import { Table } from '../../components/table.js';
import { toast, toastError } from '../../components/toast.js';
import { administrationPath } from '../../lib/address.js';
import { addMember, getGroup, listMembers, removeMember } from '../../lib/administration.js';
import { ApiError } from '../../lib/api.js';
import { foreign, h, icon, replace } from '../../lib/dom.js';
import { explain } from '../../lib/problem.js';
import { visible } from '../../lib/visible.js';
import { askForName, askToRemove } from './groups.js';
import { emptyNote, Listing } from './listing.js';
import { nameOf, personLink, roleName } from './names.js';
import { pickPeople } from './pick-person.js';

/** @typedef {import('../../lib/administration.js').Group} Group */
/** @typedef {import('../../lib/administration.js').Person} Person */
/** @typedef {import('../../router.js').Context} Context */

/**
 * @param {Context} context
 * @param {string} id
 * @returns {import('../../router.js').View}
 */
export function view(context, id) {
  const page = new GroupPage(context, id);
  page.load();
  return {
    element: page.element,
    title: () => visible(page.group?.name ?? ''),
    close: () => page.close(),
  };
}

class GroupPage {
  /** @type {Group | null} */
  group = null;
  #stop = new AbortController();

  /**
   * @param {Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.table = new Table({
      caption: 'admin.members',
      testid: 'members',
      key: (/** @type {Person} */ person) => person.id,
      columns: [
        { label: 'admin.person', names: true, cell: personLink },
        { label: 'admin.role', cell: ({ role }) => role ? roleName(role) : '' },
        {
          label: 'admin.actions',
          bare: true,
          className: 'tight',
          cell: (person) => this.#takeOutButton(person),
        },
      ],
    });
    this.listing = new Listing({
      table: this.table,
      load: (cursor, signal) => listMembers(id, cursor, signal),
      count: 'admin.members_count',
      empty: () => ({ title: 'admin.no_members', hint: 'admin.no_members_hint' }),
    });
    this.head = h('div', { class: 'page-head' }, h('div', { class: 'bone line title' }));
    this.body = h('div', {}, this.listing.element);
    this.element = h(
      'div',
      {},
      h(
        'a',
        { class: 'back', href: administrationPath(['groups']) },
        icon('back'),
        h('span', { text: 'admin.section.groups' }),
      ),
      this.head,
      this.body,
    );
  }

  close() {
    this.#stop.abort();
    this.listing.close();
  }

  async load() {
    const { signal } = this.#stop;
    try {
      this.group = await getGroup(this.id, signal);
      this.#draw(this.group);
      replace(this.body, this.listing.element);
      this.context.retitle?.();
      this.listing.begin();
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    this.head.replaceChildren();
    const isGone = error instanceof ApiError && (error.status === 404 || error.status === 422);
    const back = h('a', { class: 'button', href: administrationPath(['groups']), text: 'admin.to_groups' });
    replace(
      this.body,
      isGone
        ? emptyNote({ title: 'admin.no_such_group', hint: 'admin.no_such_group_hint', way: back })
        : troubleNote('admin.group_error', explain(error), () => this.load()),
    );
    this.context.session.check().catch(() => {});
  }

  /** @param {Group} group */
  #draw(group) {
    replace(
      this.head,
      h('h1', { 'data-testid': 'group-name' }, foreign(group.name)),
      h(
        'div',
        { class: 'head-actions' },
        h(
          'button',
          {
            type: 'button',
            class: 'button primary',
            onclick: () => this.#add(),
            'data-testid': 'add-members',
          },
          icon('plus'),
          h('span', { text: 'admin.add_members' }),
        ),
        menuButton({
          label: ['admin.actions_for', { name: group.name }],
          items: () => [
            { text: 'admin.rename', icon: 'edit', act: () => askForName(group, (now) => this.#renamed(now)) },
            { text: 'admin.remove_group', icon: 'trash', danger: true, act: () => this.#remove(group) },
          ],
        }),
      ),
    );
  }

  /** @param {Group} group */
  #renamed(group) {
    this.group = group;
    this.#draw(group);
    this.context.retitle?.();
    /** @type {HTMLElement | null} */ (this.head.querySelector('[data-part="menu"]'))?.focus();
  }

  /** @param {Group} group */
  async #remove(group) {
    if (await askToRemove(group)) this.context.go?.(administrationPath(['groups']));
  }

  async #add() {
    const members = new Set(this.table.items.map(({ id }) => id));
    const added = await pickPeople({
      title: ['admin.add_members_to', { group: this.group?.name ?? '' }],
      isTaken: (person) => members.has(person.id) || person.groups.some(({ id }) => id === this.id),
      take: async (person) => {
        await addMember(this.id, person.id);
        members.add(person.id);
      },
    });
    if (added > 0) this.listing.begin();
  }

  /** @param {Person} person */
  #takeOutButton(person) {
    return h('button', {
      type: 'button',
      class: 'button small',
      text: 'admin.take_out',
      label: ['admin.take_out_person', { name: nameOf(person) }],
      onclick: () => this.#takeOut(person),
    });
  }

  /** @param {Person} person */
  async #takeOut(person) {
    try {
      await removeMember(this.id, person.id);
      this.table.remove(person.id);
      this.listing.settle();
      toast('admin.taken_out_person', { name: nameOf(person) });
    } catch (error) {
      toastError(error);
    }
  }
}

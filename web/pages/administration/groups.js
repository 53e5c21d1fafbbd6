/** Groups of people, with which videos are shared. */
import { ask } from '../../components/dialogs.js';
import { textField } from '../../components/field.js';
import { menuButton } from '../../components/menu-button.js';
import { Table } from '../../components/table.js';
import { toast } from '../../components/toast.js';
import { administrationPath } from '../../lib/address.js';
import { createGroup, listGroups, removeGroup, renameGroup } from '../../lib/administration.js';
import { foreign, h, icon } from '../../lib/dom.js';
import { date } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { Listing } from './listing.js';

/** @typedef {import('../../lib/administration.js').Group} Group */

/**
 * @param {import('../../router.js').Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const page = new GroupsPage(context);
  page.listing.begin();
  return { element: page.element, title: () => t('admin.section.groups'), close: () => page.listing.close() };
}

/** Characters of a name. */
export const longestName = 100;

class GroupsPage {
  /** @param {import('../../router.js').Context} context */
  constructor(context) {
    this.table = new Table({
      caption: 'admin.section.groups',
      testid: 'groups',
      key: (/** @type {Group} */ group) => group.id,
      columns: [
        {
          label: 'admin.group',
          names: true,
          cell: ({ id, name }) =>
            h('a', { href: administrationPath(['groups', id]), 'data-part': 'name' }, foreign(name)),
        },
        {
          label: 'admin.members',
          cell: ({ member_count: count }) => count === undefined ? '–' : t('admin.members_count', { count }),
        },
        {
          label: 'admin.made',
          cell: ({ created_at: at }) => at ? h('time', { datetime: at }, date(at)) : '–',
        },
        { label: 'admin.actions', bare: true, className: 'tight', cell: (group) => this.#menu(group) },
      ],
    });
    this.listing = new Listing({
      table: this.table,
      load: listGroups,
      count: 'admin.groups_count',
      empty: () => ({ title: 'admin.no_groups_yet', hint: 'admin.no_groups_hint' }),
      failed: () => void context.session.check().catch(() => {}),
    });
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'admin.section.groups' }),
        h(
          'div',
          { class: 'head-actions' },
          h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              onclick: () => this.#create(),
              'data-testid': 'new-group',
            },
            icon('plus'),
            h('span', { text: 'admin.new_group' }),
          ),
        ),
      ),
      this.listing.element,
    );
  }

  /** @param {Group} group */
  #menu(group) {
    return menuButton({
      label: ['admin.actions_for', { name: group.name }],
      items: () => [
        { text: 'admin.rename', icon: 'edit', act: () => this.#rename(group) },
        { text: 'admin.remove_group', icon: 'trash', danger: true, act: () => this.#remove(group) },
      ],
    });
  }

  async #create() {
    const name = nameField();
    await ask({
      title: 'admin.new_group',
      confirm: 'admin.create',
      fields: [name],
      act: async () => {
        await createGroup(name.value.trim());
        this.listing.begin();
        toast('admin.group_created', { group: name.value.trim() });
      },
    });
  }

  /** @param {Group} group */
  #rename(group) {
    return askForName(group, (now) => this.table.update(now));
  }

  /** @param {Group} group */
  async #remove(group) {
    if (!await askToRemove(group)) return;
    this.table.remove(group.id);
    this.listing.settle();
  }
}

/** @param {string} [name] */
function nameField(name = '') {
  return textField({
    label: 'admin.name',
    name: 'name',
    input: { value: name, maxlength: longestName, autocomplete: 'off' },
  });
}

/**
 * @param {Group} group
 * @param {(now: Group) => void} changed
 */
export async function askForName(group, changed) {
  const name = nameField(group.name);
  let now = group;
  const isDone = await ask({
    title: ['admin.rename_group', { group: group.name }],
    confirm: 'action.save',
    fields: [name],
    act: async () => {
      now = { ...group, ...await renameGroup(group.id, name.value.trim()) };
    },
  });
  if (!isDone) return;
  changed(now);
  toast('admin.saved');
}

/** @param {Group} group */
export async function askToRemove(group) {
  const done = await ask({
    title: ['admin.remove_group_question', { group: group.name }],
    confirm: 'admin.remove_group',
    danger: true,
    body: [h('p', { text: 'admin.remove_group_hint' })],
    act: () => removeGroup(group.id),
  });
  if (done) toast('admin.group_removed', { group: group.name });
  return done;
}

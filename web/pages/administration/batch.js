/** What can be done with everyone who is chosen. It stands at the bottom of the window while somebody is. */
import { ask, showOnce } from '../../components/dialogs.js';
import { menuButton } from '../../components/menu-button.js';
import { toast, toastError } from '../../components/toast.js';
import { allGroups, changePeople } from '../../lib/administration.js';
import { foreign, h, icon } from '../../lib/dom.js';
import { onLocaleChange, t } from '../../lib/i18n.js';
import { explainCode } from '../../lib/problem.js';
import { nameOf } from './names.js';
import { groupField, roleRadios } from './person-actions.js';

/** @typedef {import('../../lib/administration.js').Person} Person */
/** @typedef {import('../../lib/administration.js').Change} Change */
/** @typedef {Awaited<ReturnType<typeof changePeople>>} Outcome */

export class BatchBar {
  /** @type {Person[]} those on the page */
  #offered = [];

  /**
   * @param {import('./selection.js').Selection} selection
   * @param {{ changed: () => void }} following
   */
  constructor(selection, { changed }) {
    this.selection = selection;
    this.changed = changed;
    this.count = h('strong', { role: 'status' });
    this.element = h(
      'section',
      { class: 'batch', label: 'admin.many', hidden: true, 'data-testid': 'batch' },
      this.count,
      h(
        'button',
        { type: 'button', class: 'button small', onclick: () => this.#changeRole() },
        icon('people'),
        h('span', { text: 'admin.change_role' }),
      ),
      menuButton({ label: 'admin.more_for_selected', items: () => this.#items() }),
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button',
          label: 'admin.select_none',
          tip: 'admin.select_none',
          onclick: () => selection.clear(),
        },
        icon('close'),
      ),
    );
    this.end = onLocaleChange(() => this.#show());
  }

  /** @param {Person[]} people those on the page */
  offer(people) {
    this.#offered = people;
    this.#show();
  }

  close() {
    this.end();
  }

  #show() {
    const { count } = this.selection;
    this.element.hidden = count === 0;
    const words = t('admin.selected', { count });
    if (this.count.textContent !== words) this.count.textContent = words;
  }

  /** @returns {import('../../components/menu-button.js').MenuItem[]} */
  #items() {
    const { selection } = this;
    const isAll = this.#offered.every(({ id }) => selection.has(id));
    const all = { text: 'admin.select_shown', icon: 'check', act: () => selection.add(this.#offered) };
    return [
      ...(isAll ? [] : [all]),
      { text: 'admin.add_to_group', icon: 'group', act: () => this.#changeGroup('add_group') },
      { text: 'admin.remove_from_group', icon: 'group', act: () => this.#changeGroup('remove_group') },
      { text: 'admin.enable', icon: 'check', act: () => this.#do({ disabled: false }) },
      { text: 'admin.disable', icon: 'close', danger: true, act: () => this.#disable() },
    ];
  }

  async #changeRole() {
    const choice = roleRadios('user');
    await this.#ask({
      title: ['admin.role_of_many', { count: this.selection.count }],
      confirm: 'action.save',
      body: [choice.element],
    }, () => ({ role: choice.value() }));
  }

  async #disable() {
    await this.#ask({
      title: ['admin.disable_many', { count: this.selection.count }],
      confirm: 'admin.disable',
      danger: true,
      body: [h('p', { text: 'admin.disable_hint' })],
    }, () => ({ disabled: true }));
  }

  /** @param {'add_group' | 'remove_group'} what */
  async #changeGroup(what) {
    try {
      const groups = await allGroups();
      if (groups.length === 0) return toast('admin.no_groups');
      const field = groupField(groups);
      await this.#ask({
        title: [
          what === 'add_group' ? 'admin.add_many_to_group' : 'admin.remove_many_from_group',
          { count: this.selection.count },
        ],
        confirm: what === 'add_group' ? 'action.add' : 'admin.take_out',
        fields: [field],
      }, () => ({ [what]: field.value }));
    } catch (error) {
      toastError(error);
    }
  }

  /**
   * @param {Omit<Parameters<typeof ask>[0], 'act'>} question
   * @param {() => Change} change
   */
  async #ask(question, change) {
    /** @type {Outcome} */
    let outcome = { changed: 0, refused: [] };
    const isDone = await ask({
      ...question,
      act: async () => {
        outcome = await this.#change(change());
      },
    });
    if (isDone) await this.#changed(outcome);
  }

  /** Without a question first. @param {Change} change */
  async #do(change) {
    try {
      await this.#changed(await this.#change(change));
    } catch (error) {
      toastError(error);
    }
  }

  /** @param {Change} change */
  #change(change) {
    return changePeople(this.selection.people.map(({ id }) => id), change);
  }

  /** @param {Outcome} outcome */
  async #changed({ changed, refused }) {
    const { people } = this.selection;
    toast('admin.changed_many', { count: changed });
    this.selection.clear();
    this.changed();
    if (refused.length > 0) await this.#tell(people, refused);
  }

  /**
   * @param {Person[]} people
   * @param {import('../../lib/administration.js').Refusal[]} refused
   */
  async #tell(people, refused) {
    const names = new Map(people.map((person) => [person.id, nameOf(person)]));
    await showOnce({
      title: ['admin.refused_many', { count: refused.length }],
      confirm: 'action.close',
      body: [
        h(
          'ul',
          { class: 'refused' },
          ...refused.map(({ id, code }) =>
            h('li', {}, h('strong', {}, foreign(names.get(id) ?? id)), ' ', explainCode(code))
          ),
        ),
      ],
    });
  }
}

/** Invitations that nobody has used yet. */
import { ask } from '../../components/dialogs.js';
import { Table } from '../../components/table.js';
import { toast } from '../../components/toast.js';
import { listInvitations, takeBackInvitation } from '../../lib/administration.js';
import { foreign, h } from '../../lib/dom.js';
import { since } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { Listing } from './listing.js';
import { roleName } from './names.js';
import { until } from './times.js';

/** @typedef {import('../../lib/administration.js').Invitation} Invitation */

export class Invitations {
  constructor() {
    this.table = new Table({
      caption: 'admin.people.invitations',
      testid: 'invitations',
      key: (/** @type {Invitation} */ invitation) => invitation.id,
      columns: [
        {
          label: 'admin.invited',
          names: true,
          cell: ({ email }) => email ? foreign(email) : h('span', { text: 'admin.anybody_with_link' }),
        },
        { label: 'admin.role', cell: ({ role }) => roleName(role) },
        { label: 'admin.made', cell: ({ created_at: at }) => h('time', { datetime: at }, since(at)) },
        { label: 'admin.expires', cell: ({ expires_at: at }) => h('time', { datetime: at }, until(at)) },
        { label: 'admin.actions', bare: true, className: 'tight', cell: (one) => this.#takeBackButton(one) },
      ],
    });
    this.listing = new Listing({
      table: this.table,
      load: listInvitations,
      count: 'admin.invitations_count',
      empty: () => ({ title: 'admin.no_invitations', hint: 'admin.no_invitations_hint' }),
    });
    this.element = this.listing.element;
  }

  start() {
    this.listing.begin();
  }

  came() {
    this.listing.begin();
  }

  close() {
    this.listing.close();
  }

  /** @param {Invitation} invitation */
  #takeBackButton(invitation) {
    const name = invitation.email ?? t('admin.anybody_with_link');
    return h('button', {
      type: 'button',
      class: 'button small',
      text: 'admin.take_back',
      label: ['admin.take_back_from', { name }],
      onclick: () => this.#takeBack(invitation, name),
    });
  }

  /**
   * @param {Invitation} invitation
   * @param {string} name
   */
  async #takeBack(invitation, name) {
    const done = await ask({
      title: ['admin.take_back_question', { name }],
      confirm: 'admin.take_back',
      danger: true,
      body: [h('p', { text: 'admin.take_back_hint' })],
      act: () => takeBackInvitation(invitation.id),
    });
    if (!done) return;
    this.table.remove(invitation.id);
    this.listing.settle();
    toast('admin.taken_back');
  }
}

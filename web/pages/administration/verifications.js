/** People who registered and have not confirmed their address yet: a mail may be lost, or there is none. */
import { Table } from '../../components/table.js';
import { toastError } from '../../components/toast.js';
import { listVerifications, verificationLink } from '../../lib/administration.js';
import { foreign, h } from '../../lib/dom.js';
import { since } from '../../lib/format.js';
import { handOut } from './handing-out.js';
import { Listing } from './listing.js';
import { until } from './times.js';

/** @typedef {import('../../lib/administration.js').Verification} Verification */

export class Verifications {
  constructor() {
    this.listing = new Listing({
      table: new Table({
        caption: 'admin.people.waiting',
        testid: 'verifications',
        key: (/** @type {Verification} */ verification) => verification.id,
        columns: [
          {
            label: 'admin.person',
            names: true,
            cell: ({ name, email }) =>
              h(
                'span',
                { class: 'who' },
                h('span', {}, foreign(name || email)),
                name ? h('span', { class: 'who-email' }, foreign(email)) : null,
              ),
          },
          { label: 'admin.registered', cell: ({ created_at: at }) => h('time', { datetime: at }, since(at)) },
          { label: 'admin.expires', cell: ({ expires_at: at }) => h('time', { datetime: at }, until(at)) },
          { label: 'admin.actions', bare: true, className: 'tight', cell: (one) => this.#linkButton(one) },
        ],
      }),
      load: listVerifications,
      count: 'admin.waiting_count',
      empty: () => ({ title: 'admin.nobody_waits', hint: 'admin.nobody_waits_hint' }),
    });
    this.element = this.listing.element;
  }

  start() {
    this.listing.begin();
  }

  close() {
    this.listing.close();
  }

  /** @param {Verification} verification */
  #linkButton(verification) {
    const button = h('button', {
      type: 'button',
      class: 'button small',
      text: 'admin.get_link',
      label: ['admin.get_link_for', { name: verification.name || verification.email }],
      onclick: () => this.#handOut(verification, button),
    });
    return button;
  }

  /**
   * @param {Verification} verification
   * @param {HTMLButtonElement} button
   */
  async #handOut(verification, button) {
    button.setAttribute('aria-busy', 'true');
    try {
      const answer = await verificationLink(verification.id);
      await handOut({
        title: 'admin.verification_link',
        answer,
        to: verification.email,
        mailed: 'admin.verification_mailed',
      });
    } catch (error) {
      toastError(error);
    } finally {
      button.removeAttribute('aria-busy');
    }
  }
}

/** Outside providers by which the person may sign in. */
import { ask } from '../../components/dialogs.js';
import { row, Rows, setting } from '../../components/setting.js';
import { toast } from '../../components/toast.js';
import { unlinkIdentity } from '../../lib/account.js';
import { providerPath } from '../../lib/address.js';
import { foreign, h, icon, replace } from '../../lib/dom.js';
import { date, since } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';

/** @typedef {import('../../lib/account.js').Identity} Identity */

/**
 * @param {import('../profile.js').Profile} profile
 * @returns {HTMLElement | null} null: this server knows no provider
 */
export function identitiesSection({ identities, options, redraws }) {
  if (options.providers.length === 0 && identities.length === 0) return null;
  const rows = new Rows({ label: 'identities.title', none: 'identities.none', row: identityRow });
  const links = h('div', { class: 'actions' });

  /** @param {Identity} identity */
  function identityRow(identity) {
    return row({
      testid: 'identity',
      symbol: icon('link'),
      title: [foreign(identity.label)],
      facts: [
        identity.email && foreign(identity.email),
        t('identities.since', { time: date(identity.created_at) }),
        identity.last_used_at && t('identities.last_used', { time: since(identity.last_used_at) }),
      ],
      button: h('button', {
        type: 'button',
        class: 'button small',
        text: 'identities.unlink',
        label: ['identities.unlink_one', { provider: identity.label }],
        onclick: () => unlink(identity),
      }),
    });
  }

  /** @param {Identity} identity */
  async function unlink(identity) {
    const isDone = await ask({
      title: ['identities.unlink_title', { provider: identity.label }],
      body: [h('p', { text: ['identities.unlink_text', { provider: identity.label }] })],
      confirm: 'identities.unlink',
      danger: true,
      act: () => unlinkIdentity(identity.id),
    });
    if (!isDone) return;
    rows.remove(identity);
    showLinks();
    toast('identities.unlinked');
  }

  function showLinks() {
    const linked = new Set(rows.items.map(({ provider }) => provider));
    const open = options.providers.filter(({ name }) => !linked.has(name));
    links.hidden = open.length === 0;
    replace(
      links,
      ...open.map(({ name, label }) =>
        h('a', {
          class: 'button',
          href: providerPath(name, '/profile', { isLink: true }),
          text: ['identities.link', { provider: label }],
          'data-provider': name,
        })
      ),
    );
  }

  rows.show(identities);
  showLinks();
  redraws.push(() => rows.redraw());
  return setting(
    { title: 'identities.title', text: 'identities.text', testid: 'identities' },
    rows.element,
    links,
  );
}

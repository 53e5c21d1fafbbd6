/** API tokens: passwords for machines, each with its own rights and end. */
import { copyField } from '../../components/copy-field.js';
import { ask, showOnce } from '../../components/dialogs.js';
import { CheckGroup, choiceField, textField } from '../../components/field.js';
import { row, Rows, setting } from '../../components/setting.js';
import { toast } from '../../components/toast.js';
import { createToken, removeToken } from '../../lib/account.js';
import { foreign, h, icon } from '../../lib/dom.js';
import { date, since } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { scopesFor } from '../../lib/token-scopes.js';

/** @typedef {import('../../lib/account.js').Token} Token */
/** @typedef {import('../../lib/account.js').Scope} Scope */

/** @param {import('../profile.js').Profile} profile */
export function tokensSection({ tokens, session, redraws }) {
  const rows = new Rows({ label: 'tokens.title', none: 'tokens.none', row: tokenRow });

  /** @param {Token} token */
  function tokenRow(token) {
    const scopes = token.scopes.map((scope) => t(`tokens.scope_${scope}`)).join(', ');
    return row({
      testid: 'token',
      symbol: icon('key'),
      title: [foreign(token.name)],
      facts: [
        scopes,
        lifetime(token),
        token.last_used_at
          ? t('tokens.last_used', { time: since(token.last_used_at) })
          : t('tokens.never_used'),
      ],
      button: h('button', {
        type: 'button',
        class: 'button small',
        text: 'tokens.remove',
        label: ['tokens.remove_one', { name: token.name }],
        onclick: () => remove(token),
      }),
    });
  }

  /** @param {Token} token */
  async function remove(token) {
    const isDone = await ask({
      title: 'tokens.remove_title',
      body: [h('p', { text: ['tokens.remove_text', { name: token.name }] })],
      confirm: 'tokens.remove',
      danger: true,
      act: () => removeToken(token.id),
    });
    if (!isDone) return;
    rows.remove(token);
    toast('tokens.removed');
  }

  async function create() {
    const name = textField({
      label: 'tokens.name',
      hint: 'tokens.name_hint',
      name: 'name',
      input: { maxlength: 100, autocomplete: 'off' },
    });
    const scopes = new CheckGroup({
      label: 'tokens.scopes',
      name: 'scopes',
      choices: scopesFor(session.user.role).map((value) => ({
        value,
        text: `tokens.scope_${value}`,
        hint: `tokens.scope_${value}_hint`,
        isChecked: value === 'read',
      })),
    });
    const days = choiceField({
      label: 'tokens.expiry',
      name: 'expires_in_days',
      choices: [7, 30, 90, 365].map((count) =>
        h('option', { value: count, text: ['tokens.days', { count }], selected: count === 90 })
      ),
    });
    /** @type {(Token & { token: string }) | null} */
    let made = null;
    await ask({
      title: 'tokens.create_title',
      fields: [name, scopes, days],
      confirm: 'tokens.create',
      act: async () => {
        made = await createToken({
          name: name.value.trim(),
          scopes: /** @type {Scope[]} */ (scopes.values),
          expires_in_days: Number(days.value),
        });
      },
    });
    if (made === null) return;
    const { token, ...rest } = /** @type {Token & { token: string }} */ (made);
    rows.show([rest, ...rows.items]);
    await showOnce({
      title: 'tokens.made_title',
      body: [h('p', { text: 'tokens.made_text' }), copyField({ label: 'tokens.token', text: token })],
      confirm: 'tokens.kept',
    });
  }

  rows.show(tokens);
  redraws.push(() => rows.redraw());
  return setting(
    { title: 'tokens.title', text: 'tokens.text', testid: 'tokens' },
    rows.element,
    h('button', { type: 'button', class: 'button', text: 'tokens.create', onclick: create }),
  );
}

/** @param {Token} token */
function lifetime({ expires_at: end }) {
  if (end === null) return t('tokens.no_end');
  const key = Date.parse(end) < Date.now() ? 'tokens.expired' : 'tokens.expires';
  return t(key, { time: date(end) });
}

/** One-time codes of an authenticator, and the recovery codes that stand in for it. */
import { copyField } from '../../components/copy-field.js';
import { ask, showOnce } from '../../components/dialogs.js';
import { codeField } from '../../components/field.js';
import { PasswordField } from '../../components/password-field.js';
import { recoveryCodes } from '../../components/recovery-codes.js';
import { setting } from '../../components/setting.js';
import { toast, toastError } from '../../components/toast.js';
import {
  confirmCodes,
  getCodesState,
  renewRecoveryCodes,
  setUpCodes,
  switchCodesOff,
} from '../../lib/account.js';
import { authenticatorAddress } from '../../lib/address.js';
import { h, icon, replace } from '../../lib/dom.js';

/** @typedef {import('../../lib/account.js').CodeSetup} CodeSetup */
/** @typedef {import('../../lib/api.js').User} User */

/** So few recovery codes that it is time for new ones. */
const few = 3;

/** @param {import('../profile.js').Profile} profile */
export function codesSection({ codes: state, session, refreshSessions }) {
  let { is_enabled: isOn, recovery_codes_left: left } = state;
  const body = h('div', { class: 'setting-stack' });

  /** The server knows best. */
  async function changed() {
    try {
      ({ is_enabled: isOn, recovery_codes_left: left } = await getCodesState());
      session.changeTo({ ...session.user, otp_enabled: isOn });
      show();
      body.querySelector('button')?.focus();
      await refreshSessions();
    } catch (error) {
      toastError(error);
    }
  }

  async function begin() {
    if (await setUp(session.user)) await changed();
  }

  async function renew() {
    const code = codeField();
    /** @type {string[]} */
    let codes = [];
    const isDone = await ask({
      title: 'codes.renew_title',
      body: [h('p', { text: 'codes.renew_text' })],
      fields: [code],
      confirm: 'codes.renew',
      act: async () => {
        codes = await renewRecoveryCodes(code.value.trim());
      },
    });
    if (!isDone) return;
    await tellCodes(codes);
    await changed();
  }

  async function switchOff() {
    const code = codeField();
    const isDone = await ask({
      title: 'codes.off_title',
      body: [h('p', { text: 'codes.off_text' })],
      fields: [code],
      confirm: 'codes.switch_off',
      danger: true,
      act: () => switchCodesOff(code.value.trim()),
    });
    if (!isDone) return;
    toast('codes.is_off_now');
    await changed();
  }

  function show() {
    replace(
      body,
      h(
        'p',
        { class: isOn ? 'state good' : 'state', 'data-testid': 'codes-state' },
        icon(isOn ? 'check' : 'shield'),
        h('span', { text: isOn ? 'codes.on' : 'codes.off' }),
      ),
      isOn &&
        h('p', { class: left < few ? 'field-error' : 'field-hint', text: ['codes.left', { count: left }] }),
      isOn
        ? h(
          'div',
          { class: 'actions' },
          h('button', { type: 'button', class: 'button', text: 'codes.renew', onclick: renew }),
          h('button', {
            type: 'button',
            class: 'button danger',
            text: 'codes.switch_off',
            onclick: switchOff,
          }),
        )
        : h('button', { type: 'button', class: 'button', text: 'codes.set_up', onclick: begin }),
    );
  }

  show();
  return setting({ title: 'codes.title', text: 'codes.text', testid: 'codes' }, body);
}

/**
 * The whole way: the password, the secret, a first code, the recovery codes.
 * @param {User} user
 * @returns {Promise<boolean>} whether codes are asked for from now on
 */
export async function setUp(user) {
  const started = await begun(user);
  if (started === null) return false;
  const code = codeField();
  /** @type {string[]} */
  let codes = [];
  const isDone = await ask({
    title: 'codes.setup_title',
    body: secretParts(started),
    fields: [code],
    confirm: 'codes.confirm',
    act: async () => {
      codes = await confirmCodes(code.value.trim());
    },
  });
  if (isDone) await tellCodes(codes);
  return isDone;
}

/** @param {User} user @returns {Promise<CodeSetup | null>} */
async function begun(user) {
  /** @type {CodeSetup | null} */
  let started = null;
  if (user.has_password === false) {
    try {
      return await setUpCodes({});
    } catch (error) {
      toastError(error);
      return null;
    }
  }
  const password = new PasswordField();
  await ask({
    title: 'codes.set_up',
    body: [h('p', { text: 'codes.password_text' })],
    fields: [password],
    confirm: 'action.continue',
    act: async () => {
      started = await setUpCodes({ password: password.value });
    },
  });
  return started;
}

/** @param {CodeSetup} setup */
function secretParts({ secret, uri, qr_svg }) {
  const spaced = secret.replace(/(.{4})(?=.)/g, '$1 ');
  return [
    h('p', { text: 'codes.scan' }),
    h('img', {
      class: 'qr',
      src: `data:image/svg+xml,${encodeURIComponent(qr_svg)}`,
      alternative: 'codes.qr',
      width: '192',
      height: '192',
    }),
    authenticatorAddress(uri) !== null &&
    h('a', { class: 'link qr-link', href: authenticatorAddress(uri), text: 'codes.open_app' }),
    copyField({ label: 'codes.secret', text: spaced, hint: 'codes.secret_hint' }),
  ];
}

/** @param {string[]} codes */
async function tellCodes(codes) {
  await showOnce({
    title: 'codes.recovery_title',
    body: recoveryCodes(codes),
    confirm: 'codes.kept',
    className: 'sheet',
  });
}

/** The end of the own account, where the server allows it. */
import { ask } from '../../components/dialogs.js';
import { codeField } from '../../components/field.js';
import { PasswordField } from '../../components/password-field.js';
import { setting } from '../../components/setting.js';
import { toastError } from '../../components/toast.js';
import { removeMe, whatMyRemovalTakes } from '../../lib/account.js';
import { h } from '../../lib/dom.js';
import { removalLines } from '../administration/removal.js';

/** @param {import('../profile.js').Profile} profile */
export function removalSection({ options, session }) {
  if (!options.may_remove_self) return null;

  async function remove() {
    const { user } = session;
    let taken;
    try {
      taken = removalLines(await whatMyRemovalTakes());
    } catch (error) {
      toastError(error);
      return;
    }
    const password = user.has_password === false ? null : new PasswordField();
    const code = user.otp_enabled ? codeField({ name: 'otp' }) : null;
    const isDone = await ask({
      title: 'removal.question',
      body: [consequences(taken)],
      fields: [password, code].filter((field) => field !== null),
      confirm: 'removal.confirm',
      danger: true,
      act: () =>
        removeMe({
          ...(password ? { password: password.value } : {}),
          ...(code ? { otp: code.value.trim() } : {}),
        }),
    });
    if (isDone) session.leave();
  }

  return setting(
    { title: 'removal.title', text: 'removal.text', testid: 'removal' },
    h('button', { type: 'button', class: 'button danger', text: 'removal.remove', onclick: remove }),
  );
}

/** What goes and what stays. @param {ReturnType<typeof removalLines>} taken */
function consequences({ goes, videos }) {
  return h(
    'div',
    { class: 'consequences' },
    h('h3', { text: 'removal.goes' }),
    h('p', { text: 'removal.goes_text' }),
    goes.length > 0 && h('ul', {}, ...goes.map(({ key, count }) => h('li', { text: [key, { count }] }))),
    h('h3', { text: 'removal.stays' }),
    h('p', { text: 'removal.stays_text' }),
    videos > 0 && h('ul', {}, h('li', { text: ['removal.videos', { count: videos }] })),
  );
}

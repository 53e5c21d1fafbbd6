/** A new password. */
import { form } from '../../components/form.js';
import { PasswordField } from '../../components/password-field.js';
import { setting } from '../../components/setting.js';
import { toast, toastError } from '../../components/toast.js';
import { changePassword } from '../../lib/account.js';
import { h } from '../../lib/dom.js';

/** @param {import('../profile.js').Profile} profile */
export function passwordSection({ user, options, refreshSessions }) {
  if (user.has_password === false) {
    return setting(
      { title: 'profile.password', text: 'profile.no_password', testid: 'password' },
      h('p', { text: options.has_mail ? 'profile.no_password_mail' : 'profile.no_password_ask' }),
      options.has_mail && h('a', { class: 'button', href: '/forgot', text: 'profile.choose_password' }),
    );
  }
  const body = h('div');
  const renew = () => {
    body.replaceChildren(passwordForm(user, options.password, async () => {
      renew();
      toast('profile.password_changed');
      await refreshSessions().catch(toastError);
    }));
  };
  renew();
  return setting({ title: 'profile.password', text: 'profile.password_text', testid: 'password' }, body);
}

/**
 * @param {import('../../lib/api.js').User} user
 * @param {import('../../lib/account.js').PasswordRules} rules
 * @param {() => Promise<void>} done
 */
export function passwordForm(user, rules, done) {
  const current = new PasswordField({ label: 'password.current', name: 'current_password' });
  const next = new PasswordField({ label: 'password.new', name: 'new_password', rules });
  // Password managers know by it whose password this is.
  const whose = h('input', {
    class: 'unseen',
    type: 'email',
    autocomplete: 'username',
    value: user.email,
    readonly: true,
    tabindex: '-1',
    'aria-hidden': 'true',
  });
  return form({
    before: [whose],
    fields: [current, next],
    submit: 'password.change',
    act: async () => {
      await changePassword(current.value, next.value);
      await done();
    },
  });
}

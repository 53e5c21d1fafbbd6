/** A new password by the link of a mail, or by one that the administrator handed on. */
import { entranceStep, linkButton, turnTo } from '../components/entrance-step.js';
import { form } from '../components/form.js';
import { PasswordField } from '../components/password-field.js';
import { resetPassword } from '../lib/account.js';
import { ApiError } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { isSpent } from './verify.js';

/**
 * @param {import('../entrance.js').Context} context
 * @returns {import('../entrance.js').Page}
 */
export function resetPage({ options, secret }) {
  const place = h('div');
  const password = new PasswordField({ label: 'password.new', rules: options.password });
  place.append(secret ? passwordStep(secret) : spent());

  /** @param {string} token */
  function passwordStep(token) {
    return entranceStep({
      title: 'reset.title',
      text: 'reset.text',
      body: [
        form({
          fields: [password],
          submit: 'reset.submit',
          act: async () => {
            await resetPassword(token, password.value);
            turnTo(place, done());
          },
          failed: (error) => {
            if (!(error instanceof ApiError) || !isSpent(error)) return false;
            turnTo(place, spent());
            return true;
          },
        }),
      ],
    });
  }

  function done() {
    return entranceStep({
      title: 'reset.done_title',
      symbol: 'check',
      text: 'reset.done_text',
      body: [linkButton('/sign-in', 'register.to_sign_in', true)],
    });
  }

  function spent() {
    return entranceStep({
      title: 'reset.spent_title',
      symbol: 'alert',
      text: 'reset.spent_text',
      body: [linkButton('/forgot', 'reset.again', true)],
    });
  }

  return { element: place, title: () => t('reset.title') };
}

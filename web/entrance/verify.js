/** The link that proves an address: it opens the account together with the password of the registration. */
import { entranceStep, linkButton, turnTo } from '../components/entrance-step.js';
import { form } from '../components/form.js';
import { PasswordField } from '../components/password-field.js';
import { verifyAddress } from '../lib/account.js';
import { ApiError } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * @param {import('../entrance.js').Context} context
 * @returns {import('../entrance.js').Page}
 */
export function verifyPage({ secret, enter }) {
  const place = h('div');
  const password = new PasswordField({ hint: 'verify.password_hint' });
  place.append(secret ? passwordStep(secret) : spent());

  /** @param {string} token */
  function passwordStep(token) {
    return entranceStep({
      title: 'verify.title',
      text: 'verify.text',
      body: [
        form({
          fields: [password],
          submit: 'verify.submit',
          act: async () => {
            await verifyAddress(token, password.value);
            enter();
          },
          failed: (error) => {
            if (!(error instanceof ApiError)) return false;
            if (error.status === 401) {
              password.complain(t('field.wrong_password'));
              password.control.focus();
              return true;
            }
            if (!isSpent(error)) return false;
            turnTo(place, spent());
            return true;
          },
        }),
      ],
    });
  }

  function spent() {
    return entranceStep({
      title: 'verify.spent_title',
      symbol: 'alert',
      text: 'verify.spent_text',
      body: [linkButton('/sign-in', 'register.to_sign_in')],
    });
  }

  return { element: place, title: () => t('verify.title') };
}

/**
 * Whether a link of a mail is over: used, expired, or never made.
 * @param {ApiError} error
 */
export function isSpent(error) {
  return error.status === 404;
}

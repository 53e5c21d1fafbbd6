/** Asks for the link by which a person chooses a new password. */
import { entranceStep, linkButton, turnTo } from '../components/entrance-step.js';
import { form } from '../components/form.js';
import { textField } from '../components/field.js';
import { askForReset } from '../lib/account.js';
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * @param {import('../entrance.js').Context} context
 * @returns {import('../entrance.js').Page}
 */
export function forgotPage({ options }) {
  const place = h('div');
  place.append(options.has_mail ? addressStep() : withoutMail());

  function addressStep() {
    const email = textField({
      label: 'signin.email',
      name: 'email',
      input: { type: 'email', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' },
    });
    return entranceStep({
      title: 'forgot.title',
      text: 'forgot.text',
      body: [
        form({
          fields: [email],
          submit: 'forgot.submit',
          act: async () => {
            const { status } = await askForReset(email.value.trim());
            turnTo(place, status === 'reset_by_administrator' ? withoutMail() : sent(email.value.trim()));
          },
        }),
        h('div', { class: 'entrance-links' }, h('a', { href: '/sign-in', text: 'forgot.back' })),
      ],
    });
  }

  /** The same whether there is such an account or not. @param {string} email */
  function sent(email) {
    return entranceStep({
      title: 'forgot.sent_title',
      symbol: 'mail',
      text: ['forgot.sent_text', { email }],
      body: [linkButton('/sign-in', 'register.to_sign_in')],
    });
  }

  function withoutMail() {
    return entranceStep({
      title: 'forgot.title',
      text: 'forgot.without_mail',
      body: [linkButton('/sign-in', 'register.to_sign_in', true)],
    });
  }

  return { element: place, title: () => t('forgot.title') };
}

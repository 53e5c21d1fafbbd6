/** Sign-in: by password and, where the account has them, a one-time code; or at an outside provider. */
import { entranceStep, turnTo } from '../components/entrance-step.js';
import { form } from '../components/form.js';
import { codeField, recoveryCodeField, textField } from '../components/field.js';
import { notice } from '../components/note.js';
import { PasswordField } from '../components/password-field.js';
import { signIn } from '../lib/account.js';
import { providerPath } from '../lib/address.js';
import { ApiError } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { bind, t } from '../lib/i18n.js';
import { arrivalMessage } from '../lib/problem.js';

/**
 * @param {import('../entrance.js').Context} context
 * @returns {import('../entrance.js').Page}
 */
export function signInPage({ options, query, next, enter }) {
  const place = h('div');
  const email = textField({
    label: 'signin.email',
    name: 'email',
    input: { type: 'email', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false' },
  });
  const password = new PasswordField();
  const problem = query.get('problem');
  const passwordStep = entranceStep({
    title: 'signin.title',
    body: [
      problem !== null && notice('alert', arrivalMessage(problem), 'bad'),
      form({
        fields: [email, password],
        submit: 'signin.submit',
        act: async () => {
          await signIn(email.value, password.value);
          enter();
        },
        failed: (error, complaint) => {
          if (isAbout(error, 'otp_required')) {
            turnTo(place, codeStep());
          } else if (error instanceof ApiError && error.status === 401) {
            complaint.say(t('error.bad_credentials'));
            password.mark();
            password.control.focus();
            /** @type {HTMLInputElement} */ (password.control).select();
          } else return false;
          return true;
        },
      }),
      links(),
      ...providerLinks(),
    ],
  });

  function codeStep() {
    const code = codeField({ name: 'otp' });
    const recovery = recoveryCodeField({ name: 'otp' });
    recovery.element.hidden = true;
    const inUse = () => recovery.element.hidden ? code : recovery;
    const swap = h('button', {
      type: 'button',
      class: 'link',
      text: 'signin.use_recovery',
      onclick: () => {
        code.element.hidden = !code.element.hidden;
        recovery.element.hidden = !code.element.hidden;
        bind(swap, 'text', code.element.hidden ? 'signin.use_code' : 'signin.use_recovery');
        inUse().control.focus();
      },
    });
    return entranceStep({
      title: 'signin.code_title',
      symbol: 'key',
      text: 'signin.code_text',
      body: [
        form({
          fields: [code, recovery],
          submit: 'signin.submit',
          act: async () => {
            await signIn(email.value, password.value, inUse().value.trim());
            enter();
          },
        }),
        h('div', { class: 'entrance-links' }, swap, backButton()),
      ],
    });
  }

  function backButton() {
    return h('button', {
      type: 'button',
      class: 'link',
      text: 'signin.other_account',
      onclick: () => {
        /** @type {HTMLInputElement} */ (password.control).value = '';
        turnTo(place, passwordStep);
      },
    });
  }

  function providerLinks() {
    if (options.providers.length === 0) return [];
    return [
      h('p', { class: 'or', text: 'signin.or' }),
      h(
        'div',
        { class: 'providers' },
        ...options.providers.map(({ name, label }) =>
          h('a', {
            class: 'button',
            href: providerPath(name, next),
            text: ['signin.with', { provider: label }],
            'data-provider': name,
          })
        ),
      ),
    ];
  }

  function links() {
    const mayRegister = options.registration === 'open' || options.registration === 'domains';
    return h(
      'div',
      { class: 'entrance-links' },
      h('a', { href: '/forgot', text: 'signin.forgot' }),
      mayRegister && h('a', { href: '/register', text: 'signin.register' }),
    );
  }

  place.append(passwordStep);
  return { element: place, title: () => t('signin.submit'), isForStrangers: true };
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isAbout(error, code) {
  return error instanceof ApiError && error.code === code;
}

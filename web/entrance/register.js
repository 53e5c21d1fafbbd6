/** Registration: open to all, to some domains, or with an invitation. */
import { entranceStep, linkButton, turnTo } from '../components/entrance-step.js';
import { form } from '../components/form.js';
import { textField } from '../components/field.js';
import { troubleNote } from '../components/note.js';
import { PasswordField } from '../components/password-field.js';
import { getInvitation, register } from '../lib/account.js';
import { ApiError } from '../lib/api.js';
import { h } from '../lib/dom.js';
import { locale, t } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';

/** @typedef {import('../lib/account.js').Invitation} Invitation */

/**
 * @param {import('../entrance.js').Context} context
 * @returns {import('../entrance.js').Page}
 */
export function registerPage({ options, secret, enter }) {
  const place = h('div');

  function closed() {
    const isByInvitation = options.registration === 'invitation';
    return entranceStep({
      title: isByInvitation ? 'register.invitation_title' : 'register.closed_title',
      text: isByInvitation ? 'register.invitation_text' : 'register.closed_text',
      body: [linkButton('/sign-in', 'register.to_sign_in', true)],
    });
  }

  function gone() {
    return entranceStep({
      title: 'register.gone_title',
      text: 'register.gone_text',
      body: [linkButton('/sign-in', 'register.to_sign_in')],
    });
  }

  /** @param {Invitation | null} invitation */
  function formStep(invitation) {
    const name = textField({
      label: 'register.name',
      hint: 'register.name_hint',
      name: 'name',
      input: { autocomplete: 'name', maxlength: 200 },
    });
    const isFixed = Boolean(invitation?.email);
    const email = textField({
      label: 'signin.email',
      hint: emailHint(isFixed),
      name: 'email',
      input: {
        type: 'email',
        autocomplete: 'username',
        autocapitalize: 'none',
        spellcheck: 'false',
        value: invitation?.email ?? null,
        readonly: isFixed,
      },
    });
    const password = new PasswordField({ rules: options.password });
    return entranceStep({
      title: 'register.title',
      text: invitation ? ['register.invited', { role: t(`role.${invitation.role}`) }] : null,
      body: [
        form({
          fields: [name, email, password],
          submit: 'register.submit',
          act: async () => {
            const answer = await register({
              name: name.value.trim(),
              email: email.value.trim(),
              password: password.value,
              locale: locale(),
              ...(secret ? { invitation: secret } : {}),
            });
            if (answer.status === undefined) return enter();
            turnTo(place, done(answer.status, email.value.trim()));
          },
          failed: (error) => {
            if (!(error instanceof ApiError) || error.code !== 'invitation_not_found') return false;
            turnTo(place, gone());
            return true;
          },
        }),
        h(
          'div',
          { class: 'entrance-links' },
          h('a', { href: '/sign-in', text: 'register.have_account' }),
        ),
      ],
    });
  }

  /** @param {boolean} isFixed @returns {import('../components/field.js').Text | null} */
  function emailHint(isFixed) {
    if (isFixed) return 'register.email_fixed';
    if (options.registration !== 'domains' || secret) return null;
    const domains = new Intl.ListFormat(locale(), { type: 'disjunction' }).format(options.domains);
    return ['register.domains', { domains }];
  }

  /**
   * @param {string} status
   * @param {string} email
   */
  function done(status, email) {
    const isByAdministrator = status === 'verification_by_administrator';
    return entranceStep({
      title: isByAdministrator ? 'register.waits_title' : 'register.sent_title',
      symbol: isByAdministrator ? 'check' : 'mail',
      text: isByAdministrator ? 'register.waits_text' : ['register.sent_text', { email }],
      body: [linkButton('/sign-in', 'register.to_sign_in')],
    });
  }

  /** @param {string} token */
  async function openInvitation(token) {
    place.replaceChildren(
      h(
        'div',
        { class: 'entrance-wait', role: 'status' },
        h('div', { class: 'spinner' }),
        h('span', { class: 'unseen', text: 'register.loading' }),
      ),
    );
    try {
      turnTo(place, formStep(await getInvitation(token)));
    } catch (error) {
      const isGone = error instanceof ApiError && (error.status === 404);
      turnTo(
        place,
        isGone
          ? gone()
          : troubleNote('register.invitation_error', explain(error), () => void openInvitation(token)),
      );
    }
  }

  if (secret) void openInvitation(secret);
  else if (options.registration === 'open' || options.registration === 'domains') {
    place.append(formStep(null));
  } else place.append(closed());
  return { element: place, title: () => t('register.title'), isForStrangers: secret === null };
}

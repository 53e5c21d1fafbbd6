/** Two ways to bring somebody in: a link by which they make their account, or an account that is made for them. */
import { options } from '../../components/choices.js';
import { ask } from '../../components/dialogs.js';
import { choiceField, textField } from '../../components/field.js';
import { createPerson, invite } from '../../lib/administration.js';
import { ApiError } from '../../lib/api.js';
import { h } from '../../lib/dom.js';
import { bind, languages, locale } from '../../lib/i18n.js';
import { handOut } from './handing-out.js';
import { roleChoices } from './names.js';

/** Days that an invitation may be good for. */
const lifetimes = [1, 3, 7, 14, 30];
const usualLifetime = 7;

/** @returns {Promise<boolean>} whether somebody was invited */
export async function invitePerson() {
  const email = textField({
    label: 'admin.email',
    name: 'email',
    hint: 'admin.invite_email_hint',
    input: { type: 'email', required: false, autocomplete: 'off', spellcheck: 'false' },
  });
  const role = roleField();
  const days = choiceField({
    label: 'admin.good_for',
    name: 'expires_in_days',
    choices: options(
      lifetimes.map((count) => [String(count), ['admin.days', { count }]]),
      String(usualLifetime),
    ),
  });
  const language = languageField();
  /** @type {import('../../lib/administration.js').HandedOut | null} */
  let answer = null;
  const done = await ask({
    title: 'admin.invite_title',
    confirm: 'admin.invite_confirm',
    fields: [email, role, days, language],
    act: async () => {
      answer = await invite({
        ...(email.value.trim() === '' ? {} : { email: email.value.trim() }),
        role: role.value,
        expires_in_days: Number(days.value),
        locale: language.value,
      }).catch(forAdministrators);
    },
  });
  if (done && answer) {
    await handOut({
      title: 'admin.invitation_link',
      answer,
      to: email.value.trim(),
      mailed: 'admin.invitation_mailed',
    });
  }
  return done;
}

/** @returns {Promise<boolean>} whether an account was made */
export async function addPerson() {
  const email = textField({
    label: 'admin.email',
    name: 'email',
    input: { type: 'email', autocomplete: 'off', spellcheck: 'false' },
  });
  const name = textField({
    label: 'admin.name',
    name: 'name',
    input: { autocomplete: 'off', maxlength: 200 },
  });
  const role = roleField();
  const language = languageField();
  /** @type {import('../../lib/administration.js').HandedOut | null} */
  let answer = null;
  const done = await ask({
    title: 'admin.add_title',
    confirm: 'admin.add_confirm',
    body: [h('p', { class: 'quiet', text: 'admin.add_hint' })],
    fields: [email, name, role, language],
    act: async () => {
      answer = await createPerson({
        email: email.value.trim(),
        name: name.value.trim(),
        role: role.value,
        locale: language.value,
      }).catch(atTheAddress);
    },
  });
  if (done && answer) {
    await handOut({
      title: 'admin.password_link',
      answer,
      to: email.value.trim(),
      mailed: 'admin.password_link_mailed',
    });
  }
  return done;
}

/** A role, and below it what it lets a person do. */
function roleField() {
  const words = h('p', { text: 'role.user_hint' });
  const field = choiceField({
    label: 'admin.role',
    name: 'role',
    hint: words,
    choices: options(roleChoices(), 'user'),
  });
  field.control.addEventListener('change', () => bind(words, 'text', `role.${field.value}_hint`));
  return field;
}

function languageField() {
  return choiceField({
    label: 'admin.their_language',
    name: 'locale',
    choices: Object.entries(languages).map(([tag, name]) =>
      h('option', { value: tag, lang: tag, selected: tag === locale() }, name)
    ),
  });
}

/**
 * That there is such an account is about the address, and is told there.
 * @param {unknown} error
 * @returns {never}
 */
function atTheAddress(error) {
  const { code } = /** @type {{ code?: unknown }} */ (error);
  if (code !== 'email_taken') throw error;
  throw new ApiError(422, 'validation_failed', { fields: [{ field: 'email', code }] });
}

/**
 * That nobody may register is told to administrators in other words than to strangers.
 * @param {unknown} error
 * @returns {never}
 */
function forAdministrators(error) {
  const { code } = /** @type {{ code?: unknown }} */ (error);
  throw code === 'registration_closed' ? new ApiError(409, 'invitations_closed') : error;
}

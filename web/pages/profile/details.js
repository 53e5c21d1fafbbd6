/** Name and language. */
import { form } from '../../components/form.js';
import { choiceField, textField } from '../../components/field.js';
import { setting } from '../../components/setting.js';
import { toast } from '../../components/toast.js';
import { changeMe } from '../../lib/account.js';
import { h } from '../../lib/dom.js';
import { visible } from '../../lib/visible.js';
import { chooseLocale, languages, locale } from '../../lib/i18n.js';

/** @param {import('../profile.js').Profile} profile */
export function detailsSection({ user, session }) {
  const name = textField({
    label: 'profile.name',
    name: 'name',
    input: { autocomplete: 'name', maxlength: 200, value: user.name },
  });
  const chosen = user.locale && Object.hasOwn(languages, user.locale) ? user.locale : locale();
  const language = choiceField({
    label: 'profile.language',
    hint: 'profile.language_hint',
    name: 'locale',
    choices: Object.entries(languages).map(([tag, text]) =>
      h('option', { value: tag, lang: tag, selected: tag === chosen }, text)
    ),
  });
  return setting(
    { title: 'profile.details', text: 'profile.details_text', testid: 'details' },
    h(
      'dl',
      { class: 'facts' },
      h('div', {}, h('dt', { text: 'signin.email' }), h('dd', {}, visible(user.email))),
      h('div', {}, h('dt', { text: 'profile.role' }), h('dd', { text: `role.${user.role}` })),
    ),
    form({
      fields: [name, language],
      submit: 'action.save',
      act: async () => {
        const changed = await changeMe({ name: name.value.trim(), locale: language.value });
        session.changeTo({ ...session.user, name: changed.name, locale: changed.locale });
        if (language.value !== locale()) await chooseLocale(language.value);
        toast('profile.saved');
      },
    }),
  );
}

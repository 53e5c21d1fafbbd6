/** The sign-in page. */
import { header, skipLink } from './components/header.js';
import { leaveFor, ownPath } from './lib/address.js';
import { ApiError, signedInUser, signIn } from './lib/api.js';
import { h, icon } from './lib/dom.js';
import { loadLocale, onLocaleChange, t } from './lib/i18n.js';
import { explain } from './lib/problem.js';

/** To where the person was before. Somebody else may have put the address into the link, so only our pages count. */
function goOn() {
  const path = ownPath(new URLSearchParams(location.search).get('next'), '/');
  leaveFor(path.startsWith('/api/') ? '/' : path);
}

function view() {
  const complaint = h('p', { class: 'complaint', role: 'alert', id: 'complaint', hidden: true });
  const email = h('input', {
    class: 'input',
    type: 'email',
    name: 'email',
    autocomplete: 'username',
    required: true,
    autofocus: true,
    'aria-describedby': 'complaint',
  });
  const password = h('input', {
    class: 'input',
    type: 'password',
    name: 'password',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'complaint',
  });
  const submit = h('button', { class: 'button primary', type: 'submit', text: 'signin.submit' });

  /** @param {string} text */
  function complain(text) {
    complaint.replaceChildren(icon('alert'), h('span', {}, text));
    complaint.hidden = false;
    password.setAttribute('aria-invalid', 'true');
  }

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    complaint.hidden = true;
    password.removeAttribute('aria-invalid');
    if (!email.value || !password.value) return complain(t('signin.missing'));
    submit.setAttribute('aria-busy', 'true');
    submit.disabled = true;
    try {
      await signIn(email.value, password.value);
      password.value = '';
      goOn();
    } catch (error) {
      const wrong = error instanceof ApiError && error.status === 401 && !error.code.startsWith('otp');
      complain(wrong ? t('error.bad_credentials') : explain(error));
      password.select();
      password.focus();
    } finally {
      submit.removeAttribute('aria-busy');
      submit.disabled = false;
    }
  }

  return h(
    'main',
    { class: 'entrance', id: 'content', tabindex: '-1' },
    h(
      'form',
      { method: 'post', novalidate: true, onsubmit: send },
      h('div', { class: 'entrance-sign' }, icon('mark'), h('h1', { text: 'signin.title' })),
      complaint,
      h('label', { class: 'field' }, h('span', { text: 'signin.email' }), email),
      h('label', { class: 'field' }, h('span', { text: 'signin.password' }), password),
      submit,
    ),
  );
}

await loadLocale();
const main = view();
document.body.append(skipLink(), header(null), main);
const setTitle = () => (document.title = `${t('signin.submit')} · Palco`);
onLocaleChange(setTitle);
setTitle();
main.querySelector('input')?.focus();
signedInUser().then((user) => user && goOn(), () => {});

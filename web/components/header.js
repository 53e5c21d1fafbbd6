/** The bar on top of every page: home, upload, language, light or dark, account. */
import { foreign, freshId, h, icon, setIcon } from '../lib/dom.js';
import { bind, chooseLocale, languages, locale, onLocaleChange } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';
import { remember } from '../lib/preferences.js';

/** @typedef {import('../lib/api.js').User} User */

/**
 * @param {User | null} user null: nobody is signed in
 * @param {() => Promise<void>} [signOut] may throw
 */
export function header(user, signOut = async () => {}) {
  return h(
    'header',
    { class: 'header' },
    h('a', { class: 'brand', href: '/', label: 'header.home' }, icon('mark'), h('span', {}, 'palco')),
    user && h(
      'a',
      { class: 'button primary', href: '/upload', 'data-testid': 'upload-link' },
      icon('upload'),
      h('span', { text: 'header.upload' }),
    ),
    languageSwitch(),
    themeToggle(),
    user && accountMenu(user, signOut),
  );
}

/** Keyboard users need not walk through the header on every page. */
export function skipLink() {
  return h('a', { class: 'skip unseen', href: '#content', text: 'header.skip' });
}

function languageSwitch() {
  const code = h('span', { 'aria-hidden': 'true' });
  const select = h(
    'select',
    { label: 'header.language', 'data-testid': 'language', onchange: () => chooseLocale(select.value) },
    ...Object.entries(languages).map(([tag, name]) => h('option', { value: tag, lang: tag }, name)),
  );
  const show = () => {
    select.value = locale();
    code.textContent = locale().toUpperCase();
  };
  onLocaleChange(show);
  show();
  return h('label', { class: 'language' }, icon('globe'), code, select);
}

function themeToggle() {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark';
  const symbol = icon('moon');
  const button = h('button', { type: 'button', class: 'icon-button', 'data-testid': 'theme' }, symbol);
  const show = () => {
    const name = isDark() ? 'header.theme_light' : 'header.theme_dark';
    setIcon(symbol, isDark() ? 'sun' : 'moon');
    bind(button, 'aria-label', name);
    bind(button, 'title', name);
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    remember('theme', root.dataset.theme);
    show();
  });
  dark.addEventListener('change', show);
  show();
  return button;
}

/**
 * @param {User} user
 * @param {() => Promise<void>} signOut
 */
function accountMenu(user, signOut) {
  const name = user.name || user.email;
  const id = freshId('account');
  const complaint = h('p', { class: 'complaint', role: 'alert', hidden: true });
  const panel = h(
    'div',
    { class: 'account-menu', id, hidden: true },
    h('div', { class: 'account-who' }, h('strong', {}, foreign(name)), h('span', {}, foreign(user.email))),
    complaint,
    h(
      'button',
      { type: 'button', class: 'account-item', 'data-testid': 'sign-out', onclick: leave },
      icon('sign-out'),
      h('span', { text: 'header.sign_out' }),
    ),
  );
  const button = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      label: ['header.account', { name }],
      'aria-expanded': 'false',
      'aria-controls': id,
      'data-testid': 'account',
      onclick: () => open(panel.hidden !== false),
    },
    h('span', { class: 'avatar', 'aria-hidden': 'true' }, [...name][0]?.toUpperCase() ?? ''),
  );
  const element = h('div', { class: 'account' }, button, panel);

  /** @param {boolean} wanted */
  function open(wanted) {
    panel.hidden = !wanted;
    button.setAttribute('aria-expanded', String(wanted));
  }

  async function leave() {
    try {
      await signOut();
    } catch (error) {
      complaint.textContent = explain(error);
      complaint.hidden = false;
    }
  }

  element.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || panel.hidden) return;
    open(false);
    button.focus();
  });
  element.addEventListener('focusout', (event) => {
    const next = /** @type {Node | null} */ (event.relatedTarget);
    if (next && !element.contains(next)) open(false);
  });
  document.addEventListener('pointerdown', (event) => {
    if (!element.contains(/** @type {Node} */ (event.target))) open(false);
  });
  return element;
}

/** The bar on top of every page: home, search, upload, language, light or dark, account. */
import { foreign, freshId, h, icon, replace, setIcon } from '../lib/dom.js';
import { bind, chooseLocale, languages, locale, onLocaleChange } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';
import { remember } from '../lib/preferences.js';
import { mayUpload } from '../lib/rights.js';

/** @typedef {import('../lib/session.js').Session} Session */
/**
 * @typedef {object} Actions
 * @property {(everywhere: boolean) => Promise<void>} leave may throw
 * @property {boolean} [isLimited] nothing but signing out is open to the person
 * @property {HTMLElement} [search] the box for it
 */

/**
 * @param {Session | null} session null: nobody is signed in
 * @param {Actions} [actions]
 */
export function header(session, actions = { leave: async () => {} }) {
  return h(
    'header',
    { class: 'header' },
    h('a', { class: 'brand', href: '/', label: 'header.home' }, icon('mark'), h('span', {}, 'palco')),
    actions.search,
    session && !actions.isLimited && mayUpload(session.user) && h(
      'a',
      { class: 'button primary', href: '/upload', 'data-testid': 'upload-link' },
      icon('upload'),
      h('span', { text: 'header.upload' }),
    ),
    languageSwitch(),
    themeToggle(),
    session && accountMenu(session, actions),
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
 * @param {Session} session
 * @param {Actions} actions
 */
function accountMenu(session, { leave, isLimited = false }) {
  const id = freshId('account');
  const complaint = h('p', { class: 'complaint', role: 'alert', hidden: true });
  const who = h('strong');
  const panel = h(
    'div',
    { class: 'account-menu', id, hidden: true },
    h('div', { class: 'account-who' }, who, h('span', {}, foreign(session.user.email))),
    complaint,
    ...(isLimited ? [] : [
      mayUpload(session.user) && entry('/videos/mine', icon('film'), 'mine.title'),
      entry('/favorites', icon('heart'), 'favorites.title'),
      entry('/lists', icon('list'), 'lists.title'),
      entry('/history', icon('clock'), 'history.title'),
      h('hr'),
      entry('/profile', icon('person'), 'header.profile'),
      session.user.role === 'admin' && entry('/administration', icon('shield'), 'header.administration'),
    ]),
    leaveButton('sign-out', 'header.sign_out', false),
    leaveButton('device', 'header.sign_out_everywhere', true),
  );
  const initial = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      'aria-expanded': 'false',
      'aria-controls': id,
      'data-testid': 'account',
      onclick: () => open(panel.hidden !== false),
    },
    initial,
  );
  const element = h('div', { class: 'account' }, button, panel);

  /** @param {boolean} wanted */
  function open(wanted) {
    panel.hidden = !wanted;
    button.setAttribute('aria-expanded', String(wanted));
  }

  /**
   * @param {string} href
   * @param {Element} symbol
   * @param {string} text a message key
   */
  function entry(href, symbol, text) {
    return h('a', { class: 'account-item', href, onclick: () => open(false) }, symbol, h('span', { text }));
  }

  function showName() {
    const name = session.user.name || session.user.email;
    replace(who, foreign(name));
    initial.textContent = [...name][0]?.toUpperCase() ?? '';
    bind(button, 'aria-label', 'header.account', { name });
  }

  /**
   * @param {string} symbol
   * @param {string} text a message key
   * @param {boolean} everywhere
   */
  function leaveButton(symbol, text, everywhere) {
    const testid = everywhere ? 'sign-out-everywhere' : 'sign-out';
    const act = async () => {
      complaint.hidden = true;
      try {
        await leave(everywhere);
      } catch (error) {
        complaint.textContent = explain(error);
        complaint.hidden = false;
      }
    };
    return h(
      'button',
      { type: 'button', class: 'account-item', 'data-testid': testid, onclick: act },
      icon(symbol),
      h('span', { text }),
    );
  }

  showName();
  session.addEventListener('change', showName);
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

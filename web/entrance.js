/** Starts the pages of those who are not signed in: sign-in, registration, and those that links of mails lead to. */
import { focusWithin } from './components/entrance-step.js';
import { header, skipLink } from './components/header.js';
import { holdsSecret, leaveFor, ownPath, takeSecret } from './lib/address.js';
import { optionsIfKnown } from './lib/account.js';
import { signedInUser } from './lib/api.js';
import { h } from './lib/dom.js';
import { loadLocale, onLocaleChange } from './lib/i18n.js';
import { forgotPage } from './entrance/forgot.js';
import { registerPage } from './entrance/register.js';
import { resetPage } from './entrance/reset.js';
import { signInPage } from './entrance/sign-in.js';
import { verifyPage } from './entrance/verify.js';

/**
 * @typedef {object} Context
 * @property {import('./lib/account.js').Options} options
 * @property {string | null} secret of the link by which one came
 * @property {URLSearchParams} query
 * @property {string} next where one goes when one is in
 * @property {() => void} enter goes there
 */
/**
 * @typedef {object} Page
 * @property {HTMLElement} element
 * @property {() => string} title
 * @property {boolean} [isForStrangers] who is signed in already has nothing to do here
 */

/** @type {Record<string, (context: Context) => Page>} */
const pages = {
  '/sign-in': signInPage,
  '/register': registerPage,
  '/verify': verifyPage,
  '/forgot': forgotPage,
  '/reset': resetPage,
};

/** What the secrets of links are called. */
const secrets = ['token', 'invitation'];

/** To where the person was before. Somebody else may have put the address into the link, so only our pages count. */
function nextPath() {
  const path = ownPath(new URLSearchParams(location.search).get('next'), '/');
  const isPage = !path.startsWith('/api/') && !Object.keys(pages).some((page) => path.startsWith(page));
  return isPage ? path : '/';
}

async function start() {
  const secret = takeSecret(...secrets);
  addEventListener('hashchange', () => holdsSecret(...secrets) && location.reload());
  const next = nextPath();
  const enter = () => leaveFor(next);
  const [options] = await Promise.all([optionsIfKnown(), loadLocale()]);
  const open = pages[location.pathname.replace(/\/$/, '')] ?? signInPage;
  const page = open({ options, secret, query: new URLSearchParams(location.search), next, enter });
  const setTitle = () => (document.title = `${page.title()} · Palco`);
  const main = h('main', { class: 'entrance', id: 'content', tabindex: '-1' }, page.element);
  document.body.append(skipLink(), header(null), main);
  onLocaleChange(setTitle);
  setTitle();
  focusWithin(main);
  if (page.isForStrangers) signedInUser().then((user) => user && enter(), () => {});
}

await start();

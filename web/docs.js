/**
 * The page on which a person tries requests of the contract: Swagger UI, started here because the policy of pages allows
 * no inline script. Its files are not ours and not beside ours; where they were not installed the contract is still offered.
 */
import { header, skipLink } from './components/header.js';
import { base, csrfToken, problemFrom, signedInUser } from './lib/api.js';
import { foreign, h, replace } from './lib/dom.js';
import { loadLocale, onLocaleChange, t } from './lib/i18n.js';
import { explain } from './lib/problem.js';
import { Session } from './lib/session.js';

/**
 * @typedef {object} SwaggerRequest
 * @property {string} url
 * @property {string} method
 * @property {Record<string, string>} headers
 * @property {boolean} [loadSpec]
 */

/** @returns {Promise<Record<string, any>>} */
async function contract() {
  const response = await fetch(`${base}/openapi.json`, { credentials: 'same-origin' });
  const text = await response.text();
  if (!response.ok) throw problemFrom(response.status, text);
  return JSON.parse(text);
}

/**
 * Answers when the element's file is there, throws when it is not.
 * @param {HTMLScriptElement | HTMLLinkElement} element
 */
function load(element) {
  return new Promise((resolve, reject) => {
    element.addEventListener('load', resolve);
    element.addEventListener('error', () => reject(new Error('a file of Swagger UI is missing')));
    document.head.append(element);
  });
}

/** The cookie of this page goes with each request by itself; what changes something needs the token beside it. */
function withToken(/** @type {SwaggerRequest} */ request) {
  const isOwn = new URL(request.url, location.href).origin === location.origin;
  const isSafe = /^(GET|HEAD|OPTIONS)$/i.test(request.method);
  if (isOwn && !isSafe) request.headers['X-CSRF-Token'] = csrfToken();
  return request;
}

/** Swagger UI has a dark look of its own, which is to follow the choice of the page. */
function followTheme() {
  const root = document.documentElement;
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const show = () =>
    root.classList.toggle('dark-mode', (root.dataset.theme ?? (dark.matches ? 'dark' : 'light')) === 'dark');
  dark.addEventListener('change', show);
  new MutationObserver(show).observe(root, { attributeFilter: ['data-theme'] });
  show();
}

/** In place of a part of Swagger UI. */
const nothing = () => () => null;

/** @param {HTMLElement} element @param {Record<string, any>} spec */
async function start(element, spec) {
  followTheme();
  await Promise.all([
    load(h('link', { rel: 'stylesheet', href: '/docs/swagger-ui/swagger-ui.css' })),
    load(h('script', { src: '/docs/swagger-ui/swagger-ui-bundle.js' })),
  ]);
  const { SwaggerUIBundle } = /** @type {any} */ (globalThis);
  SwaggerUIBundle({
    domNode: element,
    spec,
    deepLinking: true,
    filter: true,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    // Nothing is asked of other servers.
    validatorUrl: null,
    requestInterceptor: withToken,
    // The page has said already what this is, and there is no other server to choose.
    plugins: [() => ({ wrapComponents: { InfoContainer: nothing, ServersContainer: nothing } })],
  });
}

/** The contract for programs, which is there in any case. */
function downloads() {
  return h(
    'p',
    { class: 'docs-contract' },
    h('span', { text: 'docs.contract' }),
    ' ',
    h('a', { href: '/api/v1/openapi.json', download: 'palco-openapi.json' }, 'JSON'),
    ' · ',
    h('a', { href: '/api/v1/openapi.yaml', download: 'palco-openapi.yaml' }, 'YAML'),
  );
}

/** @param {import('./lib/api.js').User | null} user */
function whose(user) {
  if (user) {
    return h(
      'p',
      {},
      h('span', { text: 'docs.signed_in_as' }),
      ' ',
      h('strong', {}, foreign(user.name || user.email)),
    );
  }
  return h(
    'p',
    {},
    h('span', { text: 'docs.as_nobody' }),
    ' ',
    h('a', { href: '/sign-in?next=%2Fdocs', 'data-testid': 'docs-sign-in', text: 'signin.submit' }),
  );
}

/** @param {...import('./lib/dom.js').Child} words */
function notice(...words) {
  return h('div', { class: 'docs-notice', role: 'alert', 'data-testid': 'docs-notice' }, ...words);
}

/** @param {unknown} error why there is no contract */
function refusal(error) {
  const status = /** @type {{ status?: number }} */ (error).status;
  if (status !== 401 && status !== 403) return notice(h('p', {}, explain(error)));
  return notice(
    h('p', { text: 'docs.for_administrators' }),
    status === 401 &&
      h('a', { class: 'button primary', href: '/sign-in?next=%2Fdocs', text: 'signin.submit' }),
  );
}

await loadLocale();
const user = await signedInUser().catch(() => null);
const session = user && new Session(user);
session?.start();
// No `main`: Swagger UI has one.
const page = h('div', { class: 'page docs', id: 'content', tabindex: '-1' });
document.body.append(
  skipLink(),
  header(session, { leave: async (everywhere) => await session?.signOut(everywhere) }),
  page,
);
const setTitle = () => (document.title = `${t('docs.title')} · Palco`);
onLocaleChange(setTitle);
setTitle();
const title = h('h1', { id: 'docs-title', text: 'docs.title' });
try {
  const spec = await contract();
  const element = h('div', { 'data-testid': 'swagger' });
  const words = [title, h('p', { text: 'docs.real' }), whose(user), downloads()];
  replace(page, h('section', { class: 'docs-head', 'aria-labelledby': title.id }, ...words), element);
  await start(element, spec).catch(() => {
    const missing = notice(h('p', { text: 'docs.missing' }), h('p', { text: 'docs.missing_advice' }));
    replace(element, h('main', {}, missing));
  });
} catch (error) {
  replace(page, h('main', {}, title, refusal(error)));
}

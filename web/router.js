/** Addresses -> views. Focus goes to the new view, the title says where one is, and the way back keeps its place. */
import { ownPath } from './lib/address.js';
import { replace } from './lib/dom.js';
import { onLocaleChange } from './lib/i18n.js';
import { searchFrom } from './lib/search-address.js';
import { lazily } from './pages/lazily.js';
import { libraryView } from './pages/library.js';
import { missingView } from './pages/missing.js';
import { uploadView } from './pages/upload.js';

/**
 * @typedef {object} Context
 * @property {import('./lib/api.js').User} user
 * @property {import('./upload/queue.js').UploadQueue} uploads
 * @property {import('./components/upload-dock.js').UploadDock} dock
 * @property {import('./lib/session.js').Session} session
 * @property {import('./components/search-box.js').SearchBox} search
 * @property {(path: string) => void} [go]
 * @property {() => void} [retitle] the view is called otherwise now
 * @property {boolean} [byLink] the view was reached by a link within Palco
 */
/**
 * @typedef {object} View
 * @property {HTMLElement} element
 * @property {() => string} title
 * @property {() => void} [close]
 * @property {() => Promise<boolean>} [mayLeave] asks first where something would be lost
 * @property {boolean} [showsUploads] the view has a list of uploads itself
 * @property {string} [layout] a class for the page
 */

/** @type {[RegExp, (context: Context, id: string) => View][]} */
const routes = [
  [/^\/(?:index\.html)?$/, libraryView],
  [/^\/upload\/?$/, uploadView],
  [/^\/profile\/?$/, lazily(async () => (await import('./pages/profile.js')).profileView)],
  [/^\/watch\/([^/]+)\/?$/, lazily(async () => (await import('./pages/watch.js')).watchView, 'watch')],
  [/^\/search\/?$/, lazily(async () => (await import('./pages/search.js')).searchView)],
  [/^\/favorites\/?$/, lazily(async () => (await import('./pages/favorites.js')).favoritesView)],
  [/^\/history\/?$/, lazily(async () => (await import('./pages/history.js')).historyView)],
  [/^\/(category|person|tag)\/?$/, lazily(async () => (await import('./pages/named.js')).namedView)],
  [/^\/tags\/?$/, lazily(async () => (await import('./pages/tags.js')).tagsView)],
  [/^\/videos\/mine\/?$/, lazily(async () => (await import('./pages/mine.js')).mineView)],
  [
    /^\/videos\/([^/]+)\/captions\/?$/,
    lazily(async () => (await import('./pages/captions.js')).captionsView),
  ],
  [/^\/trash\/?$/, lazily(async () => (await import('./pages/trash.js')).trashView)],
  [/^\/lists\/?$/, lazily(async () => (await import('./pages/lists.js')).listsView)],
  [/^\/lists\/([^/]+)\/?$/, lazily(async () => (await import('./pages/list.js')).listView)],
  [
    /^\/administration(?:\/(.*?))?\/?$/,
    lazily(async () => (await import('./pages/administration.js')).administrationView),
  ],
];

export class Router {
  /** @type {View | null} */
  #view = null;

  /**
   * @param {HTMLElement} main
   * @param {Context} context
   */
  constructor(main, context) {
    this.main = main;
    this.context = {
      ...context,
      go: (/** @type {string} */ path) => this.go(path),
      retitle: () => this.#setTitle(),
    };
  }

  /** @param {boolean} missing the server says that there is no such page */
  start(missing) {
    addEventListener('popstate', () => this.#show(false));
    document.addEventListener('click', (event) => this.#follow(event));
    onLocaleChange(() => this.#setTitle());
    this.#open(missing ? missingView() : this.#match(), false);
  }

  /** Ends the view, and with it all that it listens to. */
  close() {
    this.#view?.close?.();
  }

  /** @param {string} path */
  go(path) {
    history.pushState(null, '', ownPath(path, '/'));
    this.#show(true);
  }

  #match() {
    for (const [pattern, view] of routes) {
      const match = location.pathname.match(pattern);
      if (match) return view(this.context, match[1] ?? '');
    }
    return missingView();
  }

  /** @param {boolean} forward */
  #show(forward) {
    this.close();
    this.context.byLink = forward;
    this.#open(this.#match(), true);
    if (forward) scrollTo({ top: 0, behavior: 'instant' });
  }

  /**
   * @param {View} view
   * @param {boolean} moveFocus
   */
  #open(view, moveFocus) {
    this.#view = view;
    this.main.className = `page ${view.layout ?? ''}`.trim();
    replace(this.main, view.element);
    this.context.dock.yields = view.showsUploads ?? false;
    this.context.search.show(location.pathname.startsWith('/search') ? searchFrom(location.search).q : '');
    this.#setTitle();
    if (moveFocus) this.main.focus({ preventScroll: true });
  }

  #setTitle() {
    const title = this.#view?.title() ?? '';
    document.title = title ? `${title} · Palco` : 'Palco';
  }

  /** @param {string} path */
  async #leaveFor(path) {
    const view = this.#view;
    if (view?.mayLeave && !(await view.mayLeave())) return;
    if (this.#view === view) this.go(path);
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (!routes.some(([pattern]) => pattern.test(link.pathname))) return;
    event.preventDefault();
    const path = link.pathname + link.search;
    if (path === location.pathname + location.search) return;
    void this.#leaveFor(path);
  }
}

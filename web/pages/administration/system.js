/** How the system does: what waits, what room there is, who works. It looks again by itself while somebody looks at it. */
import { troubleNote } from '../../components/note.js';
import { systemState } from '../../lib/administration.js';
import { h, replace } from '../../lib/dom.js';
import { onLocaleChange, t } from '../../lib/i18n.js';
import { explain } from '../../lib/problem.js';
import { newsBetween, panelNames, panelsOf } from './system-words.js';

/** @typedef {import('../../router.js').Context} Context */
/** @typedef {import('./system-words.js').System} System */

/**
 * @param {Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const page = new SystemPage(context);
  page.start();
  return { element: page.element, title: () => t('admin.section.system'), close: () => page.close() };
}

/** Milliseconds from one answer to the next question. */
const lookAfter = 5000;

class SystemPage {
  /** @type {System | null} */
  #state = null;
  #stop = new AbortController();
  #timer = 0;

  /** @param {Context} context */
  constructor(context) {
    this.context = context;
    this.news = h('p', { class: 'unseen', role: 'status' });
    this.stale = h('p', { class: 'warning', hidden: true });
    this.body = h('div', { class: 'panels', 'aria-busy': 'true' }, ...panelNames.map(bonePanel));
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'admin.section.system' }),
        h('p', { text: 'system.hint' }),
      ),
      this.news,
      this.stale,
      this.body,
    );
  }

  start() {
    const { signal } = this.#stop;
    document.addEventListener('visibilitychange', () => document.hidden ? this.#pause() : this.#look(), {
      signal,
    });
    signal.addEventListener('abort', onLocaleChange(() => this.#draw()), { once: true });
    this.#look();
  }

  close() {
    this.#stop.abort();
    this.#pause();
  }

  #pause() {
    clearTimeout(this.#timer);
  }

  async #look() {
    const { signal } = this.#stop;
    this.#pause();
    try {
      const state = await systemState(signal);
      if (signal.aborted) return;
      const before = this.#state;
      this.#state = state;
      this.stale.hidden = true;
      this.#draw();
      if (before) this.#announce(newsBetween(before, state));
    } catch (error) {
      if (signal.aborted) return;
      this.#failed(error);
    }
    if (!document.hidden) this.#timer = setTimeout(() => this.#look(), lookAfter);
  }

  /** What is on the page stays, and says that it is old. @param {unknown} error */
  #failed(error) {
    this.context.session.check().catch(() => {});
    if (this.#state) {
      this.stale.hidden = false;
      this.stale.textContent = t('system.stale', { reason: explain(error) });
    } else {
      replace(this.body, troubleNote('admin.list_error', explain(error), () => this.#look()));
      this.body.removeAttribute('aria-busy');
    }
  }

  /** @param {{ key: string, count: number }[]} news */
  #announce(news) {
    if (news.length > 0) this.news.textContent = news.map(({ key, count }) => t(key, { count })).join(' ');
  }

  #draw() {
    const state = this.#state;
    if (!state) return;
    this.body.removeAttribute('aria-busy');
    replace(
      this.body,
      ...panelsOf(state).map(({ name, warning, parts }) => panel(name, contentOf(warning, parts))),
    );
  }
}

/**
 * @param {string} name
 * @param {import('../../lib/dom.js').Child[]} content
 */
function panel(name, content) {
  return h(
    'section',
    { class: 'panel', 'data-testid': `system-${name}` },
    h('h2', { text: `system.panel.${name}` }),
    ...content,
  );
}

/** The shape of what is coming. @param {string} name */
function bonePanel(name) {
  return panel(
    name,
    Array.from({ length: 3 }, () => h('div', { class: 'bone line', 'aria-hidden': 'true' })),
  );
}

/**
 * @param {string | undefined} warning
 * @param {import('./system-words.js').Panel['parts']} parts
 */
function contentOf(warning, parts) {
  return [
    warning ? h('p', { class: 'warning' }, warning) : null,
    parts.length === 0 ? h('p', { class: 'quiet', text: 'system.none' }) : null,
    ...parts.map(({ title, lines }) => h('div', {}, title ? h('h3', {}, title) : null, valueList(lines))),
  ];
}

/** @param {import('./system-words.js').Line[]} lines */
function valueList(lines) {
  return h(
    'dl',
    { class: 'values' },
    ...lines.map(({ label, text, isBad }) =>
      h('div', { class: isBad ? 'bad' : null }, h('dt', {}, label), h('dd', {}, text))
    ),
  );
}

/** A person's own videos: how far each is, who sees it, how often it was seen, and what can be done with it. */
import { options } from '../components/choices.js';
import { ask } from '../components/dialogs.js';
import { fileChooser } from '../components/drop.js';
import { menuButton } from '../components/menu-button.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { toast, toastError } from '../components/toast.js';
import { VideoCard } from '../components/video-card.js';
import { captionsPath, ownPath } from '../lib/address.js';
import {
  base,
  countUnlocks,
  deleteVideo,
  endUnlocks,
  listVideos,
  originalURL,
  retryVideo,
} from '../lib/api.js';
import { h, icon, replace } from '../lib/dom.js';
import { date } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { follow } from '../lib/live.js';
import { filterIn, minePath, statuses } from '../lib/own-videos.js';
import { mayUpload } from '../lib/rights.js';
import { editVideo } from './edit-video.js';

/** @typedef {import('../lib/api.js').Video} Video */
/** @typedef {import('../lib/own-videos.js').Filter} Filter */

/** Milliseconds after the last letter. */
const typingPause = 250;

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function mineView(context) {
  const page = new MyVideos(context);
  page.start();
  return { element: page.element, title: () => t('mine.title'), close: () => page.close() };
}

class MyVideos {
  #stop = new AbortController();
  #filter = filterIn(location.search);
  #typing = 0;
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {import('../router.js').Context} context */
  constructor(context) {
    this.context = context;
    this.search = h('input', {
      type: 'search',
      class: 'input',
      label: 'mine.search',
      hint: 'mine.search',
      maxlength: '200',
      value: this.#filter.q,
      'data-testid': 'search',
      oninput: () => this.#typed(),
    });
    this.status = h(
      'select',
      {
        class: 'input select',
        label: 'mine.status',
        'data-testid': 'status',
        onchange: () => this.#refine({ ...this.#filter, status: this.status.value }),
      },
      ...options([
        ['', 'mine.all'],
        ...statuses.map((status) => /** @type {[string, string]} */ ([status, `mine.status_${status}`])),
      ], this.#filter.status),
    );
    this.tools = h(
      'div',
      { class: 'filters', role: 'search', label: 'mine.filters' },
      h('div', { class: 'search-field' }, icon('search'), this.search),
      this.status,
    );
    this.list = new PagedList({
      load: (cursor, signal) => this.#load(cursor, signal),
      row: (video) => this.#row(video),
      empty: () => this.#emptyNote(),
      className: 'hits mine',
      testid: 'mine',
      label: 'mine.title',
      error: 'library.error',
      status: (items) => t('library.count', { count: items.length }),
    });
    this.element = h(
      'div',
      { class: 'narrow-page' },
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'mine.title' }),
        h(
          'a',
          { class: 'button', href: '/trash', 'data-testid': 'trash' },
          icon('trash'),
          h('span', { text: 'trash.title' }),
        ),
      ),
      this.tools,
      this.list.element,
    );
  }

  start() {
    const { signal } = this.#stop;
    const begin = () => void this.list.begin();
    signal.addEventListener('abort', onLocaleChange(begin), { once: true });
    const end = follow(`${base}/videos/events`, {
      changed: (video, event) => this.#changed(video, event),
      caughtUp: () => {
        this.context.session.check().catch(() => {});
        begin();
      },
    });
    signal.addEventListener('abort', end, { once: true });
    begin();
  }

  close() {
    this.#stop.abort();
    clearTimeout(this.#typing);
    this.list.close();
  }

  get #isFiltered() {
    return this.#filter.q !== '' || this.#filter.status !== '';
  }

  #typed() {
    clearTimeout(this.#typing);
    const q = this.search.value.trim();
    this.#typing = setTimeout(() => this.#refine({ ...this.#filter, q }), typingPause);
  }

  /** @param {Filter} filter */
  #refine(filter) {
    clearTimeout(this.#typing);
    this.#filter = filter;
    history.replaceState(null, '', ownPath(minePath(filter), '/videos/mine'));
    void this.list.begin();
  }

  /**
   * @param {string | null} cursor
   * @param {AbortSignal} signal
   */
  async #load(cursor, signal) {
    const filter = { uploader: this.context.user.id, ...this.#filter };
    const page = await listVideos({ cursor, signal, filter });
    if (cursor === null && !signal.aborted) {
      this.#rows.clear();
      this.tools.hidden = page.data.length === 0 && !this.#isFiltered;
    }
    return page;
  }

  /** @param {Video} video */
  #row(video) {
    const row = new Row(video, {
      edit: () => void this.#edit(row),
      retry: () => void this.#retry(row),
      unlocks: () => void this.#unlocks(row),
      remove: () => void this.#remove(row),
    });
    this.#rows.set(video.id, row);
    return row.element;
  }

  #emptyNote() {
    if (this.#isFiltered) {
      const all = () => {
        this.search.value = '';
        this.status.value = '';
        this.#refine({ q: '', status: '' });
        this.search.focus();
      };
      return h(
        'div',
        { class: 'empty', 'data-testid': 'empty' },
        arches(),
        h('h2', { text: 'mine.nothing' }),
        h('button', { type: 'button', class: 'button', text: 'mine.show_all', onclick: all }),
      );
    }
    const isMaker = mayUpload(this.context.user);
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      arches(),
      h('h2', { text: 'library.empty' }),
      h('p', { text: isMaker ? 'library.empty_hint' : 'mine.empty_viewer' }),
      isMaker && fileChooser((files) => this.context.uploads.add(files)),
    );
  }

  /**
   * @param {Video} video
   * @param {string} event
   */
  #changed(video, event) {
    const row = this.#rows.get(video.id);
    if (event === 'removed') {
      if (row) this.#drop(row);
    } else if (row) {
      row.update({ ...row.video, ...video });
    } else if (event === 'created' && video.created_by === this.context.user.id) {
      void this.list.begin();
    }
  }

  /** @param {Row} row */
  #drop(row) {
    this.list.remove(row.element);
    this.#rows.delete(row.video.id);
  }

  /** @param {Row} row */
  async #edit(row) {
    const changed = await editVideo(row.video, { user: this.context.user });
    if (changed === null) return;
    row.update({ ...row.video, ...changed });
    toast('watch.saved');
  }

  /** @param {Row} row */
  async #retry(row) {
    try {
      await retryVideo(row.video.id);
      row.update({ ...row.video, status: 'pending', progress: 0, error: null });
      toast('mine.retried');
    } catch (error) {
      toastError(error);
    }
  }

  /** How many have it open by its password, and an end to that. @param {Row} row */
  async #unlocks(row) {
    const { id, title } = row.video;
    try {
      const count = await countUnlocks(id);
      if (count === 0) return toast('mine.unlocks_none');
      const ended = await ask({
        title: 'mine.unlocks',
        confirm: 'mine.unlocks_end',
        danger: true,
        body: [
          h('p', { text: ['mine.unlocks_count', { count, title }] }),
          h('p', { text: 'mine.unlocks_hint' }),
        ],
        act: () => endUnlocks(id),
      });
      if (ended) toast('mine.unlocks_ended');
    } catch (error) {
      toastError(error);
    }
  }

  /** @param {Row} row */
  async #remove(row) {
    const { id, title } = row.video;
    const removed = await ask({
      title: 'watch.delete_question',
      confirm: 'action.delete',
      danger: true,
      body: [
        h('p', { text: ['mine.remove_what', { title }] }),
        h('ul', { class: 'removal-list' }, ...whatGoes(row.video).map((key) => h('li', { text: key }))),
      ],
      act: () => deleteVideo(id),
    });
    if (!removed) return;
    this.#drop(row);
    toast('watch.deleted');
  }
}

/** Message keys for all that goes with a video. @param {Video} video */
function whatGoes({ view_count: views = 0 }) {
  return [
    'mine.goes_files',
    'mine.goes_words',
    'mine.goes_lists',
    ...(views > 0 ? ['mine.goes_views'] : []),
  ];
}

/** @typedef {{ edit: () => void, retry: () => void, unlocks: () => void, remove: () => void }} Actions */

class Row {
  /**
   * @param {Video} video
   * @param {Actions} actions
   */
  constructor(video, actions) {
    this.actions = actions;
    this.marks = h('p', { class: 'mine-marks' });
    this.card = new VideoCard(video, { testid: 'own', facts, below: [this.marks] });
    this.buttons = h('div', { class: 'hit-actions' });
    this.element = this.card.element;
    this.element.append(this.buttons);
    this.#draw();
  }

  get video() {
    return this.card.video;
  }

  /** @param {Video} video */
  update(video) {
    const { status, title } = this.video;
    this.card.update(video);
    const { status: now, title: called } = video;
    if (status === now && title === called) {
      this.#drawMarks();
      return;
    }
    const part = /** @type {HTMLElement | null} */ (this.buttons.querySelector(':focus'))?.dataset.part;
    this.#draw();
    if (!part) return;
    const next = this.buttons.querySelector(`[data-part=${part}]`) ?? this.buttons.querySelector('button');
    /** @type {HTMLElement | null} */ (next)?.focus();
  }

  #drawMarks() {
    const { video } = this;
    const marks = [
      standing(video.status),
      video.is_hidden && mark('eye-off', 'mine.hidden'),
      video.is_premium && mark('shield', 'mine.premium'),
      video.has_password && mark('key', 'mine.password'),
      (video.groups ?? []).length > 0 && mark('people', 'mine.groups'),
    ].filter((each) => each !== false && each !== undefined);
    replace(this.marks, ...marks);
  }

  #draw() {
    const { video, actions } = this;
    const { title } = video;
    this.#drawMarks();
    replace(
      this.buttons,
      video.status === 'failed' && button('replay', 'mine.retry', title, actions.retry),
      button('edit', 'mine.edit', title, actions.edit),
      h(
        'a',
        {
          class: 'icon-button',
          href: captionsPath(video.id),
          label: ['mine.captions', { title }],
          tip: ['mine.captions', { title }],
          'data-part': 'captions',
        },
        icon('captions'),
      ),
      menuButton({
        label: ['mine.more', { title }],
        items: () => [
          { text: 'watch.download', icon: 'download', act: () => download(video.id) },
          ...(this.video.has_password
            ? [{ text: 'mine.unlocks', icon: 'unlock', act: actions.unlocks }]
            : []),
          { text: 'action.delete', icon: 'trash', danger: true, act: actions.remove },
        ],
      }),
    );
  }
}

/** @param {Video} video */
function facts({ created_at, view_count: count = 0 }) {
  return [date(created_at), t('mine.views', { count })].join(' · ');
}

/** @param {Video['status']} status */
function standing(status) {
  const look = { ready: 'active', failed: 'locked', pending: 'set', processing: 'set' }[status];
  return h('span', { class: `standing ${look}`, text: `mine.status_${status}` });
}

/**
 * @param {string} symbol
 * @param {string} text a message key
 */
function mark(symbol, text) {
  return h('span', { class: 'mine-mark' }, icon(symbol), h('span', { text }));
}

/**
 * @param {string} symbol
 * @param {string} text a message key
 * @param {string} title
 * @param {() => void} act
 */
function button(symbol, text, title, act) {
  const words = [text, { title }];
  return h(
    'button',
    { type: 'button', class: 'icon-button', label: words, tip: words, 'data-part': symbol, onclick: act },
    icon(symbol),
  );
}

/** @param {string} id */
function download(id) {
  const link = h('a', { href: ownPath(originalURL(id), '/'), download: '' });
  document.body.append(link);
  link.click();
  link.remove();
}

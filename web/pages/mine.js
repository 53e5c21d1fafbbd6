/** A person's own videos: how far each is, who sees it, how often it was seen, and what can be done with it. */
import { options } from '../components/choices.js';
import { ask } from '../components/dialogs.js';
import { fileChooser } from '../components/drop.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { Selection } from '../components/selection.js';
import { toast, toastError } from '../components/toast.js';
import { ownPath } from '../lib/address.js';
import {
  ApiError,
  base,
  countUnlocks,
  deleteVideo,
  endReplacement,
  endUnlocks,
  listVideos,
  retryVideo,
} from '../lib/api.js';
import { h, icon } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { follow } from '../lib/live.js';
import { filterIn, minePath, statuses } from '../lib/own-videos.js';
import { mayUpload } from '../lib/rights.js';
import { changedOf, mostVideos } from '../lib/video-batch.js';
import { editVideo } from './edit-video.js';
import { VideoBatchBar } from './mine-batch.js';
import { OwnRow } from './mine-row.js';
import { chooseReplacement } from './replace-file.js';

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
  /** @type {Map<string, OwnRow>} */
  #rows = new Map();
  /** @type {Selection<Video>} */
  #selection = new Selection(mostVideos);

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
    this.batch = new VideoBatchBar(this.#selection, {
      changed: (results) => this.#manyChanged(results),
      offered: () => [...this.#rows.values()].map(({ video }) => video),
    });
    this.#selection.addEventListener('change', () => {
      for (const row of this.#rows.values()) row.select.checked = this.#selection.has(row.video.id);
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
      this.batch.element,
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
    this.batch.close();
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
    // Nobody changes what they do not see.
    this.#selection.clear();
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
    /** @type {OwnRow} */
    const row = new OwnRow(video, {
      edit: () => void this.#edit(row),
      retry: () => void this.#retry(row),
      unlocks: () => void this.#unlocks(row),
      remove: () => void this.#remove(row),
      replace: () => void this.#replace(row),
      endReplacement: () => void this.#endReplacement(row),
      isBlocked: () => this.#isBlocked(video.id),
      select: (wanted) => this.#select(row, wanted),
    });
    row.select.checked = this.#selection.has(video.id);
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
      row.update({ ...row.video, replacement: undefined, ...video });
    } else if (event === 'created' && video.created_by === this.context.user.id) {
      void this.list.begin();
    }
  }

  /** @param {OwnRow} row */
  #drop(row) {
    this.list.remove(row.element);
    this.#rows.delete(row.video.id);
    this.#selection.set(row.video, false);
  }

  /** @param {OwnRow} row */
  async #edit(row) {
    const changed = await editVideo(row.video, { user: this.context.user });
    if (changed === null) return;
    row.update({ ...row.video, ...changed });
    toast('watch.saved');
  }

  /** @param {OwnRow} row */
  async #retry(row) {
    try {
      await retryVideo(row.video.id);
      row.update({ ...row.video, status: 'pending', progress: 0, error: null });
      toast('mine.retried');
    } catch (error) {
      toastError(error);
    }
  }

  /**
   * @param {OwnRow} row
   * @param {boolean} wanted
   */
  #select(row, wanted) {
    const isChosen = this.#selection.set(row.video, wanted);
    if (isChosen !== wanted) toast('mine.most_selected', { count: mostVideos });
    return isChosen;
  }

  /** @param {import('../lib/video-batch.js').Result[]} results */
  #manyChanged(results) {
    const changed = changedOf(results);
    for (const { id, after } of changed) {
      const row = this.#rows.get(id);
      if (row && after?.is_trashed) this.#drop(row);
      else row?.update({ ...row.video, ...after });
    }
    if (changed.some(({ after }) => after?.is_trashed === false)) void this.list.begin();
  }

  /** @param {OwnRow} row */
  async #replace(row) {
    const file = await chooseReplacement(row.video);
    if (file) this.context.uploads.replace(file, row.video.id);
  }

  /** Whether a file that was chosen here has another one in its way. @param {string} id of a video */
  #isBlocked(id) {
    return this.context.uploads.uploads.some(({ replaces, error }) =>
      replaces === id && error instanceof ApiError && error.code === 'replacement_under_way'
    );
  }

  /** @param {OwnRow} row */
  async #endReplacement(row) {
    try {
      await endReplacement(row.video.id);
      row.update({ ...row.video, replacement: undefined });
      toast('mine.replacement_ended');
    } catch (error) {
      toastError(error);
    }
  }

  /** How many have it open by its password, and an end to that. @param {OwnRow} row */
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

  /** @param {OwnRow} row */
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

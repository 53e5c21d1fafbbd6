/** One video: the player, or how far it is; title, description; for its owner also change and delete. */
import '../player/palco-player.js';
import { audioMark } from '../components/audio-mark.js';
import { ChapterList } from '../components/chapter-list.js';
import { ask } from '../components/dialogs.js';
import { arches, troubleNote } from '../components/note.js';
import { progressBar, setProgress } from '../components/progress-bar.js';
import { toast, toastError } from '../components/toast.js';
import { captionsPath, ownPath, secondIn } from '../lib/address.js';
import {
  ApiError,
  base,
  deleteVideo,
  getVideo,
  originalURL,
  playVideo,
  reportPosition,
  retryVideo,
  storyboardURL,
} from '../lib/api.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { clock, date, day, percent } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { follow } from '../lib/live.js';
import { explain, explainVideoError, explainWarning } from '../lib/problem.js';
import { richText } from '../lib/rich-text.js';
import { visible } from '../lib/visible.js';
import { languageName } from '../player/track-label.js';
import { keepPosition, positionOf } from './positions.js';
import { KeepButtons } from './watch/keep.js';
import { names } from './watch/names.js';
import { Related } from './watch/related.js';
import { Transcript } from './watch/transcript.js';

/** @typedef {import('../lib/api.js').Video} Video */
/** @typedef {import('../player/palco-player.js').PalcoPlayer} PalcoPlayer */

/**
 * @param {import('../router.js').Context} context
 * @param {string} id
 * @returns {import('../router.js').View}
 */
export function watchView(context, id) {
  const watch = new Watch(context, id);
  watch.start();
  return {
    element: watch.element,
    title: () => visible(watch.video?.title ?? ''),
    close: () => watch.close(),
  };
}

/** Milliseconds. */
const lookAfter = 5000;

class Watch {
  /** @type {Video | null} */
  video = null;
  /** @type {PalcoPlayer | null} */
  #player = null;
  /** @type {ChapterList | null} */
  #chapters = null;
  #stop = new AbortController();
  #theatreShows = '';
  #looking = 0;

  /**
   * @param {import('../router.js').Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.theatre = h('div', { class: 'theatre', 'data-testid': 'theatre' });
    this.about = h('section', { class: 'about' });
    this.work = progressBar();
    this.keep = new KeepButtons(id);
    this.related = new Related(id);
    this.transcript = new Transcript(id, (time) => this.#seek(time));
    this.parts = [this.theatre, this.about, this.transcript.element, this.related.element];
    this.element = h('div', { class: 'watching' }, ...this.parts);
  }

  async start() {
    const { signal } = this.#stop;
    const redraw = () => {
      this.#render(true);
      this.related.draw();
    };
    signal.addEventListener('abort', onLocaleChange(redraw), { once: true });
    if (!(await this.#load())) return;
    this.#follow();
    void this.related.load(signal);
  }

  close() {
    this.#stop.abort();
    clearTimeout(this.#looking);
  }

  /** @returns {Promise<boolean>} */
  async #load() {
    try {
      this.video = await getVideo(this.id, this.#stop.signal);
      this.keep.show(this.video.is_favorite ?? false);
      this.#render(true);
      return true;
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#failed(error);
      return false;
    }
  }

  #follow() {
    const end = follow(`${base}/videos/${encodeURIComponent(this.id)}/events`, {
      changed: (video, event) => {
        if (video.id !== this.id || !this.video) return;
        if (event === 'removed') return void this.#load();
        this.video = { ...this.video, ...video };
        this.#render();
        this.#lookForMore();
      },
      caughtUp: () => {
        this.context.session.check().catch(() => {});
        this.#load();
      },
    });
    this.#stop.signal.addEventListener('abort', end, { once: true });
  }

  /** Captions may be there later than the film, and no event tells of them: with what else is made they are looked for. */
  #lookForMore() {
    if (this.#looking !== 0) return;
    this.#looking = setTimeout(() => {
      this.#looking = 0;
      this.#player?.refresh();
    }, lookAfter);
  }

  /** @param {unknown} error */
  #failed(error) {
    if (this.video && !(error instanceof ApiError && error.status === 404)) return;
    if (error instanceof ApiError && error.status === 404) {
      this.close();
      replace(
        this.element,
        h(
          'div',
          { class: 'empty', 'data-testid': 'not-found' },
          arches(),
          h('h1', { text: 'watch.not_found' }),
          h('p', { text: 'watch.not_found_hint' }),
          h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
        ),
      );
      return;
    }
    const again = () => {
      replace(this.element, ...this.parts);
      this.start();
    };
    replace(this.element, troubleNote('watch.error', explain(error), again));
  }

  /** @param {boolean} [whole] also what events do not change */
  #render(whole = false) {
    const { video } = this;
    if (!video) return;
    document.title = `${visible(video.title)} · Palco`;
    this.element.dataset.status = video.status;
    this.#renderTheatre(video, whole);
    this.#renderAbout(video);
    const player = this.#player;
    if (!player) return;
    if (video.renditions) player.renditions = video.renditions;
    player.poster = ownPath(video.thumbnail_url, null);
  }

  /**
   * @param {Video} video
   * @param {boolean} whole
   */
  #renderTheatre(video, whole) {
    if (video.status === 'ready') {
      if (this.#theatreShows !== 'player') this.#showPlayer(video);
      return;
    }
    if (video.status !== 'failed') setProgress(this.work, video.status === 'pending' ? null : video.progress);
    if (this.#theatreShows === video.status && !whole) return;
    this.#theatreShows = video.status;
    replace(this.theatre, video.status === 'failed' ? this.#failedNote(video) : this.#workNote(video));
  }

  /** @param {Video} video */
  #workNote(video) {
    const title = video.status === 'pending' ? 'watch.pending' : 'watch.preparing';
    this.work.setAttribute('aria-label', t(title));
    return h(
      'div',
      { class: 'stage-note', 'data-testid': 'processing' },
      h('h2', { text: title }),
      this.work,
      h('p', { text: 'watch.preparing_hint' }),
    );
  }

  /** @param {Video} video */
  #failedNote(video) {
    const again = async () => {
      try {
        await retryVideo(this.id);
        await this.#load();
      } catch (error) {
        toastError(error);
      }
    };
    return h(
      'div',
      { class: 'stage-note', role: 'alert', 'data-testid': 'failed' },
      icon('alert'),
      h('h2', { text: 'watch.failed' }),
      h('p', {}, explainVideoError(video.error)),
      this.#mayChange(video) &&
        h('button', { type: 'button', class: 'button', onclick: again, text: 'action.try_again' }),
    );
  }

  /** @param {Video} video */
  async #showPlayer(video) {
    this.#theatreShows = 'player';
    this.theatre.dataset.kind = video.kind ?? 'video';
    const player = /** @type {PalcoPlayer} */ (document.createElement('palco-player'));
    replace(this.theatre, player);
    this.#player = player;
    this.transcript.attach(player, this.#stop.signal);
    player.addEventListener('palco-position', (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      // Until it has gone to where one stopped, the player stands at the start: who leaves then would lose the place.
      if (detail.position === 0 && player.video.played.length === 0) return;
      this.#chapters?.mark(detail.position);
      keepPosition(this.id, detail);
      reportPosition(this.id, detail.position, detail.played);
    });
    try {
      const play = await playVideo(this.id, this.#stop.signal);
      player.load({
        url: mediaPath(play),
        title: visible(video.title),
        kind: video.kind,
        poster: ownPath(this.video?.thumbnail_url, null),
        storyboard: video.kind === 'audio' ? null : storyboardURL(this.id),
        startAt: secondIn(location.search) ?? (play.resume_at || positionOf(this.id)),
        autoplay: this.context.byLink ?? false,
        renditions: this.video?.renditions ?? [],
        renew: async () => mediaPath(await playVideo(this.id, this.#stop.signal)),
      });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#player = null;
      this.#theatreShows = '';
      replace(
        this.theatre,
        h(
          'div',
          { class: 'stage-note', role: 'alert' },
          icon('alert'),
          h('p', {}, explain(error)),
          h('button', {
            type: 'button',
            class: 'button',
            onclick: () => this.#load(),
            text: 'action.try_again',
          }),
        ),
      );
    }
  }

  /** @param {Video} video */
  #mayChange(video) {
    const { user } = this.context;
    return user.role === 'admin' || video.created_by === user.id;
  }

  /** @param {Video} video */
  #renderAbout(video) {
    const facts = [
      date(video.created_at),
      video.kind === 'audio' ? audioMark() : '',
      video.duration ? clock(video.duration) : '',
      lines(video),
      video.language ? languageName(video.language) : '',
      video.recorded_on ? t('watch.recorded', { date: day(video.recorded_on) }) : '',
    ].filter((fact) => fact !== '');
    const focused = /** @type {HTMLElement | null} */ (this.about.querySelector(':focus'))?.dataset.testid;
    replace(
      this.about,
      h(
        'div',
        {},
        h('h1', { 'data-testid': 'title' }, foreign(video.title)),
        h('p', { class: 'about-facts' }, ...facts.map((fact) => h('span', {}, fact))),
      ),
      h(
        'div',
        { class: 'about-actions' },
        ...this.keep.elements,
        ...(this.#mayChange(video) ? this.#ownerActions() : []),
      ),
      names(video),
      h(
        'div',
        {
          class: video.description ? 'description' : 'description none',
          dir: video.description ? 'auto' : null,
          'data-testid': 'description',
        },
        ...(video.description ? richText(video.description_html ?? '') : [t('watch.no_description')]),
      ),
      this.#chapterList(video),
      video.status === 'ready' && video.progress < 1 && this.#filling(video),
      (video.warnings ?? []).length > 0 && warningNote(video.warnings ?? []),
    );
    if (focused) {
      /** @type {HTMLElement | null} */ (this.about.querySelector(`[data-testid=${focused}]`))?.focus();
    }
  }

  /** On a phone these are their symbols alone. */
  #ownerActions() {
    /**
     * @param {'a' | 'button'} tag
     * @param {string} testid
     * @param {string} tip
     * @param {string} image
     * @param {Record<string, unknown>} attributes
     */
    const action = (tag, testid, tip, image, attributes) =>
      h(
        tag,
        { class: 'button own', tip, 'data-testid': testid, ...attributes },
        icon(image),
        h('span', { text: tip }),
      );
    return [
      action('button', 'edit', 'action.edit', 'edit', { type: 'button', onclick: () => this.#edit() }),
      action('button', 'share', 'share.share', 'link', { type: 'button', onclick: () => void this.#share() }),
      action('a', 'captions', 'watch.captions', 'captions', { href: captionsPath(this.id) }),
      action('a', 'original', 'watch.download', 'download', {
        href: ownPath(originalURL(this.id), '/'),
        download: '',
      }),
      action('button', 'delete', 'action.delete', 'trash', { type: 'button', onclick: () => this.#delete() }),
    ];
  }

  /** @param {Video} video */
  #chapterList(video) {
    const chapters = video.chapters ?? [];
    this.#chapters = chapters.length > 0 ? new ChapterList(chapters, (time) => this.#seek(time)) : null;
    if (this.#player) this.#chapters?.mark(this.#player.video.currentTime);
    return this.#chapters?.element;
  }

  /** @param {number} time */
  #seek(time) {
    const player = this.#player;
    if (!player) return;
    player.seekTo(time);
    this.#chapters?.mark(time);
    player.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Video} video */
  #filling(video) {
    const text = t('watch.filling', { percent: percent(video.progress) });
    this.work.setAttribute('aria-label', text);
    setProgress(this.work, video.progress);
    return h('div', { class: 'about-work', 'data-testid': 'filling' }, h('span', {}, text), this.work);
  }

  async #share() {
    if (!this.video) return;
    try {
      const { shareVideo } = await import('./watch/share-video.js');
      await shareVideo(this.video, this.#player?.video.currentTime ?? 0);
    } catch (error) {
      toastError(error);
    }
  }

  async #edit() {
    if (!this.video) return;
    const time = this.#player?.video.currentTime ?? null;
    const { editVideo } = await import('./edit-video.js');
    const changed = await editVideo(this.video, { user: this.context.user, time });
    if (changed === null) return;
    this.video = { ...this.video, ...changed };
    this.#render();
    toast('watch.saved');
  }

  async #delete() {
    const title = this.video?.title ?? '';
    const deleted = await ask({
      title: 'watch.delete_question',
      confirm: 'action.delete',
      danger: true,
      body: [h('p', { text: ['watch.delete_warning', { title }] })],
      act: () => deleteVideo(this.id),
    });
    if (!deleted) return;
    toast('watch.deleted');
    this.context.go?.('/');
  }
}

/** @param {import('../lib/api.js').VideoWarning[]} warnings */
function warningNote(warnings) {
  return h(
    'section',
    { class: 'about-warnings', 'data-testid': 'warnings' },
    h('h2', {}, icon('alert'), h('span', { text: 'warning.title' })),
    h('ul', {}, ...warnings.map((warning) => h('li', {}, explainWarning(warning)))),
  );
}

/** @param {import('../lib/api.js').Playback} play */
function mediaPath({ playback_url }) {
  const path = ownPath(playback_url, null);
  if (path === null) throw new Error('the address of the media is none of this server');
  return path;
}

/** @param {Video} video */
function lines({ width, height }) {
  return width && height ? `${width} × ${height}` : '';
}

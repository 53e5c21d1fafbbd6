/** The captions of a video: one file for each language, written beside the player or brought from elsewhere. */
import '../player/palco-player.js';
import { ask } from '../components/dialogs.js';
import { Complaint } from '../components/form.js';
import { menuButton } from '../components/menu-button.js';
import { arches, troubleNote } from '../components/note.js';
import { toast } from '../components/toast.js';
import { captionsPath, ownPath, watchPath } from '../lib/address.js';
import { ApiError, getVideo, playVideo } from '../lib/api.js';
import { captionsAddress, captionsText, listCaptions, putCaptions, removeCaptions } from '../lib/captions.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';
import { visible } from '../lib/visible.js';
import { cuesFrom } from '../lib/webvtt.js';
import { languageName } from '../player/track-label.js';
import { CueTable } from './captions/cue-table.js';
import { askForFile, askForName } from './captions/naming.js';

/** @typedef {import('../lib/captions.js').CaptionFile} CaptionFile */
/** @typedef {import('./captions/naming.js').Named} Named */
/** @typedef {import('../player/palco-player.js').PalcoPlayer} PalcoPlayer */

/**
 * @param {import('../router.js').Context} context
 * @param {string} id
 * @returns {import('../router.js').View}
 */
export function captionsView(context, id) {
  const page = new CaptionsPage(context, id);
  void page.start();
  const title = () => t('captions.title_of', { title: page.title });
  return {
    element: page.element,
    title: () => page.title === '' ? t('captions.title') : title(),
    close: () => page.close(),
    mayLeave: () => page.mayLeave(),
  };
}

class CaptionsPage {
  title = '';
  #stop = new AbortController();
  /** @type {CaptionFile[]} */
  #files = [];
  /** @type {Named | null} the one that is edited; it may be in no file yet */
  #open = null;
  #isChanged = false;
  /** @type {PalcoPlayer | null} */
  #player = null;

  /**
   * @param {import('../router.js').Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.stage = h('div', { class: 'theatre', 'data-testid': 'theatre' });
    this.tabs = h('nav', { class: 'tabs', label: 'captions.languages', hidden: true });
    this.complaint = new Complaint();
    this.save = h('button', {
      type: 'button',
      class: 'button primary',
      text: 'action.save',
      'data-testid': 'save',
      onclick: () => void this.#save(),
    });
    this.table = new CueTable({
      play: (time) => this.#playFrom(time),
      time: () => this.#player && this.#player.video.readyState > 0 ? this.#player.video.currentTime : null,
      changed: () => this.#changed(true),
    });
    this.state = h('span', { class: 'quiet', role: 'status' });
    this.tools = h('div', { class: 'captions-tools', hidden: true });
    this.note = h('div');
    this.heading = h('h1', { text: 'captions.title' });
    this.add = h(
      'button',
      {
        type: 'button',
        class: 'button',
        'data-testid': 'add-captions',
        onclick: () => void this.#add(),
      },
      icon('plus'),
      h('span', { text: 'captions.add' }),
    );
    this.film = h('p', { class: 'captions-film' });
    this.element = h(
      'div',
      { class: 'captions-page', 'aria-busy': 'true' },
      h('a', { class: 'back', href: watchPath(id) }, icon('back'), h('span', { text: 'captions.back' })),
      h(
        'div',
        { class: 'page-head' },
        this.heading,
        this.film,
        h('div', { class: 'head-actions' }, this.add),
      ),
      h(
        'div',
        { class: 'captions-body' },
        h(
          'div',
          { class: 'captions-stage' },
          this.stage,
          h('p', { class: 'field-hint', text: 'captions.keys' }),
        ),
        h(
          'div',
          { class: 'captions-work' },
          this.tabs,
          this.tools,
          this.complaint.element,
          this.note,
          this.table.element,
        ),
      ),
    );
    this.table.element.hidden = true;
    this.element.addEventListener('keydown', (event) => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey) || this.#open === null) return;
      event.preventDefault();
      void this.#save();
    });
  }

  async start() {
    const { signal } = this.#stop;
    addEventListener('beforeunload', (event) => this.#isChanged && event.preventDefault(), { signal });
    signal.addEventListener('abort', onLocaleChange(() => this.#draw()), { once: true });
    try {
      const [video, files] = await Promise.all([getVideo(this.id, signal), listCaptions(this.id, signal)]);
      this.#files = files;
      this.title = visible(video.title);
      replace(this.film, foreign(video.title));
      this.context.retitle?.();
      if (video.status === 'ready') void this.#showPlayer(video);
      else replace(this.stage, h('div', { class: 'stage-note' }, h('p', { text: 'captions.not_ready' })));
      const wanted = new URLSearchParams(location.search).get('language');
      await this.#edit(files.find(({ language }) => language === wanted) ?? files[0] ?? null);
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  close() {
    this.#stop.abort();
  }

  /** @returns {Promise<boolean>} */
  async mayLeave() {
    if (!this.#isChanged) return true;
    return await ask({
      title: 'captions.leave_question',
      confirm: 'captions.leave',
      danger: true,
      body: [h('p', { text: 'captions.leave_warning' })],
      act: () => Promise.resolve(this.#changed(false)),
    });
  }

  /** @param {unknown} error */
  #failed(error) {
    const isGone = error instanceof ApiError && (error.status === 404 || error.status === 403);
    replace(
      this.element,
      isGone
        ? h(
          'div',
          { class: 'empty', 'data-testid': 'not-found' },
          arches(),
          h('h1', { text: 'watch.not_found' }),
          h('p', { text: 'watch.not_found_hint' }),
          h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
        )
        : troubleNote('captions.error', explain(error), () => location.reload()),
    );
  }

  /** @param {import('../lib/api.js').Video} video */
  async #showPlayer(video) {
    const { signal } = this.#stop;
    const player = /** @type {PalcoPlayer} */ (document.createElement('palco-player'));
    try {
      const address = async () => {
        const path = ownPath((await playVideo(this.id, signal)).playback_url, null);
        if (path === null) throw new Error('the address of the media is none of this server');
        return path;
      };
      const url = await address();
      if (signal.aborted) return;
      this.stage.dataset.kind = video.kind ?? 'video';
      replace(this.stage, player);
      this.#player = player;
      player.video.addEventListener('timeupdate', () => this.table.mark(player.video.currentTime), {
        signal,
      });
      player.load({
        url,
        title: visible(video.title),
        kind: video.kind,
        poster: ownPath(video.thumbnail_url, null),
        renditions: video.renditions ?? [],
        renew: address,
      });
    } catch (error) {
      if (signal.aborted) return;
      replace(this.stage, h('div', { class: 'stage-note', role: 'alert' }, h('p', {}, explain(error))));
    }
  }

  /** @param {number} time */
  #playFrom(time) {
    const player = this.#player;
    if (!player) return;
    player.seekTo(time);
    if (player.video.paused) player.toggle();
  }

  /** @param {Named | null} named null: there is none yet */
  async #edit(named) {
    this.complaint.clear();
    this.#open = named;
    this.#changed(false);
    if (named !== null) {
      history.replaceState(null, '', ownPath(captionsPath(this.id, named.language), '/'));
      const isKept = this.#files.some(({ language }) => language === named.language);
      const text = isKept ? await captionsText(this.id, named.language, this.#stop.signal) : '';
      if (this.#open !== named) return;
      this.table.show(cuesFrom(text));
    }
    this.#draw();
  }

  /** @param {boolean} isChanged */
  #changed(isChanged) {
    this.#isChanged = isChanged;
    this.state.textContent = isChanged ? t('captions.unsaved') : '';
  }

  #draw() {
    const open = this.#open;
    this.table.element.hidden = open === null;
    this.tools.hidden = open === null;
    this.#drawTabs();
    replace(this.note, open === null && this.#emptyNote());
    if (open === null) return;
    replace(
      this.tools,
      this.save,
      h(
        'button',
        { type: 'button', class: 'button', 'data-testid': 'add-cue', onclick: () => this.table.add() },
        icon('plus'),
        h('span', { text: 'captions.add_cue' }),
      ),
      menuButton({
        label: ['captions.more', { language: languageName(open.language) }],
        items: () => [
          { text: 'captions.rename', icon: 'edit', act: () => void this.#rename(open) },
          ...(this.#isKept(open)
            ? [
              { text: 'captions.download_vtt', icon: 'download', act: () => this.#download(open, 'vtt') },
              { text: 'captions.download_srt', icon: 'download', act: () => this.#download(open, 'srt') },
            ]
            : []),
          { text: 'captions.remove_file', icon: 'trash', danger: true, act: () => void this.#remove(open) },
        ],
      }),
      this.state,
    );
    this.state.textContent = this.#isChanged ? t('captions.unsaved') : '';
  }

  /** @param {Named} named */
  #isKept({ language }) {
    return this.#files.some((each) => each.language === language);
  }

  #drawTabs() {
    const open = this.#open;
    const all = open === null || this.#isKept(open) ? this.#files : [...this.#files, open];
    this.tabs.hidden = all.length === 0;
    const follow = async (/** @type {MouseEvent} */ event, /** @type {Named} */ named) => {
      if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (named.language === this.#open?.language || !(await this.mayLeave())) return;
      await this.#edit(named).catch((error) => this.complaint.say(explain(error)));
      /** @type {HTMLElement | null} */ (this.tabs.querySelector('[aria-current]'))?.focus();
    };
    replace(
      this.tabs,
      ...all.map((named) =>
        h('a', {
          href: captionsPath(this.id, named.language),
          'aria-current': named.language === open?.language ? 'page' : null,
          onclick: (/** @type {MouseEvent} */ event) => void follow(event, named),
        }, named.label ? foreign(named.label) : languageName(named.language))
      ),
    );
  }

  #emptyNote() {
    return h(
      'div',
      { class: 'empty', 'data-testid': 'empty' },
      h('div', { class: 'arches', 'aria-hidden': 'true' }, h('i'), h('i', {}, icon('captions')), h('i')),
      h('h2', { text: 'captions.empty' }),
      h('p', { text: 'captions.empty_hint' }),
      h('button', {
        type: 'button',
        class: 'button primary',
        text: 'captions.add',
        onclick: () => void this.#add(),
      }),
    );
  }

  async #add() {
    if (!(await this.mayLeave())) return;
    const made = await askForFile(this.id);
    if (made === null) return;
    if (made.isSent) this.#files = await listCaptions(this.id);
    const named = this.#files.find(({ language }) => language === made.language) ?? made;
    await this.#edit(named).catch((error) => this.complaint.say(explain(error)));
    if (!made.isSent) {
      if (!this.#isKept(named)) this.table.add();
      return;
    }
    toast('captions.saved');
    this.#player?.refresh();
  }

  async #save() {
    const open = this.#open;
    if (open === null || this.save.getAttribute('aria-busy') === 'true') return;
    this.complaint.clear();
    if (this.table.isEmpty) return this.complaint.say(t('captions.no_cues'));
    const file = this.table.file();
    if (file === null) return;
    this.save.setAttribute('aria-busy', 'true');
    try {
      this.#open = await putCaptions(this.id, open, new Blob([file.text], { type: 'text/vtt' }));
      this.#changed(false);
      toast('captions.saved');
      this.#player?.refresh();
      this.#files = await listCaptions(this.id, this.#stop.signal);
      this.#drawTabs();
    } catch (error) {
      if (!this.#stop.signal.aborted && !file.failed(error)) this.complaint.say(explain(error));
    } finally {
      this.save.removeAttribute('aria-busy');
    }
  }

  /** @param {Named} open */
  async #rename(open) {
    const named = await askForName(open, async (named) => {
      // The server takes a name with its file alone.
      if (!this.#isKept(open)) return;
      const text = await captionsText(this.id, open.language);
      await putCaptions(this.id, named, new Blob([text], { type: 'text/vtt' }));
      this.#files = await listCaptions(this.id);
    });
    if (named === null) return;
    this.#open = named;
    this.#draw();
    toast('watch.saved');
  }

  /**
   * @param {Named} open
   * @param {'vtt' | 'srt'} format
   */
  #download({ language }, format) {
    const link = h('a', {
      href: captionsAddress(this.id, language, format),
      download: `${language}.${format}`,
    });
    document.body.append(link);
    link.click();
    link.remove();
  }

  /** @param {Named} open */
  async #remove(open) {
    const done = await ask({
      title: ['captions.remove_question', { language: languageName(open.language) }],
      confirm: 'captions.remove_file',
      danger: true,
      body: [h('p', { text: 'captions.remove_warning' })],
      act: async () => {
        if (this.#isKept(open)) await removeCaptions(this.id, open.language);
        this.#files = this.#files.filter(({ language }) => language !== open.language);
      },
    });
    if (!done) return;
    this.#player?.refresh();
    toast('captions.removed');
    await this.#edit(this.#files[0] ?? null).catch((error) => this.complaint.say(explain(error)));
    this.add.focus();
  }
}

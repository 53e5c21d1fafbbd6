/**
 * `<palco-player>`: the element that pages use. `load()` begins; `debug` tells tests and the statistics what goes on.
 * Events: `palco-state` {state}, `palco-position` {position, duration, played}, `palco-captions`. Captions are those of the playlist, and children
 * `<track kind="captions">`.
 */
import { add, h, icon } from '../lib/dom.js';
import { localize, onLocaleChange, t } from '../lib/i18n.js';
import { recall, recallNumber, remember } from '../lib/preferences.js';
import { Captions } from './captions.js';
import { Controls } from './controls.js';
import { RecordedFeed } from './feed.js';
import { Gestures } from './gestures.js';
import { charactersAllowed, helpDialog } from './help.js';
import { commandFor, isCharacter, nextRate } from './keyboard.js';
import { announceMedia, announcePosition, describeMedia, forgetMedia } from './media-session.js';
import { mediaSourceClass } from './media-source.js';
import { NativePlayback } from './native.js';
import { Notices } from './notices.js';
import { Playback } from './playback.js';
import { menuEntries } from './menu-entries.js';
import { Statistics } from './statistics.js';
import { recallThroughput, rememberThroughput } from './throughput-memory.js';
import { trackLabel } from './track-label.js';
import { recallSound, rememberSound } from './tracks.js';
import { WatchedTime } from './watched-time.js';

/**
 * @typedef {object} LoadOptions
 * @property {string} url of the master playlist
 * @property {string} title
 * @property {'video' | 'audio'} [kind] sound alone is shown with its poster
 * @property {string | null} [poster]
 * @property {string | null} [storyboard] URL of a WebVTT file
 * @property {number} [startAt] seconds
 * @property {boolean} [autoplay]
 * @property {{ name: string, state: string }[]} [renditions] what is made already
 * @property {() => Promise<string>} renew answers a URL with a fresh grant
 */

/** Seconds, for the keys that a slider has and the rest of the player uses otherwise. */
const sliderSteps = new Map([['ArrowUp', 5], ['ArrowDown', -5], ['PageUp', 60], ['PageDown', -60]]);

export class PalcoPlayer extends HTMLElement {
  /** @type {Playback | NativePlayback | null} */
  #playback = null;
  #state = '';
  #connection = new AbortController();
  #savedAt = 0;
  #watched = new WatchedTime();
  #title = '';
  #poster = /** @type {string | null} */ (null);
  #isSound = false;

  constructor() {
    super();
    this.video = h('video', { playsinline: true, preload: 'auto', tabindex: '-1' });
    this.cover = h('img', { alt: '', hidden: true, onerror: () => (this.cover.hidden = true) });
    this.captions = new Captions(this.video, () => this.#captionsChanged());
    this.notices = new Notices(() => this.#playback?.retry());
    this.statistics = new Statistics(() => this.debug);
    this.controls = new Controls(this.#actions(), menuEntries(this));
    this.start = h(
      'button',
      {
        type: 'button',
        class: 'start',
        label: 'player.play',
        'data-testid': 'start',
        onclick: () => this.toggle(),
      },
      icon('play'),
    );
    this.help = helpDialog();
    this.stage = h('div', { class: 'stage' });
    add(this.stage, [
      h('div', { class: 'cover' }, icon('sound'), this.cover),
      this.video,
      this.start,
      ...this.notices.elements,
      this.statistics.element,
      this.controls.element,
      this.help,
    ]);
    const sheet = new URL('player.css', import.meta.url).pathname;
    const root = this.attachShadow({ mode: 'open' });
    root.append(h('link', { rel: 'stylesheet', href: sheet }), this.stage);
    this.gestures = new Gestures(this.stage, this.video, {
      toggle: () => this.toggle(),
      fullScreen: () => this.fullScreen(),
      seekBy: (seconds) => this.seekBy(seconds),
      mayHide: () => this.#mayHide(),
    });
  }

  connectedCallback() {
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    this.tabIndex = 0;
    this.setAttribute('role', 'region');
    this.setAttribute('aria-label', t('player.name'));
    this.addEventListener('keydown', (event) => this.#key(event), { signal });
    document.addEventListener('keydown', (event) => {
      if (event.target === document.body) this.#key(event);
    }, { signal });
    document.addEventListener('fullscreenchange', () => this.#fullScreenChanged(), { signal });
    globalThis.addEventListener('pagehide', () => this.#savePosition(true), { signal });
    signal.addEventListener('abort', onLocaleChange(() => this.#localeChanged()), { once: true });
    this.#watchVideo(signal);
    this.video.volume = recallNumber('volume') ?? 1;
    this.video.muted = recall('muted') === 'yes';
    for (const track of this.querySelectorAll('track')) this.video.append(track.cloneNode());
    this.controls.updateVolume(this.video);
  }

  disconnectedCallback() {
    this.#savePosition(true);
    // The small window would go on without its page.
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    this.#connection.abort();
    this.#playback?.stop();
    this.#playback = null;
    this.statistics.stop();
    forgetMedia();
  }

  /** @param {AbortSignal} signal */
  #watchVideo(signal) {
    const { video } = this;
    /** @type {[string[], () => void][]} */
    const watched = [
      [['timeupdate'], () => video.seeking || this.#watched.played(video.currentTime)],
      [
        ['timeupdate', 'progress', 'seeked', 'durationchange', 'play', 'pause', 'ended', 'loadedmetadata'],
        () => this.#update(),
      ],
      [['volumechange'], () => this.#volumeChanged()],
      [['timeupdate', 'pause', 'ended'], () => this.#savePosition(video.paused)],
      [['play', 'pause', 'ratechange', 'seeked'], () => announcePosition(video)],
      [['play'], () => this.gestures.awake()],
      [['seeking', 'emptied'], () => this.#watched.jumped()],
    ];
    for (const [names, listener] of watched) {
      for (const name of names) video.addEventListener(name, listener, { signal });
    }
    this.captions.watch(signal);
  }

  /** @param {LoadOptions} options */
  load(options) {
    this.#playback?.stop();
    const { video } = this;
    const { url, title, poster = null, storyboard = null, renew, startAt = 0 } = options;
    this.#title = title;
    this.#isSound = options.kind === 'audio';
    this.stage.classList.toggle('sound-alone', this.#isSound);
    this.controls.pip.hidden = this.#isSound || !document.pictureInPictureEnabled;
    this.#poster = poster ?? this.#poster;
    this.#showPoster();
    this.setAttribute('aria-label', t('player.name_of', { title }));
    const Source = mediaSourceClass();
    const playbackOptions = {
      renew,
      startAt,
      throughput: recallThroughput(),
      sound: recallSound(),
      lines: () => this.#lines(),
    };
    this.#playback = Source || !NativePlayback.canPlay(video)
      ? new Playback(
        video,
        new RecordedFeed(url, { supports: (mime) => Source?.isTypeSupported(mime) ?? false }),
        {
          ...playbackOptions,
        },
      )
      : new NativePlayback(video, url, playbackOptions);
    this.renditions = options.renditions ?? [];
    this.#playback.addEventListener('change', () => this.#update());
    this.#playback.start();
    this.controls.seekBar.storyboard = storyboard;
    announceMedia({ title, poster: this.#poster }, {
      video,
      seekBy: (seconds) => this.seekBy(seconds),
      seekTo: (time) => this.seekTo(time),
    });
    if (options.autoplay) this.#play();
    this.#update();
  }

  /** What the server says is made; the player prefers finished renditions while its buffer is low. */
  set renditions(/** @type {{ name: string, state: string }[]} */ renditions) {
    if (this.#playback) this.#playback.renditionStates = renditions;
  }

  /** It may be made later than the film. */
  set poster(/** @type {string | null} */ url) {
    if (url === null || url === this.#poster) return;
    this.#poster = url;
    if (!this.#playback) return; // What it is the picture of is not known yet.
    this.#showPoster();
    describeMedia({ title: this.#title, poster: url });
  }

  /** Something new may be in the playlist. */
  refresh() {
    this.#playback?.refresh();
  }

  /** @returns {import('./statistics.js').Debug} */
  get debug() {
    const { video } = this;
    const shown = this.#playback?.shown ?? null;
    const frames = video.getVideoPlaybackQuality?.();
    return {
      rendition: shown?.name ?? null,
      automatic: this.#playback?.automatic ?? true,
      bufferAhead: this.#playback?.bufferAhead ?? 0,
      throughput: this.#playback?.meter.estimate ?? null,
      droppedFrames: frames?.droppedVideoFrames ?? 0,
      totalFrames: frames?.totalVideoFrames ?? 0,
      currentTime: video.currentTime,
      state: this.#playback?.state ?? 'loading',
      resolution: video.videoWidth > 0 ? `${video.videoWidth} × ${video.videoHeight}` : '–',
      bandwidth: shown?.bandwidth ?? 0,
      failure: this.#playback?.failure ?? null,
      lastError: this.#playback?.lastError ? String(this.#playback.lastError) : null,
    };
  }

  get playback() {
    return this.#playback;
  }

  // What people do.

  toggle() {
    if (this.video.paused || this.video.ended) this.#play();
    else this.video.pause();
  }

  #play() {
    this.video.play().catch(() => this.#update()); // Refused without a gesture: the start button stays.
  }

  /** @param {number} time */
  seekTo(time) {
    const end = Number.isFinite(this.video.duration) ? this.video.duration : 0;
    this.video.currentTime = Math.min(Math.max(0, time), end);
    this.#update();
  }

  /** @param {number} seconds */
  seekBy(seconds) {
    this.seekTo(this.video.currentTime + seconds);
    this.notices.flash(
      t(seconds < 0 ? 'player.seconds_back' : 'player.seconds_forward', { count: Math.abs(seconds) }),
    );
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.requestFullscreen) this.requestFullscreen().catch(() => {});
    else this.video.webkitEnterFullscreen?.();
  }

  pictureInPicture() {
    if (this.#isSound) return;
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else this.video.requestPictureInPicture?.().catch(() => {});
  }

  toggleCaptions() {
    if (this.captions.list.length === 0) return;
    this.captions.toggle();
    const { shown } = this.captions;
    const name = shown ? trackLabel(shown) : t('player.captions_off');
    this.notices.flash(t('player.captions_now', { name }));
  }

  /** The viewer's choice, here and in the next film. @param {import('./playlist.js').Alternative} sound */
  chooseSound(sound) {
    if (!this.#playback) return;
    this.#playback.sound = sound;
    rememberSound(sound);
  }

  /** @param {number} rate */
  setRate(rate) {
    this.video.playbackRate = rate;
    this.notices.flash(t('player.rate', { rate }));
    this.controls.menu.refresh();
  }

  /** @param {number} volume */
  setVolume(volume) {
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = volume <= 0;
  }

  /** @param {number} amount */
  #volumeBy(amount) {
    this.setVolume(Math.round((this.video.muted ? 0 : this.video.volume) * 20 + amount * 20) / 20);
    this.notices.flash(t('player.volume_at', { percent: Math.round(this.video.volume * 100) }));
  }

  #actions() {
    return {
      toggle: () => this.toggle(),
      seekTo: (/** @type {number} */ time) => this.seekTo(time),
      seekBy: (/** @type {number} */ seconds) => this.seekBy(seconds),
      mute: () => (this.video.muted = !this.video.muted),
      setVolume: (/** @type {number} */ volume) => this.setVolume(volume),
      captions: () => this.toggleCaptions(),
      pictureInPicture: () => this.pictureInPicture(),
      fullScreen: () => this.fullScreen(),
    };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.composedPath()[0]);
    const { key } = event;
    if (event.defaultPrevented || this.help.open) return;
    if (
      target.matches('input, textarea, select') &&
      (target.getAttribute('type') !== 'range' || /^Arrow|Home|End/.test(key))
    ) {
      return;
    }
    if (target.matches('button, a') && (key === ' ' || key === 'Enter')) return;
    if (key === 'Escape' && this.controls.menu.isOpen) return this.controls.menu.close();
    if (isCharacter(event) && !charactersAllowed()) return;
    const step = target.getAttribute('role') === 'slider' ? sliderSteps.get(key) : undefined;
    const command = step === undefined
      ? commandFor(event)
      : { name: /** @type {const} */ ('seekBy'), amount: step };
    if (!command) return;
    event.preventDefault();
    this.gestures.awake();
    this.#run(command);
  }

  /** @param {import('./keyboard.js').Command} command */
  #run(command) {
    const { video } = this;
    if (command.name === 'toggle') this.toggle();
    else if (command.name === 'seekBy') this.seekBy(command.amount);
    else if (command.name === 'seekTo') this.seekTo(command.share * (video.duration || 0));
    else if (command.name === 'end') this.seekTo(video.duration || 0);
    else if (command.name === 'volumeBy') this.#volumeBy(command.amount);
    else if (command.name === 'rateBy') this.setRate(nextRate(video.playbackRate, command.amount));
    else if (command.name === 'mute') video.muted = !video.muted;
    else if (command.name === 'fullScreen') this.fullScreen();
    else if (command.name === 'pictureInPicture') this.pictureInPicture();
    else if (command.name === 'captions') this.toggleCaptions();
    else if (command.name === 'statistics') this.statistics.toggle();
    else if (command.name === 'help') this.help.showModal();
    else if (command.name === 'frames' && video.paused) {
      this.seekTo(video.currentTime + command.amount / (this.#playback?.shown?.frameRate || 25));
    }
  }

  // What people see.

  #showPoster() {
    const url = this.#poster;
    this.cover.hidden = !this.#isSound || url === null;
    if (url === null) return;
    if (this.#isSound) this.cover.src = url;
    else this.video.poster = url;
  }

  #update() {
    const playback = this.#playback;
    const state = playback?.state ?? 'loading';
    this.controls.update(this.video);
    this.notices.show(state, playback?.failure ?? null);
    if (playback) this.captions.offer(playback.captions, (captions) => playback.captionsFile(captions));
    const shown = playback?.shown;
    this.controls.quality.textContent = shown && shown.height >= 720 ? 'HD' : '';
    this.start.hidden = !this.video.paused || this.video.currentTime > 0 || state === 'failed' ||
      this.video.seeking;
    this.stage.classList.toggle('paused', this.video.paused);
    if (state === this.#state) return;
    this.#state = state;
    this.stage.dataset.state = state;
    this.controls.menu.refresh();
    this.dispatchEvent(new CustomEvent('palco-state', { detail: { state } }));
  }

  #captionsChanged() {
    this.controls.updateCaptions(this.captions);
    this.controls.menu.refresh();
    this.dispatchEvent(new CustomEvent('palco-captions'));
  }

  #volumeChanged() {
    remember('volume', String(this.video.volume));
    remember('muted', this.video.muted ? 'yes' : null);
    this.controls.updateVolume(this.video);
  }

  #fullScreenChanged() {
    this.controls.updateFullScreen(document.fullscreenElement === this);
  }

  #localeChanged() {
    localize(this.shadowRoot ?? this);
    this.#update();
  }

  #mayHide() {
    if (this.#isSound || this.video.paused || this.controls.menu.isOpen || this.controls.seekBar.dragging) {
      return false;
    }
    return !this.controls.element.matches(':has(:focus-visible)');
  }

  /** Height of the picture on the screen, in the device's pixels. */
  #lines() {
    const { clientWidth, clientHeight } = this.video;
    if (clientHeight === 0) return Infinity;
    const { videoWidth, videoHeight } = this.video;
    const fitted = videoWidth > 0
      ? Math.min(clientHeight, (clientWidth * videoHeight) / videoWidth)
      : clientHeight;
    return fitted * (globalThis.devicePixelRatio || 1);
  }

  /** @param {boolean} anyway */
  #savePosition(anyway) {
    const { currentTime: position, duration } = this.video;
    if (!(duration > 0) || (!anyway && Math.abs(position - this.#savedAt) < 5)) return;
    this.#savedAt = position;
    const played = this.#watched.take();
    const throughput = this.#playback?.meter.estimate;
    if (throughput) rememberThroughput(throughput);
    this.dispatchEvent(new CustomEvent('palco-position', { detail: { position, duration, played } }));
  }
}

customElements.define('palco-player', PalcoPlayer);

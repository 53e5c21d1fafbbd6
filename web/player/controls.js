/** The bar of buttons below the picture. It draws what it is told and reports what people press. */
import { bind, t } from '../lib/i18n.js';
import { h, icon, setIcon } from '../lib/dom.js';
import { clock } from '../lib/format.js';
import { SeekBar } from './seek-bar.js';
import { SettingsMenu } from './settings-menu.js';

/**
 * @typedef {object} Actions
 * @property {() => void} toggle
 * @property {(time: number) => void} seekTo
 * @property {(seconds: number) => void} seekBy
 * @property {() => void} mute
 * @property {(volume: number) => void} setVolume
 * @property {() => void} captions
 * @property {() => void} pictureInPicture
 * @property {() => void} fullScreen
 */

export class Controls {
  #playing = /** @type {string} */ ('');

  /**
   * @param {Actions} actions
   * @param {import('./settings-menu.js').Entry[]} entries
   */
  constructor(actions, entries) {
    this.play = button('play', 'player.play', actions.toggle, 'play');
    this.back = button('back10', 'player.back10', () => actions.seekBy(-10), 'back');
    this.forward = button('forward10', 'player.forward10', () => actions.seekBy(10), 'forward');
    this.mute = button('volume', 'player.mute', actions.mute, 'mute');
    this.volume = h('input', {
      type: 'range',
      class: 'volume',
      min: '0',
      max: '1',
      step: '0.05',
      label: 'player.volume',
      'data-testid': 'volume',
      oninput: () => actions.setVolume(Number(this.volume.value)),
    });
    this.time = h('span', { class: 'time', 'data-testid': 'time' });
    this.captions = button('captions', 'player.captions', actions.captions, 'captions');
    this.settings = button('settings', 'player.settings', () => {}, 'settings');
    this.pip = button('pip', 'player.picture_in_picture', actions.pictureInPicture, 'pip');
    this.fullScreen = button('full-screen', 'player.full_screen', actions.fullScreen, 'full-screen');
    this.seekBar = new SeekBar(actions.seekTo);
    this.menu = new SettingsMenu(this.settings, entries);
    this.quality = h('span', { class: 'quality-badge', 'aria-hidden': 'true' });
    this.settings.append(this.quality);
    this.captions.hidden = true;
    this.pip.hidden = !document.pictureInPictureEnabled;
    this.element = h(
      'div',
      { class: 'controls', role: 'group', label: 'player.controls' },
      this.seekBar.element,
      h(
        'div',
        { class: 'row' },
        this.play,
        this.back,
        this.forward,
        h('div', { class: 'volume-group' }, this.mute, this.volume),
        this.time,
        h('span', { class: 'spacer' }),
        this.captions,
        this.settings,
        this.pip,
        this.fullScreen,
      ),
      this.menu.element,
    );
  }

  /** @param {HTMLVideoElement} video */
  update(video) {
    const duration = Number.isFinite(video.duration) ? video.duration : 0;
    if (!this.seekBar.dragging) {
      this.time.textContent = t('player.time', { time: clock(video.currentTime), duration: clock(duration) });
    }
    this.seekBar.update(video.currentTime, duration, video.buffered);
    const playing = video.ended ? 'replay' : video.paused ? 'play' : 'pause';
    if (playing === this.#playing) return;
    this.#playing = playing;
    relabel(this.play, playing, `player.${playing}`);
  }

  /** @param {HTMLVideoElement} video */
  updateVolume({ muted, volume }) {
    const silent = muted || volume === 0;
    relabel(
      this.mute,
      silent ? 'muted' : volume < 0.5 ? 'volume-low' : 'volume',
      silent ? 'player.unmute' : 'player.mute',
    );
    this.volume.value = String(muted ? 0 : volume);
    this.volume.style.setProperty('--volume', this.volume.value);
  }

  /** @param {boolean} full */
  updateFullScreen(full) {
    const name = full ? 'player.exit_full_screen' : 'player.full_screen';
    relabel(this.fullScreen, full ? 'exit-full-screen' : 'full-screen', name);
  }

  /** @param {{ list: unknown[], shown: unknown }} captions */
  updateCaptions({ list, shown }) {
    this.captions.hidden = list.length === 0;
    this.captions.setAttribute('aria-pressed', String(shown !== null));
  }
}

/**
 * @param {string} symbol
 * @param {string} name a message key
 * @param {() => void} press
 * @param {string} id
 */
function button(symbol, name, press, id) {
  return h(
    'button',
    { type: 'button', class: `control ${id}`, label: name, tip: name, 'data-testid': id, onclick: press },
    icon(symbol),
  );
}

/**
 * @param {HTMLElement} element
 * @param {string} symbol
 * @param {string} name
 */
function relabel(element, symbol, name) {
  setIcon(element, symbol);
  bind(element, 'aria-label', name);
  bind(element, 'title', name);
}

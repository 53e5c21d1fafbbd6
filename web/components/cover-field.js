/** The picture that stands for a video: a moment of the film, a picture that is uploaded, or the one that was found by itself. */
import { chooseCover, frameURL, removeCover } from '../lib/api.js';
import { ownPath } from '../lib/address.js';
import { chaptersFrom } from '../lib/chapters.js';
import { freshId, h, replace } from '../lib/dom.js';
import { clock } from '../lib/format.js';
import { t } from '../lib/i18n.js';

/** @typedef {import('../lib/api.js').Video} Video */
/** @typedef {{ time: number } | { file: File } | 'automatic'} Choice */

const accepted = ['image/jpeg', 'image/png', 'image/webp'];
const mostBytes = 20 << 20;

/** To a form the same as a field. What is chosen is shown at once and kept by `save`. */
export class CoverField {
  name = 'time';
  /** @type {Choice | null} */
  #choice = null;
  /** Of a picture that was chosen and is not sent yet. */
  #shown = '';

  /**
   * @param {Video} video
   * @param {number | null} time where the player stands, in seconds
   */
  constructor(video, time) {
    this.video = video;
    this.hasFilm = video.status === 'ready' && video.kind !== 'audio';
    this.image = h('img', { alt: '' });
    this.state = h('p', { class: 'field-hint', role: 'status' });
    this.error = h('p', { class: 'field-error', id: freshId('error'), hidden: true });
    this.moment = h('input', {
      class: 'input cover-time',
      id: freshId('field'),
      value: moment(time ?? video.poster?.time ?? 0),
      autocomplete: 'off',
      'data-testid': 'cover-time',
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Enter') return;
        // The form is not sent from here: one wants to see the picture first.
        event.preventDefault();
        this.#takeFrame();
      },
    });
    this.input = h('input', {
      type: 'file',
      accept: accepted.join(','),
      class: 'unseen',
      tabindex: '-1',
      label: 'cover.upload',
      'data-testid': 'cover-file',
      onchange: () => this.#takeFile(),
    });
    this.upload = this.#button('cover.upload', 'cover-upload', () => this.input.click());
    this.automatic = this.#button('cover.automatic', 'cover-automatic', () => this.#choose('automatic'));
    this.control = this.hasFilm ? this.moment : this.upload;
    this.element = h(
      'fieldset',
      { class: 'field cover-field' },
      h('legend', { class: 'field-label', text: 'cover.cover' }),
      h('div', { class: 'cover-picture' }, this.image),
      h(
        'div',
        { class: 'cover-choices' },
        this.hasFilm && h(
          'div',
          { class: 'cover-moment' },
          h('label', { for: this.moment.id, text: 'cover.time' }),
          this.moment,
          this.#button('cover.take', 'cover-take', () => this.#takeFrame()),
        ),
        h('div', { class: 'cover-buttons' }, this.upload, this.input, this.automatic),
        this.state,
        this.error,
      ),
    );
    this.#draw();
  }

  problem() {
    return null;
  }

  settle() {}

  /** @param {import('../lib/api.js').FieldProblem} problem */
  refuse(problem) {
    this.complain(t(problem.code === 'no_frames' ? 'cover.no_frames' : 'cover.time_unreadable'));
  }

  /** @param {string} text */
  complain(text) {
    this.error.textContent = text;
    this.error.hidden = false;
    this.control.setAttribute('aria-describedby', this.error.id);
  }

  clear() {
    this.error.hidden = true;
    this.control.removeAttribute('aria-describedby');
  }

  /** @returns {Promise<Video | null>} as it is now; null where nothing was chosen */
  async save() {
    const choice = this.#choice;
    if (choice === null) return null;
    const changed = choice === 'automatic'
      ? await removeCover(this.video.id)
      : await chooseCover(this.video.id, choice);
    this.#choice = null;
    return changed;
  }

  close() {
    if (this.#shown !== '') URL.revokeObjectURL(this.#shown);
  }

  #takeFrame() {
    const time = secondsFrom(this.moment.value);
    if (time === null) {
      this.complain(t('cover.time_unreadable'));
      return this.moment.focus();
    }
    this.#choose({ time });
  }

  #takeFile() {
    const file = this.input.files?.[0];
    this.input.value = '';
    if (!file) return;
    if (!accepted.includes(file.type)) return this.complain(t('error.not_a_picture'));
    if (file.size > mostBytes) return this.complain(t('cover.too_many_bytes'));
    this.#choose({ file });
  }

  /** @param {Choice} choice */
  #choose(choice) {
    this.clear();
    this.#choice = choice;
    this.#draw();
  }

  #draw() {
    const choice = this.#choice;
    this.close();
    this.#shown = '';
    let address = ownPath(this.video.thumbnail_url, null);
    if (choice === 'automatic') {
      // Which one that is, is known when the other is gone.
      address = this.video.poster ? null : address;
    } else if (choice !== null && 'time' in choice) {
      address = frameURL(this.video.id, choice.time, 480);
    } else if (choice !== null) {
      this.#shown = URL.createObjectURL(choice.file);
      address = this.#shown;
    }
    if (address === null) this.image.removeAttribute('src');
    else this.image.src = address;
    this.automatic.disabled = choice === 'automatic' || (choice === null && !this.video.poster);
    replace(this.state, this.#words());
  }

  #words() {
    const choice = this.#choice;
    if (choice === 'automatic') return t('cover.will_be_automatic');
    if (choice !== null) {
      return 'time' in choice
        ? t('cover.will_be_frame', { time: clock(choice.time) })
        : t('cover.will_be_upload');
    }
    const { poster } = this.video;
    if (!poster) return t('cover.is_automatic');
    return poster.kind === 'upload'
      ? t('cover.is_upload')
      : t('cover.is_frame', { time: clock(poster.time ?? 0) });
  }

  /**
   * @param {string} text
   * @param {string} testid
   * @param {() => void} act
   */
  #button(text, testid, act) {
    return h('button', { type: 'button', class: 'button', text, 'data-testid': testid, onclick: act });
  }
}

/** As it is typed: `1:05.40`. @param {number} time */
function moment(time) {
  const whole = Math.floor(time);
  const hundredths = Math.floor((time - whole) * 100 + 0.001);
  return clock(whole) + (hundredths > 0 ? `.${String(hundredths).padStart(2, '0')}` : '');
}

/**
 * `1:05.4` as chapters are written, or seconds alone.
 * @param {string} text
 */
export function secondsFrom(text) {
  const trimmed = text.trim().replace(',', '.');
  if (/^\d{1,6}(?:\.\d{1,3})?$/.test(trimmed)) return Number(trimmed);
  return chaptersFrom(`${trimmed} -`)?.[0]?.start ?? null;
}

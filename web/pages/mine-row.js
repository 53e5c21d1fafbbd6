/** A row of a person's own videos: how far the video is, who sees it, and what can be done with it. */
import { menuButton } from '../components/menu-button.js';
import { progressBar, setProgress } from '../components/progress-bar.js';
import { VideoCard } from '../components/video-card.js';
import { captionsPath, ownPath } from '../lib/address.js';
import { originalURL } from '../lib/api.js';
import { h, icon, replace } from '../lib/dom.js';
import { date, percent } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { explainVideoError } from '../lib/problem.js';

/** @typedef {import('../lib/api.js').Video} Video */
/**
 * @typedef {object} Actions
 * @property {() => void} edit
 * @property {() => void} retry
 * @property {() => void} unlocks
 * @property {() => void} remove
 * @property {() => void} replace
 * @property {() => void} endReplacement
 * @property {() => boolean} isBlocked
 * @property {(wanted: boolean) => boolean} select
 */

export class OwnRow {
  /**
   * @param {Video} video
   * @param {Actions} actions
   */
  constructor(video, actions) {
    this.actions = actions;
    this.marks = h('p', { class: 'mine-marks' });
    this.replacement = h('div', { class: 'mine-replacement', 'data-testid': 'replacement', hidden: true });
    this.bar = progressBar();
    this.card = new VideoCard(video, { testid: 'own', facts, below: [this.marks, this.replacement] });
    this.buttons = h('div', { class: 'hit-actions' });
    this.select = h('input', {
      type: 'checkbox',
      class: 'mine-select',
      'data-testid': 'select',
      onchange: () => {
        this.select.checked = actions.select(this.select.checked);
      },
    });
    this.element = this.card.element;
    this.element.prepend(this.select);
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
    this.#drawReplacement();
  }

  /** How far the file is that is to replace the present one, or why it is not. */
  #drawReplacement() {
    const { replacement } = this.video;
    this.replacement.hidden = !replacement;
    if (!replacement) return replace(this.replacement);
    if (replacement.state === 'failed') {
      const reason = explainVideoError(replacement.error);
      return replace(
        this.replacement,
        h(
          'p',
          { class: 'bad', role: 'alert' },
          icon('alert'),
          h('span', { text: ['mine.replacement_failed', { reason }] }),
        ),
      );
    }
    const words = t('mine.replacing', { percent: percent(replacement.progress) });
    setProgress(this.bar, replacement.progress);
    this.bar.setAttribute('aria-label', words);
    replace(this.replacement, h('span', {}, words), this.bar);
  }

  #draw() {
    const { video, actions } = this;
    const { title } = video;
    this.select.setAttribute('aria-label', t('mine.select', { title }));
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
          ...this.#replacing(),
          { text: 'action.delete', icon: 'trash', danger: true, act: actions.remove },
        ],
      }),
    );
  }

  /** @returns {import('../components/menu-button.js').MenuItem[]} */
  #replacing() {
    const { actions } = this;
    const state = this.video.replacement?.state ?? (actions.isBlocked() ? 'processing' : null);
    const end = {
      text: state === 'failed' ? 'mine.dismiss_replacement' : 'mine.end_replacement',
      icon: 'close',
      act: actions.endReplacement,
    };
    const begin = { text: 'mine.replace', icon: 'upload', act: actions.replace };
    return [...(state === 'processing' ? [] : [begin]), ...(state === null ? [] : [end])];
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

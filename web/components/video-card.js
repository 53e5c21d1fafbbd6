/** One video in the grid: picture, title, and how far it is. */
import { namedPath, ownPath, watchPath } from '../lib/address.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { clock, date, percent, since, spokenDuration } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { explainVideoError } from '../lib/problem.js';
import { audioMark } from './audio-mark.js';
import { movingPreview } from './card-preview.js';
import { progressBar, setProgress } from './progress-bar.js';

/** @typedef {import('../lib/api.js').Video} Video */
/** @typedef {import('../lib/seen.js').Seen} Seen */
/** @typedef {import('../lib/dom.js').Child} Child */
/**
 * @typedef {object} Look
 * @property {'h2' | 'h3'} [heading]
 * @property {string} [testid]
 * @property {Node} [title] in place of the plain one
 * @property {(Node | null | false)[]} [below] stands below the facts
 * @property {(video: Video) => string | Child[]} [facts] in place of where it is filed and how long ago it came
 */

export class VideoCard {
  #picture;
  #bar = progressBar();
  #image = picture();
  #shown = '';
  #failures = 0;
  /** @type {Seen | null} */
  #seen = null;

  /**
   * @param {Video} video
   * @param {Look} [look]
   */
  constructor(video, look = {}) {
    const { heading = 'h2', testid = 'video', below = [] } = look;
    this.video = video;
    this.look = look;
    this.#picture = h('div', { class: 'card-picture' });
    this.link = h('a', { href: watchPath(video.id) });
    this.facts = h('p', { class: 'card-facts' });
    this.element = h(
      'li',
      { class: 'card', 'data-testid': testid, 'data-id': video.id },
      this.#picture,
      h('div', { class: 'card-text' }, h(heading, { class: 'card-title' }, this.link), this.facts, ...below),
    );
    movingPreview(this.element, this.#picture, () => this.#hasScenes ? this.video.id : null);
    this.update(video);
  }

  get #hasScenes() {
    const { status, kind, thumbnail_url } = this.video;
    return status === 'ready' && kind !== 'audio' && Boolean(thumbnail_url);
  }

  /** How far the person of this page has watched it. @param {Seen | null} seen */
  set seen(seen) {
    this.#seen = seen;
    this.update(this.video);
  }

  /** @param {Video} video */
  update(video) {
    this.video = video;
    this.element.dataset.status = video.status;
    this.element.dataset.kind = video.kind ?? 'video';
    this.link.replaceChildren(this.look.title ?? foreign(video.title));
    this.#showFacts(this.look.facts?.(video) ?? filedSince(video));
    const pictureAddress = ownPath(video.thumbnail_url, null);
    const working = video.status === 'pending' || video.status === 'processing';
    if (working) setProgress(this.#bar, video.status === 'pending' ? null : video.progress);
    const face = [
      video.status,
      video.kind,
      pictureAddress,
      video.duration,
      working && percent(video.progress),
      this.#seen && `${this.#seen.part} ${this.#seen.watched}`,
      t('status.pending'),
    ]
      .join('|');
    if (face === this.#shown) return;
    this.#shown = face;
    if (pictureAddress && this.#image.getAttribute('src') !== pictureAddress) this.#load(pictureAddress);
    const symbol = icon(video.kind === 'audio' ? 'sound' : 'film');
    replace(this.#picture, symbol, pictureAddress ? this.#image : null, ...this.#overlay(working));
  }

  /** Drawn again only where it says something else: a link in it may have the focus. @param {string | Child[]} facts */
  #showFacts(facts) {
    const line = h('p', { class: 'card-facts' }, ...(typeof facts === 'string' ? [facts] : facts));
    if (line.textContent === this.facts.textContent) return;
    this.facts.replaceWith(line);
    this.facts = line;
  }

  /**
   * A video is ready before its picture is made: ask again for a while.
   * @param {string} url
   */
  #load(url) {
    const image = picture();
    image.addEventListener('error', () => {
      image.remove();
      this.#failures += 1;
      if (this.#failures < 8) {
        setTimeout(() => this.element.isConnected && this.#load(url), 2000 * this.#failures);
      }
    }, { once: true });
    image.addEventListener('load', () => this.#image !== image && image.remove(), { once: true });
    image.src = url;
    this.#image.replaceWith(image);
    if (!image.isConnected) this.#picture.firstElementChild?.after(image);
    this.#image = image;
  }

  /** @param {boolean} working */
  #overlay(working) {
    const { video } = this;
    if (video.status === 'failed') {
      return [
        h('div', { class: 'card-failed' }, icon('alert'), h('span', {}, explainVideoError(video.error))),
      ];
    }
    if (working) {
      const text = video.status === 'pending'
        ? t('status.pending')
        : t('status.processing', { percent: percent(video.progress) });
      this.#bar.setAttribute('aria-label', text);
      const look = video.thumbnail_url ? 'card-work' : 'card-work plain';
      return [h('div', { class: look }, h('span', {}, text), this.#bar)];
    }
    const facts = [
      video.kind === 'audio' && audioMark(),
      video.duration && h('span', { 'aria-hidden': 'true' }, clock(video.duration)),
      video.duration && spoken(video.duration),
    ].filter(Boolean);
    return [...(facts.length === 0 ? [] : [h('span', { class: 'badge' }, ...facts)]), ...this.#seenMarks()];
  }

  /** A line along the picture's foot, as long as the part that was watched; a mark when it was all of it. */
  #seenMarks() {
    if (this.#seen === null) return [];
    const { part, watched } = this.#seen;
    const line = h('span', { class: 'seen-line' }, h('i'));
    line.style.setProperty('--part', String(part));
    const words = watched ? h('span', { text: 'card.watched' }) : h(
      'span',
      { class: 'unseen' },
      t('card.watched_part', { percent: percent(part) }),
    );
    return [
      part > 0 && line,
      watched ? h('span', { class: 'badge seen-mark' }, icon('check'), words) : part > 0 && words,
    ].filter((mark) => mark !== false);
  }
}

/** Where it is filed and when it came, in place of how long ago that was. @param {Video} video */
export function filed({ category, created_at }) {
  return withCategory(category, date(created_at));
}

/** @param {Video} video */
function filedSince({ category, created_at }) {
  return withCategory(category, since(created_at));
}

/**
 * @param {string | null | undefined} category
 * @param {string} time
 */
function withCategory(category, time) {
  const link = category
    ? h('a', { class: 'card-link', href: namedPath('category', category) }, foreign(category))
    : null;
  return [link, link && time !== '' ? ' · ' : null, time];
}

function picture() {
  return h('img', { alt: '', loading: 'lazy', decoding: 'async' });
}

/** @param {number} duration */
function spoken(duration) {
  return h('span', { class: 'unseen' }, spokenDuration(duration));
}

/** The rows of uploads: what is running, what was left unfinished, and what to do about each. */
import { ApiError } from '../lib/api.js';
import { watchPath } from '../lib/address.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { bytes, clock, percent, speed, timeLeft } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { explain } from '../lib/problem.js';
import { visible } from '../lib/visible.js';
import { audioMark } from './audio-mark.js';
import { fileChooser } from './drop.js';
import { progressBar, setProgress } from './progress-bar.js';

/** @typedef {import('../upload/queue.js').Upload} Upload */
/** @typedef {import('../upload/queue.js').UploadQueue} UploadQueue */

export class UploadList {
  /** @type {Map<Upload, Row>} */
  #rows = new Map();
  #stop = new AbortController();

  /** @param {UploadQueue} queue */
  constructor(queue) {
    this.queue = queue;
    this.element = h('ul', { class: 'uploads', 'data-testid': 'uploads' });
    queue.addEventListener('change', () => this.#render(), { signal: this.#stop.signal });
    this.#stop.signal.addEventListener('abort', onLocaleChange(() => this.#render()));
    this.#render();
  }

  close() {
    this.#stop.abort();
  }

  #render() {
    for (const upload of this.#rows.keys()) {
      if (this.queue.uploads.includes(upload)) continue;
      this.#rows.get(upload)?.element.remove();
      this.#rows.delete(upload);
    }
    for (const upload of this.queue.uploads) {
      let row = this.#rows.get(upload);
      if (!row) {
        row = new Row(upload, this.queue);
        this.#rows.set(upload, row);
        this.element.append(row.element);
      }
      row.update();
    }
  }
}

class Row {
  #shown = '';
  #explained = /** @type {unknown} */ (null);

  /**
   * @param {Upload} upload
   * @param {UploadQueue} queue
   */
  constructor(upload, queue) {
    this.upload = upload;
    this.queue = queue;
    this.facts = h('div', { class: 'upload-facts' });
    this.buttons = h('div', { class: 'upload-buttons' });
    this.bar = progressBar(t('upload.progress', { name: upload.name }));
    this.element = h(
      'li',
      { class: 'upload', 'data-testid': 'upload' },
      h(
        'div',
        { class: 'upload-text' },
        h('div', { class: 'upload-name', title: visible(upload.name) }, foreign(upload.name)),
        this.facts,
      ),
      this.buttons,
      this.bar,
    );
  }

  update() {
    const { upload } = this;
    this.element.dataset.state = upload.state;
    const ended = upload.state === 'done' || upload.state === 'failed';
    this.bar.hidden = ended;
    setProgress(
      this.bar,
      this.#isSent ? null : upload.size > 0 ? upload.sent / upload.size : 0,
    );
    this.facts.classList.toggle('bad', upload.state === 'failed');
    this.facts.classList.toggle('good', upload.state === 'done');
    const failedNow = upload.state === 'failed' && this.#explained !== upload.error;
    if (failedNow) this.facts.setAttribute('role', 'alert');
    this.#explained = upload.error;
    const texts = this.#texts();
    const isAudio = upload.video?.kind === 'audio';
    const shown = [...texts, isAudio].join('\n');
    if (shown !== this.facts.dataset.texts) {
      this.facts.dataset.texts = shown;
      replace(this.facts, ...texts.map((text) => h('span', {}, text)), isAudio && audioMark());
    }
    if (upload.state === this.#shown) return;
    this.#shown = upload.state;
    const hadFocus = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...this.#actions());
    if (hadFocus) /** @type {HTMLElement | null} */ (this.buttons.firstElementChild)?.focus();
  }

  /** All of it is there, and the server has the word. */
  get #isSent() {
    return this.upload.state === 'queued' || this.upload.state === 'checking';
  }

  /** @returns {string[]} */
  #texts() {
    const { upload } = this;
    const amount = t('upload.of', { sent: bytes(upload.sent), size: bytes(upload.size) });
    if (upload.state === 'failed') return [explain(upload.error)];
    if (upload.state === 'done') {
      const seconds = upload.video?.duration;
      return [t('upload.done'), bytes(upload.size), ...(seconds ? [clock(seconds)] : [])];
    }
    if (upload.state === 'waiting') return [t('upload.waiting'), bytes(upload.size)];
    if (upload.state === 'paused') return [t('upload.paused'), amount];
    if (upload.state === 'queued') return [t('upload.queued'), bytes(upload.size)];
    if (upload.state === 'checking') return [t('upload.checking'), bytes(upload.size)];
    if (upload.state === 'retrying') return [t('upload.retrying'), amount];
    const rate = upload.speed.rate;
    const left = upload.speed.timeLeft(upload.size - upload.sent);
    return [
      percent(upload.sent / Math.max(1, upload.size)),
      amount,
      ...(rate === null ? [] : [speed(rate)]),
      ...(left === null ? [] : [t('upload.time_left', { time: timeLeft(left) })]),
    ];
  }

  /** @returns {HTMLElement[]} */
  #actions() {
    const { upload, queue } = this;
    const { name, state } = upload;
    const cancel = action('close', 'upload.cancel', name, 'cancel', () => queue.cancel(upload));
    const dismiss = action('close', 'upload.dismiss', name, 'dismiss', () => queue.cancel(upload));
    if (state === 'done') {
      const watch = h('a', { class: 'button', href: watchPath(upload.videoId ?? ''), text: 'upload.watch' });
      return [watch, dismiss];
    }
    const resume = () => queue.resume(upload);
    const judged = upload.error instanceof ApiError && upload.error.status === 422;
    if (state === 'failed' && judged) return [dismiss];
    if (state === 'failed') return [action('replay', 'upload.try_again', name, 'retry', resume), dismiss];
    if (state === 'paused') return [action('play', 'upload.resume', name, 'resume', resume), cancel];
    if (this.#isSent) return [cancel];
    return [action('pause', 'upload.pause', name, 'pause', () => upload.pause()), cancel];
  }
}

/**
 * @param {string} symbol
 * @param {string} text a message key
 * @param {string} name of the file
 * @param {string} id
 * @param {() => void} press
 */
function action(symbol, text, name, id, press) {
  const label = [text, { name }];
  return h(
    'button',
    {
      type: 'button',
      class: 'icon-button',
      label,
      tip: label,
      'data-testid': `upload-${id}`,
      onclick: press,
    },
    icon(symbol),
  );
}

/**
 * Uploads that another tab or an earlier day left behind: browsers give no page a file again by itself.
 * @param {UploadQueue} queue
 */
export function unfinishedList(queue) {
  const rows = queue.unfinished.map((entry) => {
    const label = ['upload.discard', { name: entry.name }];
    const row = h(
      'li',
      { class: 'upload', 'data-testid': 'unfinished' },
      h(
        'div',
        { class: 'upload-text' },
        h('div', { class: 'upload-name', title: visible(entry.name) }, foreign(entry.name)),
        h(
          'div',
          { class: 'upload-facts' },
          h('span', {
            text: ['upload.unfinished', { percent: percent(entry.sent / Math.max(1, entry.size)) }],
          }),
          h('span', {}, bytes(entry.size)),
        ),
      ),
      h(
        'div',
        { class: 'upload-buttons' },
        fileChooser((files) => queue.add(files), { className: 'button', text: 'upload.continue' }),
        h('button', {
          type: 'button',
          class: 'icon-button',
          label,
          tip: label,
          onclick: () => {
            queue.discard(entry.key);
            row.remove();
          },
        }, icon('close')),
      ),
    );
    return row;
  });
  return rows.length === 0 ? null : h(
    'section',
    { class: 'unfinished' },
    h('h2', { class: 'uploads-title', text: 'upload.unfinished_title' }),
    h('p', { class: 'unfinished-hint', text: 'upload.unfinished_hint' }),
    h('ul', { class: 'uploads' }, ...rows),
  );
}

/** Videos whose files the server fetches from elsewhere by itself: a field for the address, and how far each is. */
import { watchPath } from '../lib/address.js';
import { base, deleteVideo, fetchingVideos, fetchVideo, retryVideo } from '../lib/api.js';
import { foreign, h, icon, replace } from '../lib/dom.js';
import { bytes, percent } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { follow } from '../lib/live.js';
import { explainCode, explainVideoError } from '../lib/problem.js';
import { visible } from '../lib/visible.js';
import { textField } from './field.js';
import { form } from './form.js';
import { progressBar, setProgress } from './progress-bar.js';
import { toastError } from './toast.js';

/** @typedef {import('../lib/api.js').Video} Video */

export class FetchList {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #stop = new AbortController();

  /** @param {string} userId */
  constructor(userId) {
    this.userId = userId;
    const address = textField({
      label: 'fetch.address',
      name: 'input_url',
      hint: 'fetch.hint',
      input: { type: 'url', maxlength: 4096, autocomplete: 'off', spellcheck: 'false', inputmode: 'url' },
    });
    this.list = h('ul', { class: 'uploads', 'data-testid': 'fetches', hidden: true });
    this.element = h(
      'section',
      { class: 'fetch' },
      h('h2', { class: 'uploads-title', text: 'fetch.title' }),
      form({
        fields: [address],
        submit: 'fetch.begin',
        act: async () => {
          this.#show(await fetchVideo(address.value.trim()));
          address.control.value = '';
        },
      }),
      this.list,
    );
    const end = follow(`${base}/videos/events`, {
      changed: (video, event) => this.#changed(video, event),
      caughtUp: () => this.#load(),
    });
    this.#stop.signal.addEventListener('abort', end);
    this.#stop.signal.addEventListener('abort', onLocaleChange(() => this.#update()));
    this.#load();
  }

  close() {
    this.#stop.abort();
  }

  async #load() {
    try {
      for (const video of await fetchingVideos(this.userId, this.#stop.signal)) this.#show(video);
    } catch {
      // What is told from now on shows itself.
    }
  }

  /**
   * @param {Video} video
   * @param {string} event
   */
  #changed(video, event) {
    if (event === 'removed') this.#remove(video.id);
    else if (this.#rows.has(video.id) || (video.fetch && video.created_by === this.userId)) this.#show(video);
  }

  /** @param {Video} video */
  #show(video) {
    let row = this.#rows.get(video.id);
    if (!row) {
      row = new Row(video, () => this.#remove(video.id));
      this.#rows.set(video.id, row);
      this.list.prepend(row.element);
    }
    row.update(video);
    this.list.hidden = false;
  }

  /** @param {string} id */
  #remove(id) {
    this.#rows.get(id)?.element.remove();
    this.#rows.delete(id);
    this.list.hidden = this.#rows.size === 0;
  }

  #update() {
    for (const row of this.#rows.values()) row.update(row.video);
  }
}

class Row {
  /**
   * @param {Video} video
   * @param {() => void} removed
   */
  constructor(video, removed) {
    this.video = video;
    this.removed = removed;
    this.name = h('div', { class: 'upload-name' });
    this.facts = h('div', { class: 'upload-facts' });
    this.buttons = h('div', { class: 'upload-buttons' });
    this.bar = progressBar(t('upload.progress', { name: visible(video.title) }));
    this.element = h(
      'li',
      { class: 'upload', 'data-testid': 'fetch' },
      h('div', { class: 'upload-text' }, this.name, this.facts),
      this.buttons,
      this.bar,
    );
  }

  /** @param {Video} video */
  update(video) {
    this.video = video;
    const { fetch } = video;
    const state = fetch?.state ?? (video.status === 'failed' ? 'failed' : 'done');
    replace(this.name, foreign(video.title));
    this.bar.hidden = state === 'failed' || state === 'done';
    const total = fetch?.total_bytes ?? 0;
    const isCounted = state !== 'checking' && total > 0;
    setProgress(this.bar, isCounted ? (fetch?.received_bytes ?? 0) / total : null);
    this.facts.classList.toggle('bad', state === 'failed');
    this.facts.classList.toggle('good', state === 'done');
    replace(this.facts, ...this.#texts(state).map((text) => h('span', {}, text)));
    if (this.element.dataset.state === state) return;
    this.element.dataset.state = state;
    if (state === 'failed') this.facts.setAttribute('role', 'alert');
    else this.facts.removeAttribute('role');
    replace(this.buttons, ...this.#actions(state));
  }

  /**
   * @param {string} state
   * @returns {string[]}
   */
  #texts(state) {
    const { fetch } = this.video;
    if (state === 'failed') return [explainVideoError(this.video.error)];
    if (!fetch) return [t('fetch.done')];
    const from = t('fetch.from', { host: visible(fetch.host) });
    if (state === 'checking') return [t('upload.checking'), from];
    const { received_bytes: received, total_bytes: total } = fetch;
    const amount = total === null
      ? bytes(received)
      : t('upload.of', { sent: bytes(received), size: bytes(total) });
    if (state === 'waiting') {
      const why = fetch.error
        ? [explainCode(fetch.error.code, fetch.error), t('fetch.again')]
        : [t('upload.waiting')];
      return [...why, ...(received > 0 ? [amount] : []), from];
    }
    return [...(total ? [percent(received / total)] : []), amount, from];
  }

  /**
   * @param {string} state
   * @returns {HTMLElement[]}
   */
  #actions(state) {
    const { id } = this.video;
    if (state === 'done') {
      return [
        h('a', { class: 'button', href: watchPath(id), text: 'upload.watch' }),
        this.#button('close', 'upload.dismiss', 'dismiss', () => Promise.resolve(this.removed())),
      ];
    }
    const retry = this.#button('replay', 'upload.try_again', 'retry', () => retryVideo(id));
    const cancel = this.#button(
      'close',
      state === 'failed' ? 'upload.discard' : 'upload.cancel',
      'cancel',
      async () => {
        await deleteVideo(id);
        this.removed();
      },
    );
    return state === 'failed' || state === 'waiting' ? [retry, cancel] : [cancel];
  }

  /**
   * @param {string} symbol
   * @param {string} text
   * @param {string} name
   * @param {() => Promise<void>} act
   */
  #button(symbol, text, name, act) {
    const label = [text, { name: visible(this.video.title) }];
    const press = async () => {
      try {
        await act();
      } catch (error) {
        toastError(error);
      }
    };
    return h('button', {
      type: 'button',
      class: 'icon-button',
      label,
      tip: label,
      'data-testid': `fetch-${name}`,
      onclick: press,
    }, icon(symbol));
  }
}

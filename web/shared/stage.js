/** What a link opens: its picture to press, its password to be given, the player, or why it opens nothing. */
import { Complaint, submission } from '../components/form.js';
import { PasswordField } from '../components/password-field.js';
import { ownPath } from '../lib/address.js';
import { ApiError } from '../lib/api.js';
import { h, icon, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { recallInTab, rememberInTab } from '../lib/preferences.js';
import { explain } from '../lib/problem.js';
import { findShared, playShared } from '../lib/shares.js';
import { visible } from '../lib/visible.js';

/** @typedef {import('../player/palco-player.js').PalcoPlayer} PalcoPlayer */
/** @typedef {import('../lib/shares.js').SharedPlayback} SharedPlayback */

/** What the grant of a running view is kept as. @param {string} token */
const viewName = (token) => `view.${token}`;

/** Events: `title`, `player` when it is there, `locked` when a password is asked for, `trouble` {detail: code}. */
export class SharedStage extends EventTarget {
  title = '';
  /** @type {PalcoPlayer | null} */
  player = null;
  /** @type {string | null} the grant of the view that goes on */
  #grant;
  #asksPassword = false;
  #isBeginning = false;

  /**
   * @param {string} token of the link
   * @param {number | null} startAt seconds, where the address says so
   */
  constructor(token, startAt) {
    super();
    this.token = token;
    this.startAt = startAt;
    this.#grant = recallInTab(viewName(token));
    this.element = h('div', { class: 'theatre shared-stage', 'data-testid': 'shared-stage' });
  }

  async open() {
    try {
      const shared = await findShared(this.token);
      this.#asksPassword = shared.asks_password && this.#grant === null;
      this.#name(shared.title);
      if (this.#asksPassword) this.#showForm();
      else this.#showCover(ownPath(shared.thumbnail_url, null));
    } catch (error) {
      // The last view of a link goes on although no other one may be begun.
      if (this.#grant !== null && error instanceof ApiError && error.code === 'share_over') {
        this.#showCover(null);
      } else this.#failed(error);
    }
  }

  /** As if somebody had pressed the picture. Does nothing while a password is asked for. */
  async begin() {
    if (this.player || this.#asksPassword || this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      await this.#play(null);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'share_locked') this.#showForm();
      else this.#failed(error);
    } finally {
      this.#isBeginning = false;
    }
  }

  /** @param {string | null} password */
  async #play(password) {
    const [answer] = await Promise.all([
      playShared(this.token, { password, grant: this.#grant }),
      import('../player/palco-player.js'),
    ]);
    this.#keep(answer.grant);
    this.#name(answer.title);
    const url = ownPath(answer.playback_url, null);
    if (url === null) return this.#say('shared.not_ready', () => this.begin());
    this.#asksPassword = false;
    const player = /** @type {PalcoPlayer} */ (document.createElement('palco-player'));
    this.element.dataset.kind = answer.kind;
    replace(this.element, player);
    this.player = player;
    this.dispatchEvent(new Event('player'));
    player.load({
      url,
      title: visible(answer.title),
      kind: answer.kind,
      poster: ownPath(answer.thumbnail_url, null),
      storyboard: ownPath(answer.storyboard_url, null),
      startAt: this.startAt ?? answer.starts_at_seconds,
      autoplay: true,
      renew: () => this.#renew(),
    });
    player.focus();
  }

  async #renew() {
    const answer = await playShared(this.token, { grant: this.#grant });
    this.#keep(answer.grant);
    const path = ownPath(answer.playback_url, null);
    if (path === null) throw new Error('the address of the media is none of this server');
    return path;
  }

  /** @param {string | null} grant */
  #keep(grant) {
    this.#grant = grant;
    rememberInTab(viewName(this.token), grant);
  }

  /** @param {string | null} title */
  #name(title) {
    if (title === null) return;
    this.title = title;
    this.dispatchEvent(new Event('title'));
  }

  /** @param {string | null} picture */
  #showCover(picture) {
    const button = h(
      'button',
      {
        type: 'button',
        class: 'shared-start',
        label: 'player.play',
        'data-testid': 'begin',
        onclick: () => void this.begin(),
      },
      h('span', { class: 'shared-disc' }, icon('play')),
    );
    const image = picture &&
      h('img', { class: 'shared-picture', src: picture, alt: '', onerror: () => image && image.remove() });
    replace(this.element, image, button);
  }

  #showForm() {
    this.#asksPassword = true;
    this.#keep(null);
    const password = new PasswordField({ label: 'shared.password' });
    const complaint = new Complaint();
    const submit = h('button', { type: 'submit', class: 'button primary', text: 'shared.unlock' });
    const send = submission({
      fields: [password],
      complaint,
      submit,
      act: () => this.#play(password.value),
      failed: (error) => {
        if (error instanceof ApiError && error.code === 'wrong_password') {
          password.complain(explain(error));
          password.control.focus();
          return true;
        }
        if (error instanceof ApiError && ['share_over', 'share_not_found'].includes(error.code)) {
          this.#failed(error);
          return true;
        }
        return false;
      },
    });
    replace(
      this.element,
      h(
        'form',
        { class: 'shared-form', novalidate: true, onsubmit: send, 'data-testid': 'password-form' },
        h('h1', { text: 'shared.locked' }),
        password.element,
        complaint.element,
        submit,
      ),
    );
    this.dispatchEvent(new Event('locked'));
  }

  /** @param {unknown} error */
  #failed(error) {
    const code = error instanceof ApiError ? error.code : '';
    this.dispatchEvent(new CustomEvent('trouble', { detail: code || 'unknown' }));
    if (['share_not_found', 'share_over'].includes(code)) {
      this.#keep(null);
      return this.#say(`error.${code}`);
    }
    this.#say(explain(error), () => this.open());
  }

  /**
   * @param {string} text a message key, or a sentence
   * @param {() => void} [again]
   */
  #say(text, again) {
    replace(
      this.element,
      h(
        'div',
        { class: 'stage-note', role: 'alert', 'data-testid': 'shared-note' },
        icon('alert'),
        // Where there is no title this is what the page is about.
        h(this.title === '' ? 'h1' : 'p', {}, t(text)),
        again && h('button', { type: 'button', class: 'button', onclick: again, text: 'action.try_again' }),
      ),
    );
  }
}

/** Of the address of this page: the link's token, and where it wants to begin. */
export function visitFrom({ pathname, search } = location) {
  const query = new URLSearchParams(search).get('t');
  const seconds = query === null || query === '' ? Number.NaN : Number(query);
  return {
    token: pathname.split('/')[2] ?? '',
    startAt: Number.isFinite(seconds) && seconds >= 0 ? seconds : null,
  };
}

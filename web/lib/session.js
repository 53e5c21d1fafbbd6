/**
 * Who this page was made for. It ends when that person signs out here or in another tab, when somebody else signs in, and
 * when the server does not know the session any more. Nothing of it then stays on the screen, or comes back to it by the
 * browser's way back.
 */
import { leaveFor, leaveForProvider } from './address.js';
import { ApiError, onUnauthorized, signedInUser, signOut } from './api.js';
import { concernsOwner, forgetBelongings, isKeeping, keepFor } from './belongings.js';

/** @typedef {import('./api.js').User} User */

/**
 * The same person with the same rights.
 * @param {User} left
 * @param {User} right
 */
function isSame(left, right) {
  const duties = [left, right].map((user) => [...user.duties ?? []].sort().join());
  return left.id === right.id && left.role === right.role && duties[0] === duties[1];
}

/** Fires `end` once, while the page still stands, and `change` when facts about the person are others. */
export class Session extends EventTarget {
  #ended = false;
  /** @type {Promise<void> | null} */
  #checking = null;

  /** @param {User} user */
  constructor(user) {
    super();
    this.user = user;
  }

  start() {
    keepFor(this.user.id);
    onUnauthorized(() => void this.check().catch(() => {}));
    addEventListener('storage', (event) => concernsOwner(event) && !isKeeping() && this.#beginAnew());
    // The browser may keep the page to show it again at once, without asking anybody.
    addEventListener('pagehide', () => (document.documentElement.hidden = true));
    addEventListener('pageshow', (event) => event.persisted && this.#returned());
  }

  /** Their name or another fact about them that gives no rights. @param {User} user */
  changeTo(user) {
    this.user = user;
    this.dispatchEvent(new Event('change'));
  }

  /**
   * Asks the server whether this is still the same person with the same rights, and begins anew when it is not. A single
   * refusal is not believed: a page that loads itself again for each would never come to rest.
   */
  check() {
    this.#checking ??= signedInUser().then((user) => {
      if (user === null || !isSame(user, this.user)) this.#beginAnew();
    }).finally(() => (this.#checking = null));
    return this.#checking;
  }

  /** @param {boolean} [everywhere] every other device as well */
  async signOut(everywhere = false) {
    /** @type {string | null} */
    let atProvider = null;
    try {
      atProvider = await signOut(everywhere);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    this.leave(atProvider);
  }

  /**
   * Nobody is signed in here any more, and the server knows it already.
   * @param {string | null} [atProvider] a page to go to on the way to our sign-in
   */
  leave(atProvider = null) {
    forgetBelongings();
    this.#end();
    if (atProvider === null) leaveFor('/sign-in');
    else leaveForProvider(atProvider);
  }

  async #returned() {
    try {
      if (this.#ended) return location.reload();
      await this.check();
      document.documentElement.hidden = this.#ended;
    } catch {
      this.#beginAnew(); // The page that is loaded then says what is wrong.
    }
  }

  #beginAnew() {
    if (this.#ended) return;
    this.#end();
    location.reload();
  }

  #end() {
    if (this.#ended) return;
    this.#ended = true;
    this.dispatchEvent(new Event('end'));
    document.body.replaceChildren();
    document.title = 'Palco';
  }
}

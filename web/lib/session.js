/**
 * Who this page was made for. It ends when that person signs out here or in another tab, when somebody else signs in, and
 * when the server does not know the session any more. Nothing of it then stays on the screen, or comes back to it by the
 * browser's way back.
 */
import { leaveFor } from './address.js';
import { ApiError, onUnauthorized, signedInUser, signOut } from './api.js';
import { concernsOwner, forgetBelongings, isKeeping, keepFor } from './belongings.js';

/** @typedef {import('./api.js').User} User */

/** Fires `end` once, while the page still stands. */
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

  /**
   * Asks the server whether this is still the same person with the same rights, and begins anew when it is not. A single
   * refusal is not believed: a page that loads itself again for each would never come to rest.
   */
  check() {
    this.#checking ??= signedInUser().then((user) => {
      if (user?.id !== this.user.id || user.role !== this.user.role) this.#beginAnew();
    }).finally(() => (this.#checking = null));
    return this.#checking;
  }

  async signOut() {
    try {
      await signOut();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
    }
    forgetBelongings();
    this.#end();
    leaveFor('/sign-in');
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

/** A person's own page: who they are here, and every way by which they get in. */
import { notice, troubleNote } from '../components/note.js';
import { getCodesState, getOptions, listIdentities, listSessions, listTokens } from '../lib/account.js';
import { h, replace } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { arrivalMessage, explain } from '../lib/problem.js';
import { codesSection } from './profile/codes.js';
import { detailsSection } from './profile/details.js';
import { identitiesSection } from './profile/identities.js';
import { passwordSection } from './profile/password.js';
import { removalSection } from './profile/removal.js';
import { sessionsSection } from './profile/sessions.js';
import { tokensSection } from './profile/tokens.js';

/**
 * What the parts of the page are made from.
 * @typedef {object} Profile
 * @property {import('../lib/api.js').User} user
 * @property {import('../lib/session.js').Session} session
 * @property {import('../lib/account.js').Options} options
 * @property {import('../lib/account.js').CodesState} codes
 * @property {import('../lib/account.js').SignInSession[]} sessions
 * @property {import('../lib/account.js').Token[]} tokens
 * @property {import('../lib/account.js').Identity[]} identities
 * @property {(() => void)[]} redraws called after a change of language, for what the language's own bindings do not reach
 * @property {() => Promise<void>} refreshSessions shows the sessions as they are now
 */

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function profileView({ session }) {
  const arrival = new URLSearchParams(location.search).get('problem');
  const place = h('div', { 'aria-busy': 'true' }, ...bones());
  const stop = new AbortController();
  const element = h(
    'div',
    { class: 'profile' },
    h('div', { class: 'page-head' }, h('h1', { text: 'profile.title' })),
    arrival !== null && notice('alert', arrivalMessage(arrival), 'bad'),
    place,
  );

  /** @type {(() => void)[]} */
  const redraws = [];

  /** All parts at once, so that nothing moves under the hand. */
  async function open() {
    try {
      const [options, codes, sessions, tokens, identities] = await Promise.all([
        getOptions(),
        getCodesState(),
        listSessions(),
        listTokens(),
        listIdentities(),
      ]);
      const refreshSessions = () => ofSessions.refresh();
      /** @type {Profile} */
      const profile = {
        user: session.user,
        session,
        options,
        codes,
        sessions,
        tokens,
        identities,
        redraws,
        refreshSessions,
      };
      const ofSessions = sessionsSection(profile);
      if (stop.signal.aborted) return;
      replace(
        place,
        detailsSection(profile),
        passwordSection(profile),
        codesSection(profile),
        ofSessions.element,
        identitiesSection(profile),
        tokensSection(profile),
        removalSection(profile),
      );
    } catch (error) {
      if (stop.signal.aborted) return;
      replace(place, troubleNote('profile.error', explain(error), () => void open()));
    } finally {
      place.removeAttribute('aria-busy');
    }
  }

  void open();
  const end = onLocaleChange(() => redraws.forEach((redraw) => redraw()));
  stop.signal.addEventListener('abort', end, { once: true });
  return { element, title: () => t('profile.title'), close: () => stop.abort() };
}

/** The shape of what is coming. */
function bones() {
  return Array.from(
    { length: 4 },
    () =>
      h(
        'div',
        { class: 'setting', 'aria-hidden': 'true' },
        h('div', { class: 'setting-head' }, h('div', { class: 'bone line' })),
        h('div', { class: 'setting-body' }, h('div', { class: 'bone block' })),
      ),
  );
}

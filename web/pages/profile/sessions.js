/** Where the person is signed in, and how to end it there. */
import { row, Rows, setting } from '../../components/setting.js';
import { toast, toastError } from '../../components/toast.js';
import { endSession, listSessions } from '../../lib/account.js';
import { ApiError } from '../../lib/api.js';
import { foreign, h, icon } from '../../lib/dom.js';
import { date, since } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';

/** @typedef {import('../../lib/account.js').SignInSession} SignInSession */

/** @param {import('../profile.js').Profile} profile */
export function sessionsSection({ sessions, redraws }) {
  const rows = new Rows({ label: 'sessions.title', none: 'sessions.none', row: sessionRow });
  const others = h('button', {
    type: 'button',
    class: 'button',
    text: 'sessions.end_others',
    onclick: endOthers,
  });

  /** @param {SignInSession[]} found */
  function show(found) {
    rows.show([...found].sort((left, right) => Number(right.is_current) - Number(left.is_current)));
    update();
  }

  function update() {
    others.hidden = rows.items.every((session) => session.is_current);
  }

  /** @param {SignInSession} session */
  function sessionRow(session) {
    const device = session.device || t('sessions.unknown_device');
    return row({
      testid: 'session',
      symbol: icon('device'),
      title: [
        foreign(device),
        session.is_current && h('span', { class: 'tag', text: 'sessions.this_one' }),
      ],
      facts: [
        foreign(session.address),
        session.is_current
          ? t('sessions.active_now')
          : t('sessions.last_used', { time: since(session.last_used_at) }),
        t('sessions.since', { time: date(session.created_at) }),
      ],
      button: session.is_current ? null : h('button', {
        type: 'button',
        class: 'button small',
        text: 'sessions.end',
        label: ['sessions.end_of', { device }],
        onclick: (/** @type {Event} */ event) =>
          end(session, /** @type {HTMLButtonElement} */ (event.currentTarget)),
      }),
    });
  }

  /**
   * @param {SignInSession} session
   * @param {HTMLButtonElement} button
   */
  async function end(session, button) {
    button.setAttribute('aria-busy', 'true');
    try {
      await ended(session);
      rows.remove(session);
      update();
      toast('sessions.ended');
    } catch (error) {
      button.removeAttribute('aria-busy');
      toastError(error);
    }
  }

  async function endOthers() {
    others.setAttribute('aria-busy', 'true');
    try {
      // One that began a moment ago is among them only in a fresh list.
      for (const session of await listSessions()) if (!session.is_current) await ended(session);
      toast('sessions.others_ended');
      await refresh();
      element.querySelector('h2')?.focus();
    } catch (error) {
      toastError(error);
    } finally {
      others.removeAttribute('aria-busy');
    }
  }

  async function refresh() {
    show(await listSessions());
  }

  const element = setting(
    { title: 'sessions.title', text: 'sessions.text', testid: 'sessions' },
    rows.element,
    others,
  );
  show(sessions);
  redraws.push(() => rows.redraw());
  return { element, refresh };
}

/** One that is over already is what was wanted. @param {SignInSession} session */
async function ended(session) {
  try {
    await endSession(session.id);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}

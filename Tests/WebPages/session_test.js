import { Session } from '../../web/lib/session.js';
import { freshDevice } from './device.js';
import { equal } from './assert.js';

const ann = { id: 'ann', email: 'ann@example.org', name: 'Ann', role: 'creator' };

/**
 * A page of Ann's in a browser of the test's own.
 * @param {(page: { session: Session, happened: string[], isHidden: () => boolean, leaveAndReturn: () => Promise<void>,
 *   there: { user: object | null, answers: boolean, location: string | null } }) => Promise<void>} body
 */
async function withPage(body) {
  const scope = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis));
  const names = ['fetch', 'document', 'location', 'addEventListener'];
  const before = Object.fromEntries(
    names.map((name) => [name, Object.getOwnPropertyDescriptor(scope, name)]),
  );
  /** @type {string[]} */
  const happened = [];
  /** @type {{ user: object | null, answers: boolean, location: string | null }} */
  const there = { user: ann, answers: true, location: null };
  const browser = new EventTarget();
  let isHidden = false;
  // Called when the page has been shown again or begun anew.
  let decided = () => {};
  const documentElement = {
    get hidden() {
      return isHidden;
    },
    set hidden(value) {
      isHidden = value;
      if (!value) decided();
    },
  };
  const fakes = {
    addEventListener: browser.addEventListener.bind(browser),
    document: {
      documentElement,
      title: '',
      cookie: '',
      body: { replaceChildren: () => happened.push('cleared') },
    },
    location: {
      href: 'https://palco.test/',
      reload: () => {
        happened.push('loaded anew');
        decided();
      },
      replace: (/** @type {string} */ to) => happened.push(to),
    },
    fetch: () => {
      if (!there.answers) return Promise.reject(new TypeError('nobody answers'));
      return Promise.resolve(
        there.user
          ? Response.json({ user: there.user, location: there.location })
          : Response.json({ code: 'unauthorized' }, { status: 401 }),
      );
    },
  };
  for (const [name, value] of Object.entries(fakes)) {
    Object.defineProperty(scope, name, { value, configurable: true, writable: true });
  }
  freshDevice();
  const session = new Session(ann);
  session.start();
  const leaveAndReturn = async () => {
    browser.dispatchEvent(new Event('pagehide'));
    equal(documentElement.hidden, true);
    const decision = new Promise((resolve) => (decided = () => resolve(null)));
    browser.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
    await decision;
    // What still follows waits for nothing, so it is over before the loop turns.
    await new Promise((resolve) => setTimeout(resolve));
  };
  try {
    await body({ session, happened, isHidden: () => isHidden, leaveAndReturn, there });
  } finally {
    for (const name of names) {
      const was = before[name];
      if (was) Object.defineProperty(scope, name, was);
      else delete scope[name];
    }
  }
}

Deno.test('a page that the browser kept is shown to its person again', () =>
  withPage(async ({ happened, isHidden, leaveAndReturn }) => {
    await leaveAndReturn();
    equal([happened, isHidden()], [[], false]);
  }));

for (
  const [who, user] of Object.entries({
    nobody: null,
    'somebody else': { ...ann, id: 'bob' },
    'the same person with other rights': { ...ann, role: 'user' },
    'the same person with something to do first': { ...ann, duties: ['set_up_otp'] },
  })
) {
  Deno.test(`a page that the browser kept is never shown to ${who}`, () =>
    withPage(async ({ happened, isHidden, leaveAndReturn, there }) => {
      there.user = user;
      await leaveAndReturn();
      equal([happened, isHidden()], [['cleared', 'loaded anew'], true]);
    }));
}

Deno.test('a page that the browser kept is not shown when nobody can tell whose it is', () =>
  withPage(async ({ happened, isHidden, leaveAndReturn, there }) => {
    there.answers = false;
    await leaveAndReturn();
    equal([happened, isHidden()], [['cleared', 'loaded anew'], true]);
  }));

Deno.test('a page whose person signed out comes back as another one', () =>
  withPage(async ({ session, happened, isHidden, leaveAndReturn }) => {
    await session.signOut();
    equal(happened, ['cleared', '/sign-in']);
    await leaveAndReturn();
    equal([happened, isHidden()], [['cleared', '/sign-in', 'loaded anew'], true]);
  }));

Deno.test('signing out ends the page even when the server knew the session no more, but not when nobody answers', () =>
  withPage(async ({ session, happened, there }) => {
    there.answers = false;
    await session.signOut().catch((error) => happened.push(error.code));
    there.answers = true;
    there.user = null;
    await session.signOut();
    equal(happened, ['offline', 'cleared', '/sign-in']);
  }));

Deno.test('facts that give no rights change without a new page, and are told', () =>
  withPage(async ({ session, happened, leaveAndReturn, there }) => {
    session.addEventListener('change', () => happened.push(`now ${session.user.name}`));
    session.changeTo({ ...ann, name: 'Anna' });
    there.user = { ...ann, name: 'Anna', duties: [] };
    await leaveAndReturn();
    equal(happened, ['now Anna']);
  }));

Deno.test('who came by a provider is signed out there as well', () =>
  withPage(async ({ session, happened, there }) => {
    there.location = 'https://id.example.org/end?a=b';
    await session.signOut();
    equal(happened, ['cleared', 'https://id.example.org/end?a=b']);
  }));

Deno.test('signing out everywhere asks no provider', () =>
  withPage(async ({ session, happened, there }) => {
    there.location = 'https://id.example.org/end';
    await session.signOut(true);
    equal(happened, ['cleared', '/sign-in']);
  }));

Deno.test('a page whose person is gone from the server is left without asking it', () =>
  withPage(({ session, happened, there }) => {
    there.answers = false;
    session.leave();
    equal(happened, ['cleared', '/sign-in']);
    return Promise.resolve();
  }));

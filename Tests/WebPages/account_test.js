import { askForReset, getOptions, listSessions, optionsIfKnown, signIn } from '../../web/lib/account.js';
import {
  authenticatorAddress,
  holdsSecret,
  providerPage,
  providerPath,
  takeSecret,
} from '../../web/lib/address.js';
import { ApiError, call, onUnauthorized, problemFrom } from '../../web/lib/api.js';
import { moment } from '../../web/lib/format.js';
import { useMessages } from '../../web/lib/i18n.js';
import { requirements } from '../../web/lib/password-policy.js';
import { arrivalMessage, explain, explainField } from '../../web/lib/problem.js';
import { scopesFor } from '../../web/lib/token-scopes.js';
import { read, sources } from './sources.js';
import { equal, fails, ok } from './assert.js';

const english = JSON.parse(read('i18n/en.json'));
const scope = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (globalThis));

/**
 * With these in the place of what a browser has.
 * @template T
 * @param {Record<string, unknown>} fakes
 * @param {() => T | Promise<T>} body
 * @returns {Promise<T>}
 */
async function withGlobals(fakes, body) {
  const before = Object.fromEntries(
    Object.keys(fakes).map((name) => [name, Object.getOwnPropertyDescriptor(scope, name)]),
  );
  for (const [name, value] of Object.entries(fakes)) {
    Object.defineProperty(scope, name, { value, configurable: true, writable: true });
  }
  try {
    return await body();
  } finally {
    for (const [name, was] of Object.entries(before)) {
      if (was) Object.defineProperty(scope, name, was);
      else delete scope[name];
    }
  }
}

/**
 * A page at an address, and what its address becomes.
 * @param {string} href
 * @param {(place: { href: string, history: string[] }) => void} body
 */
function at(href, body) {
  const place = { href, history: /** @type {string[]} */ ([]) };
  const location = {
    get href() {
      return place.href;
    },
    get hash() {
      return new URL(place.href).hash;
    },
  };
  const history = {
    state: null,
    /**
     * @param {unknown} _state
     * @param {string} _title
     * @param {string} path
     */
    replaceState: (_state, _title, path) => {
      place.href = new URL(path, place.href).href;
      place.history.push(place.href);
    },
  };
  return withGlobals({ location, history }, () => body(place));
}

/**
 * A server that answers each call in turn.
 * @param {Response[]} answers
 * @param {(asked: { method: string, path: string, body: unknown }[]) => Promise<void>} body
 */
function answering(answers, body) {
  /** @type {{ method: string, path: string, body: unknown }[]} */
  const asked = [];
  const left = [...answers];
  const fetch = (/** @type {string} */ path, /** @type {RequestInit} */ { method, body }) => {
    asked.push({ method: method ?? 'GET', path, body: body ? JSON.parse(String(body)) : null });
    return Promise.resolve(left.shift() ?? new Response(null, { status: 500 }));
  };
  return withGlobals({ fetch, document: { cookie: '' } }, () => body(asked));
}

for (
  const [name, href, secret] of /** @type {[string, string, string | null][]} */ ([
    ['behind #', 'https://palco.test/reset#token=abc-DEF_1', 'abc-DEF_1'],
    ['in the query', 'https://palco.test/register?invitation=abc', 'abc'],
    ['beside others', 'https://palco.test/verify?next=%2Fupload&token=abc', 'abc'],
    ['in both places', 'https://palco.test/reset?token=query#token=hash', 'hash'],
    ['of another language', 'https://palco.test/reset#token=%D0%B0', 'а'],
    ['that is empty', 'https://palco.test/reset#token=', null],
    ['that is too long', `https://palco.test/reset#token=${'a'.repeat(1025)}`, null],
  ])
) {
  Deno.test(`a secret ${name} is taken out of the address at once`, () =>
    at(href, (place) => {
      equal(takeSecret('token', 'invitation'), secret);
      equal(place.history.length, 1);
      ok(!/token|invitation/.test(place.href), place.href);
      equal(new URL(place.href).pathname, new URL(href).pathname);
      equal(new URL(place.href).searchParams.get('next'), new URL(href).searchParams.get('next'));
      equal([takeSecret('token', 'invitation'), holdsSecret('token')], [null, false]);
    }));
}

Deno.test('an address without a secret stays as it is, its place in the page as well', () =>
  at('https://palco.test/sign-in?next=%2F#content', (place) => {
    equal([takeSecret('token'), holdsSecret('token')], [null, false]);
    equal([place.href, place.history], ['https://palco.test/sign-in?next=%2F#content', []]);
  }));

Deno.test('a path that reads as another server is not what is left of an address', () =>
  at('https://palco.test/.//evil.example#token=a', (place) => {
    equal(takeSecret('token'), 'a');
    equal(new URL(place.href).origin, 'https://palco.test');
    ok(!place.href.includes('evil'), place.href);
  }));

Deno.test('a provider is asked by a path of ours, and comes back to one', () => {
  const path = providerPath('a/../b?c#d', '/watch/1?t=5', { isLink: true });
  equal(path, '/api/v1/auth/oidc/a%2F..%2Fb%3Fc%23d?next=%2Fwatch%2F1%3Ft%3D5&link=1');
  equal(
    providerPath('google', 'https://evil.example/'),
    '/api/v1/auth/oidc/google?next=%2F',
  );
  equal(providerPath('google', '//evil.example'), '/api/v1/auth/oidc/google?next=%2F');
});

Deno.test('signing out at a provider leads to a page, or to our own sign-in', () => {
  const page =
    'https://id.example.org/end?id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fpalco.test%2Fsign-in';
  equal(providerPage(page), page);
  for (
    const other of [
      'javascript:alert(1)',
      'data:text/html,x',
      '/\\evil.example',
      'https://a:b@id.example.org/',
      '',
    ]
  ) {
    equal(providerPage(other), '/sign-in');
  }
});

Deno.test('only the address of a secret is handed to an authenticator', () => {
  const address = 'otpauth://totp/Palco:ann%40example.org?secret=JBSWY3DPEHPK3PXP&issuer=Palco';
  equal(authenticatorAddress(address), address);
  for (
    const other of ['javascript:alert(1)', 'https://evil.example', 'otpauth://totp/a\nb', ' otpauth://totp/a']
  ) {
    equal(authenticatorAddress(other), null);
  }
});

/**
 * @param {string} password
 * @param {import('../../web/lib/account.js').PasswordRules} [rules]
 */
function met(password, rules = { policy: 'classes', minimum_length: 8 }) {
  return requirements(password, rules).filter(({ isMet }) => isMet).map(({ rule }) => rule);
}

Deno.test('each requirement of a password is met by itself', () => {
  equal(met(''), []);
  equal(met('ABCDEFGH'), ['length', 'upper']);
  equal(met('abcd123'), ['lower', 'digit']);
  equal(met('Ab1!'), ['upper', 'lower', 'digit', 'special']);
  equal(met('Ab1!Ab1!'), ['length', 'upper', 'lower', 'digit', 'special']);
  // Letters of every script are letters, and what a person sees as one character is one.
  equal(met('Пароль1 '), ['length', 'upper', 'lower', 'digit', 'special']);
  equal(met('👩‍⚕️👩‍⚕️👩‍⚕️'), ['special']);
  equal(met('a\u0301b\u0301c\u0301d\u0301'), ['lower']);
});

Deno.test('by length alone nothing but the length counts', () => {
  const rules = /** @type {const} */ ({ policy: 'length', minimum_length: 15 });
  equal(requirements('four small words', rules), [{ rule: 'length', isMet: true }]);
  equal(met('Ab1!Ab1!', rules), []);
});

Deno.test('every requirement has its words in the pages', () => {
  for (const { rule } of requirements('', { policy: 'classes', minimum_length: 8 })) {
    ok(`password.rule_${rule}` in english, rule);
  }
});

Deno.test('a token may never more than its person', () => {
  const scopes = ['user', 'premium', 'creator', 'admin', 'someone new'].map(scopesFor);
  equal(scopes.map((each) => each.join(' ')), [
    'read manage',
    'read manage',
    'read upload manage',
    'read upload manage administer',
    'read manage',
  ]);
  for (const each of scopes[3]) {
    ok(`tokens.scope_${each}` in english && `tokens.scope_${each}_hint` in english);
  }
});

Deno.test('problems of fields are read, and nothing else is taken for one', () => {
  const { fields } = problemFrom(
    422,
    JSON.stringify({
      code: 'invalid',
      errors: [{ field: 'email', code: 'invalid' }, { field: 1 }, null, 'x'],
    }),
  );
  equal(fields, [{ field: 'email', code: 'invalid' }]);
  equal(problemFrom(422, '{"errors":"none"}').fields, []);
  useMessages('en', english);
  equal(
    explainField({ field: 'password', code: 'needs_digit', detail: 'At least one.' }),
    'It needs a digit.',
  );
  equal(explainField({ field: 'x', code: 'teapot', detail: 'No \u202egpj' }), 'No ⟨U+202E⟩gpj');
  equal(explainField({ field: 'x', code: 'teapot' }), 'This cannot be used here.');
});

Deno.test('a locked account says until when, of another day with its date', () => {
  useMessages('en', english);
  const noon = new Date(2026, 10, 30, 12, 0).getTime();
  // Which space stands before PM depends on the browser.
  const shown = (/** @type {number} */ time) => moment(time, noon).replace(/\s/g, ' ');
  equal(shown(noon + 60_000), '12:01 PM');
  equal(shown(noon + 86_400_000), 'Dec 1, 2026, 12:00 PM');
  equal(moment('no time', noon), '');
  const text = explain(new ApiError(423, 'account_locked', { retryAfter: 86_400 }));
  ok(text.includes(`locked until ${moment(Date.now() + 86_400_000)}`), text);
});

Deno.test('what an address says went wrong is shown in our own words only', () => {
  useMessages('en', english);
  equal(arrivalMessage('provider_refused'), 'arrival.provider_refused');
  equal(arrivalMessage('account_disabled'), 'error.account_disabled');
  for (const code of ['<b>Call 555 1234</b>', 'constructor', '__proto__', 'title', '']) {
    equal(arrivalMessage(code), 'arrival.failed');
  }
});

Deno.test('a call that is refused because of a duty is heard like one of nobody', () =>
  answering([
    Response.json({ code: 'otp_setup_required' }, { status: 403 }),
    Response.json({ code: 'password_change_required' }, { status: 403 }),
    Response.json({ code: 'forbidden' }, { status: 403 }),
    Response.json({ code: 'unauthorized' }, { status: 401 }),
  ], async () => {
    let heard = 0;
    onUnauthorized(() => (heard += 1));
    try {
      const counts = [];
      for (let each = 0; each < 4; each += 1) {
        await fails(() => call('GET', '/videos'), /ApiError/);
        counts.push(heard);
      }
      equal(counts, [1, 2, 2, 3]);
    } finally {
      onUnauthorized(() => {});
    }
  }));

Deno.test('a code is sent with the password when there is one, and only then', () =>
  answering(
    [Response.json({ user: { id: 'ann' } }), Response.json({ user: { id: 'ann' } })],
    async (asked) => {
      await signIn('ann@example.org', 'secret');
      await signIn('ann@example.org', 'secret', '123456');
      equal(asked.map(({ body }) => body), [
        { email: 'ann@example.org', password: 'secret' },
        { email: 'ann@example.org', password: 'secret', otp: '123456' },
      ]);
    },
  ));

Deno.test('a list that comes in pages is asked for to its end, and to no end that never comes', async () => {
  const page = (/** @type {string} */ id, /** @type {string | null} */ next) =>
    Response.json({ data: [{ id }], next_cursor: next });
  await answering([page('a', 'x/y'), page('b', null), page('never', null)], async (asked) => {
    equal((await listSessions()).map(({ id }) => id), ['a', 'b']);
    equal(asked.map(({ path }) => path), [
      '/api/v1/auth/sessions?limit=100',
      '/api/v1/auth/sessions?limit=100&cursor=x%2Fy',
    ]);
  });
  await answering(Array.from({ length: 100 }, () => page('a', 'again')), async (asked) => {
    await listSessions();
    equal(asked.length, 20);
  });
});

Deno.test('a page that works without the options has the careful ones when nobody answers', async () => {
  await answering([new Response('gone', { status: 502 })], async () => {
    const options = await optionsIfKnown();
    equal([options.registration, options.providers, options.may_remove_self], ['closed', [], false]);
  });
  await answering([new Response('gone', { status: 502 })], async () => {
    await fails(() => getOptions(), /ApiError/);
  });
  await answering([Response.json({ registration: 'open' })], async () => {
    const options = await getOptions();
    equal([options.registration, options.password.minimum_length], ['open', 8]);
  });
});

Deno.test('an answer without a body says nothing about the mail', () =>
  answering([new Response(null, { status: 202 })], async () => {
    equal(await askForReset('ann@example.org'), {});
  }));

Deno.test('the pages that links of mails lead to send no referrer', () => {
  const page = read('entrance.html');
  const rule = page.indexOf('<meta name="referrer" content="no-referrer">');
  ok(
    rule > 0 && rule < page.indexOf('<link') && rule < page.indexOf('<script'),
    'before anything is asked for',
  );
});

Deno.test('password managers are told what each field is', () => {
  const text = [...sources(/\.js$/)].filter(({ path }) =>
    /^(?:entrance|components|pages\/profile)\//.test(path)
  )
    .map(({ text }) => text).join('\n');
  for (const use of ['username', 'name', 'one-time-code']) ok(text.includes(`autocomplete: '${use}'`), use);
  ok(text.includes("rules ? 'new-password' : 'current-password'"));
  ok(!/type: 'password'[^}]*autocomplete: 'off'/.test(text));
});

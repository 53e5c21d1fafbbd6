/** The calls about accounts: how one comes to one, how one enters, and what a person may do with their own. */
import { call, userFrom } from './api.js';

/** @typedef {import('./api.js').User} User */
/** @typedef {{ policy: 'classes' | 'length', minimum_length: number }} PasswordRules */
/** @typedef {{ name: string, label: string }} Provider an outside identity provider */
/**
 * How this server lets people in.
 * @typedef {object} Options
 * @property {'closed' | 'open' | 'invitation' | 'domains'} registration
 * @property {string[]} domains
 * @property {Provider[]} providers
 * @property {boolean} has_mail
 * @property {boolean} verifies_email
 * @property {PasswordRules} password
 * @property {boolean} may_remove_self
 */
/**
 * @typedef {object} SignInSession
 * @property {string} id
 * @property {string} device
 * @property {string} address
 * @property {string} created_at
 * @property {string} last_used_at
 * @property {string} expires_at
 * @property {boolean} is_current
 * @property {string} [method]
 */
/** @typedef {'read' | 'upload' | 'manage' | 'administer'} Scope */
/**
 * @typedef {object} Token
 * @property {string} id
 * @property {string} name
 * @property {Scope[]} scopes
 * @property {string} created_at
 * @property {string | null} expires_at
 * @property {string | null} last_used_at
 */
/**
 * @typedef {object} Identity
 * @property {string} id
 * @property {string} provider
 * @property {string} label
 * @property {string | null} email
 * @property {string} created_at
 * @property {string | null} last_used_at
 */

/** @type {Options} what holds when the server did not say */
const unknownOptions = {
  registration: 'closed',
  domains: [],
  providers: [],
  has_mail: true,
  verifies_email: true,
  password: { policy: 'classes', minimum_length: 8 },
  may_remove_self: false,
};

/** @param {AbortSignal} [signal] @returns {Promise<Options>} */
export async function getOptions(signal) {
  const answer = await call('GET', '/auth/options', { signal });
  return { ...unknownOptions, .../** @type {Partial<Options>} */ (answer) };
}

/**
 * The same for a page that also works without knowing: one that is never answered, or too late, is not worth waiting for.
 * @param {number} [limit] milliseconds
 */
export async function optionsIfKnown(limit = 4000) {
  try {
    return await getOptions(AbortSignal.timeout(limit));
  } catch {
    return unknownOptions;
  }
}

/**
 * @param {string} email
 * @param {string} password
 * @param {string} [otp] a one-time or recovery code
 */
export async function signIn(email, password, otp) {
  return userFrom(await call('POST', '/auth/login', { json: { email, password, ...(otp ? { otp } : {}) } }));
}

/**
 * @param {{ name: string, email: string, password: string, locale: string, invitation?: string }} person
 * @returns {Promise<{ status?: string, user?: User }>} a user: they are signed in already
 */
export async function register(person) {
  return /** @type {{ status?: string, user?: User }} */ (await call('POST', '/auth/register', {
    json: person,
  }));
}

/** @typedef {{ email: string | null, role: string, expires_at: string }} Invitation */

/** @param {string} token @returns {Promise<Invitation>} */
export async function getInvitation(token) {
  return /** @type {Invitation} */ (await call('GET', `/auth/invitations/${encodeURIComponent(token)}`));
}

/**
 * @param {string} token of the mail
 * @param {string} password of the registration
 */
export async function verifyAddress(token, password) {
  await call('POST', '/auth/verify', { json: { token, password } });
}

/**
 * @param {string} email
 * @returns {Promise<{ status?: string }>} the same whether there is such an account or not
 */
export async function askForReset(email) {
  const answer = await call('POST', '/auth/password/forgot', { json: { email } });
  return /** @type {{ status?: string } | null} */ (answer) ?? {};
}

/**
 * @param {string} token of the mail
 * @param {string} password
 */
export async function resetPassword(token, password) {
  await call('POST', '/auth/password/reset', { json: { token, password } });
}

/** @param {{ name?: string, locale?: string }} changes */
export async function changeMe(changes) {
  return userFrom(await call('PATCH', '/auth/me', { json: changes }));
}

/**
 * @param {string} current
 * @param {string} next
 */
export async function changePassword(current, next) {
  await call('POST', '/auth/password', { json: { current_password: current, new_password: next } });
}

/** @returns {Promise<Record<string, unknown>>} what goes with the own account, counted */
export async function whatMyRemovalTakes() {
  return /** @type {Record<string, unknown>} */ (await call('GET', '/auth/me/removal'));
}

/** @param {{ password?: string, otp?: string }} proof */
export async function removeMe(proof) {
  await call('DELETE', '/auth/me', { json: proof });
}

/** @typedef {{ is_enabled: boolean, recovery_codes_left: number }} CodesState */

/** @returns {Promise<CodesState>} */
export async function getCodesState() {
  return /** @type {CodesState} */ (await call('GET', '/auth/otp'));
}

/** @typedef {{ secret: string, uri: string, qr_svg: string }} CodeSetup */

/** @param {{ password?: string }} proof @returns {Promise<CodeSetup>} */
export async function setUpCodes(proof) {
  return /** @type {CodeSetup} */ (await call('POST', '/auth/otp/setup', { json: proof }));
}

/** @param {string} code @returns {Promise<string[]>} recovery codes */
export async function confirmCodes(code) {
  return recoveryCodesOf(await call('POST', '/auth/otp/confirm', { json: { code } }));
}

/** @param {string} code @returns {Promise<string[]>} recovery codes in place of those before */
export async function renewRecoveryCodes(code) {
  return recoveryCodesOf(await call('POST', '/auth/otp/recovery-codes', { json: { code } }));
}

/** @param {string} code */
export async function switchCodesOff(code) {
  await call('POST', '/auth/otp/disable', { json: { code } });
}

/** @param {unknown} body */
function recoveryCodesOf(body) {
  return /** @type {{ recovery_codes: string[] }} */ (body).recovery_codes;
}

/** More pages of a list than any person has. */
const mostPages = 20;

/**
 * All of a list that comes in pages.
 * @template T
 * @param {string} path
 * @returns {Promise<T[]>}
 */
async function all(path) {
  /** @type {T[]} */
  const found = [];
  /** @type {string | null | undefined} */
  let cursor = null;
  for (let page = 0; page < mostPages; page += 1) {
    const query = new URLSearchParams({ limit: '100', ...(cursor ? { cursor } : {}) });
    const answer = /** @type {{ data: T[], next_cursor?: string | null }} */ (await call(
      'GET',
      `${path}?${query}`,
    ));
    found.push(...answer.data);
    cursor = answer.next_cursor;
    if (!cursor) break;
  }
  return found;
}

/** @returns {Promise<SignInSession[]>} */
export function listSessions() {
  return all('/auth/sessions');
}

/** @param {string} id */
export async function endSession(id) {
  await call('DELETE', `/auth/sessions/${encodeURIComponent(id)}`);
}

/** @returns {Promise<Token[]>} */
export function listTokens() {
  return all('/auth/tokens');
}

/**
 * @param {{ name: string, scopes: Scope[], expires_in_days: number }} wanted
 * @returns {Promise<Token & { token: string }>} its text is told this once
 */
export async function createToken(wanted) {
  return /** @type {Token & { token: string }} */ (await call('POST', '/auth/tokens', { json: wanted }));
}

/** @param {string} id */
export async function removeToken(id) {
  await call('DELETE', `/auth/tokens/${encodeURIComponent(id)}`);
}

/** @returns {Promise<Identity[]>} */
export function listIdentities() {
  return all('/auth/identities');
}

/** @param {string} id */
export async function unlinkIdentity(id) {
  await call('DELETE', `/auth/identities/${encodeURIComponent(id)}`);
}

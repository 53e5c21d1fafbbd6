/** What administrators ask the server: people, groups, invitations, the audit, settings, the state of the system. */
import { base, call } from './api.js';
import { ownPath } from './address.js';

/** @typedef {{ id: string, name: string }} GroupName */
/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} email
 * @property {string} name may be empty
 * @property {string} role
 * @property {string | null} [locale]
 * @property {string} created_at
 * @property {boolean} [otp_enabled]
 * @property {boolean} [email_verified]
 * @property {boolean} [has_password]
 * @property {boolean} is_disabled
 * @property {boolean} is_locked
 * @property {string | null} last_sign_in_at
 * @property {number} [session_count]
 * @property {GroupName[]} groups
 * @property {string[]} [providers]
 */
/** @typedef {{ id: string, name: string, member_count?: number, created_at?: string }} Group */
/** @typedef {{ id: string, email: string | null, role: string, created_at: string, expires_at: string }} Invitation */
/** @typedef {{ id: string, email: string, name: string, created_at: string, expires_at: string }} Verification */
/** @typedef {{ id?: string | null, name?: string | null, kind: string }} Actor */
/** @typedef {{ kind: string, id?: string | null, name?: string | null }} Target */
/**
 * @typedef {object} AuditEntry
 * @property {string} id
 * @property {string} at
 * @property {string} action
 * @property {Actor} actor
 * @property {Target | null} [target]
 * @property {string | null} [address]
 * @property {Record<string, unknown> | null} [before]
 * @property {Record<string, unknown> | null} [after]
 * @property {'done' | 'refused'} outcome
 */
/** @typedef {{ name: string, value: unknown, source: string, is_secret: boolean }} Setting */
/** @typedef {{ id: string, code: string }} Refusal */
/** @typedef {{ line: number, email: string, code: string, detail?: string | null }} RefusedLine */
/** @typedef {{ created: number, updated: number, refused: RefusedLine[] }} ImportResult */
/** @typedef {Record<string, string>} Query */
/**
 * @template T
 * @typedef {{ data: T[], next_cursor: string | null }} Page
 */
/** @typedef {{ link?: string | null, mailed?: boolean }} HandedOut a link, which is told once, and whether it was mailed */

/** Rows that are asked for at once. */
const limit = '50';

/**
 * @template T
 * @param {string} path
 * @param {Query} query
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 */
async function list(path, query, cursor, signal) {
  const search = new URLSearchParams({ limit, ...query });
  if (cursor) search.set('cursor', cursor);
  return /** @type {Page<T>} */ (await call('GET', `${path}?${search}`, { signal }));
}

/** @param {string} id */
function personAt(id) {
  return `/admin/users/${encodeURIComponent(id)}`;
}

/** @param {string} id */
function groupAt(id) {
  return `/admin/groups/${encodeURIComponent(id)}`;
}

/**
 * @param {unknown} body
 * @returns {Person}
 */
function personFrom(body) {
  const holder = /** @type {{ user?: Person } & Person} */ (body);
  return holder.user ?? holder;
}

/**
 * @param {Query} query
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<Person>>}
 */
export function listPeople(query, cursor, signal) {
  return list('/admin/users', query, cursor, signal);
}

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 */
export async function getPerson(id, signal) {
  return personFrom(await call('GET', personAt(id), { signal }));
}

/**
 * @param {{ email: string, name: string, role: string, locale?: string }} json
 * @returns {Promise<HandedOut & { user: Person }>}
 */
export async function createPerson(json) {
  return /** @type {HandedOut & { user: Person }} */ (await call('POST', '/admin/users', { json }));
}

/**
 * @param {string} id
 * @param {{ name?: string, role?: string, disabled?: boolean, unlock?: true, otp_enabled?: false }} json
 */
export async function changePerson(id, json) {
  return personFrom(await call('PATCH', personAt(id), { json }));
}

/** @param {string} id */
export async function whatRemovalTakes(id) {
  return /** @type {Record<string, unknown>} */ (await call('GET', `${personAt(id)}/removal`));
}

/**
 * @param {string} id
 * @param {'remove' | 'keep'} videos
 */
export async function removePerson(id, videos) {
  await call('DELETE', `${personAt(id)}?${new URLSearchParams({ videos })}`);
}

/** @param {string} id */
export async function resetPerson(id) {
  return /** @type {HandedOut} */ (await call('POST', `${personAt(id)}/reset`));
}

/** @param {string} id */
export async function signOutPerson(id) {
  await call('POST', `${personAt(id)}/sign-out`);
}

/** @typedef {{ role?: string, disabled?: boolean, add_group?: string, remove_group?: string }} Change */
/**
 * @param {string[]} ids
 * @param {Change} change
 */
export async function changePeople(ids, change) {
  const answer = await call('POST', '/admin/users/batch', { json: { ids, ...change } });
  return /** @type {{ changed: number, refused: Refusal[] }} */ (answer);
}

/**
 * @param {Blob} csv
 * @param {boolean} onlyTry
 */
export async function importPeople(csv, onlyTry) {
  const path = `/admin/users/import${onlyTry ? '?dry_run=1' : ''}`;
  return /** @type {ImportResult} */ (await call('POST', path, {
    file: new Blob([csv], { type: 'text/csv' }),
  }));
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<Invitation>>}
 */
export function listInvitations(cursor, signal) {
  return list('/admin/invitations', {}, cursor, signal);
}

/**
 * @param {{ email?: string, role: string, expires_in_days: number, locale?: string }} json
 * @returns {Promise<HandedOut & Invitation>}
 */
export async function invite(json) {
  return /** @type {HandedOut & Invitation} */ (await call('POST', '/admin/invitations', { json }));
}

/** @param {string} id */
export async function takeBackInvitation(id) {
  await call('DELETE', `/admin/invitations/${encodeURIComponent(id)}`);
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<Verification>>}
 */
export function listVerifications(cursor, signal) {
  return list('/admin/verifications', {}, cursor, signal);
}

/** @param {string} id */
export async function verificationLink(id) {
  const path = `/admin/verifications/${encodeURIComponent(id)}/link`;
  return /** @type {HandedOut} */ (await call('POST', path));
}

/**
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<Group>>}
 */
export function listGroups(cursor, signal) {
  return list('/admin/groups', {}, cursor, signal);
}

/** Those to choose from: as many as a person can look through. @param {AbortSignal} [signal] */
export async function allGroups(signal) {
  const found = /** @type {Group[]} */ ([]);
  let cursor = null;
  for (let pages = 0; pages < 10; pages++) {
    const page = /** @type {Page<Group>} */ (await listGroups(cursor, signal));
    found.push(...page.data);
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  return found;
}

/**
 * @param {string} id
 * @param {AbortSignal} [signal]
 */
export async function getGroup(id, signal) {
  return /** @type {Group} */ (await call('GET', groupAt(id), { signal }));
}

/** @param {string} name */
export async function createGroup(name) {
  return /** @type {Group} */ (await call('POST', '/admin/groups', { json: { name } }));
}

/**
 * @param {string} id
 * @param {string} name
 */
export async function renameGroup(id, name) {
  return /** @type {Group} */ (await call('PATCH', groupAt(id), { json: { name } }));
}

/** @param {string} id */
export async function removeGroup(id) {
  await call('DELETE', groupAt(id));
}

/**
 * @param {string} id
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<Person>>}
 */
export function listMembers(id, cursor, signal) {
  return list(`${groupAt(id)}/members`, {}, cursor, signal);
}

/**
 * @param {string} group
 * @param {string} person
 */
export async function addMember(group, person) {
  await call('PUT', `${groupAt(group)}/members/${encodeURIComponent(person)}`);
}

/**
 * @param {string} group
 * @param {string} person
 */
export async function removeMember(group, person) {
  await call('DELETE', `${groupAt(group)}/members/${encodeURIComponent(person)}`);
}

/**
 * @param {Query} query
 * @param {string | null} cursor
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page<AuditEntry>>}
 */
export function listAudit(query, cursor, signal) {
  return list('/admin/audit', query, cursor, signal);
}

/**
 * Where the entries of a filter can be downloaded.
 * @param {'csv' | 'jsonl'} format
 * @param {Query} query
 */
export function auditExport(format, query) {
  return ownPath(`${base}/admin/audit/export?${new URLSearchParams({ format, ...query })}`, '/');
}

/** @param {AbortSignal} [signal] */
export async function listSettings(signal) {
  return /** @type {{ data: Setting[] }} */ (await call('GET', '/admin/settings', { signal })).data;
}

/** @param {AbortSignal} [signal] */
export async function systemState(signal) {
  return /** @type {import('../pages/administration/system-words.js').System} */ (await call(
    'GET',
    '/admin/system',
    {
      signal,
    },
  ));
}

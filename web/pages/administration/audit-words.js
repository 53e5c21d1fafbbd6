/** What the audit says, in words. An action that this page does not know yet is called by its name. */
import { has, locale, t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';
import { roleName } from './names.js';
import { exactTime } from './times.js';

/** @typedef {import('../../lib/administration.js').AuditEntry} AuditEntry */
/** @typedef {{ field: string, before: string | null, after: string | null }} Change */

/** Everything that can be looked for, by what it is about. */
export const actions = /** @type {Record<string, string[]>} */ ({
  user: [
    'signed_in',
    'sign_in_refused',
    'signed_out',
    'session_revoked',
    'password_changed',
    'reset_link_issued',
    'reset_link_requested',
    'codes_set_up',
    'codes_removed',
    'recovery_codes_renewed',
    'identity_linked',
    'identity_unlinked',
    'created',
    'changed',
    'role_changed',
    'disabled',
    'enabled',
    'unlocked',
    'removed',
    'imported',
    'claimed',
  ],
  group: ['created', 'changed', 'removed', 'member_added', 'member_removed'],
  invitation: ['created', 'removed'],
  registration: ['link_issued'],
  token: ['created', 'removed'],
  video: [
    'visibility_changed',
    'password_changed',
    'unlocks_ended',
    'trashed',
    'restored',
    'removed',
    'shared',
    'share_revoked',
    'original_downloaded',
    'key_used_elsewhere',
  ],
  keys: ['rotated'],
  settings: ['changed'],
  audit: ['exported'],
});

/** @returns {string[]} every action by its whole name */
export function actionNames() {
  return Object.entries(actions).flatMap(([about, names]) => names.map((name) => `${about}.${name}`));
}

/** @param {string} action */
export function actionTitle(action) {
  return has(`audit.title.${action}`) ? t(`audit.title.${action}`) : visible(action);
}

/**
 * The message for an entry, with the places of those that it is about.
 * @param {AuditEntry} entry
 * @returns {string} a key; that of a sentence for anything where the action is not known
 */
export function sentenceKey({ action, target }) {
  if (has(`audit.did.${action}`)) return `audit.did.${action}`;
  return target ? 'audit.unknown_with' : 'audit.unknown';
}

/** What is said elsewhere than among the changes. */
const aside = new Set(['count', 'last_at']);

/**
 * What was before and after, one line for each property that differs.
 * @param {AuditEntry} entry
 * @returns {Change[]}
 */
export function changesOf({ before, after }) {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].filter((name) => !aside.has(name)).map((name) => ({
    field: fieldName(name),
    before: shown(name, before, Object.hasOwn(before ?? {}, name)),
    after: shown(name, after, Object.hasOwn(after ?? {}, name)),
  })).filter((change) => change.before !== change.after);
}

/**
 * How often it happened, of what is counted instead of told each time.
 * @param {AuditEntry} entry
 * @returns {string} empty for once
 */
export function timesOf({ after }) {
  const count = Number(after?.count ?? 1);
  if (!Number.isFinite(count) || count <= 1) return '';
  const last = typeof after?.last_at === 'string' ? exactTime(after.last_at) : '';
  return last === '' ? t('audit.times', { count }) : t('audit.times_until', { count, last });
}

/** @param {string} name */
function fieldName(name) {
  return has(`audit.field.${name}`) ? t(`audit.field.${name}`) : visible(name);
}

/**
 * @param {string} name
 * @param {Record<string, unknown> | null | undefined} details
 * @param {boolean} isThere
 */
function shown(name, details, isThere) {
  return isThere ? valueText(name, details?.[name]) : null;
}

/**
 * @param {string} name of the property
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(name, value) {
  if (value === null || value === undefined || value === '') return t('audit.nothing');
  if (typeof value === 'boolean') return t(value ? 'audit.yes' : 'audit.no');
  if (typeof value === 'number') return new Intl.NumberFormat(locale()).format(value);
  if (Array.isArray(value)) {
    return value.length === 0 ? t('audit.nothing') : value.map((each) => visible(String(each))).join(', ');
  }
  if (typeof value === 'object') return visible(JSON.stringify(value));
  const text = String(value);
  if (name === 'role') return roleName(text);
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return exactTime(text) || visible(text);
  return has(`audit.value.${text}`) ? t(`audit.value.${text}`) : visible(text);
}

/** How people, roles and states are called on the pages of the administration. */
import { administrationPath } from '../../lib/address.js';
import { foreign, h } from '../../lib/dom.js';
import { has, t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';

/** @typedef {import('../../lib/administration.js').Person} Person */

/** From the fewest rights to the most. */
export const roles = /** @type {const} */ (['user', 'premium', 'creator', 'admin']);

/** What a person can be besides active. */
export const states = /** @type {const} */ (['active', 'disabled', 'locked', 'unverified']);

/** @returns {[string, string][]} values and message keys */
export function roleChoices() {
  return roles.map((role) => [role, `role.${role}`]);
}

/** @param {string} role */
export function roleName(role) {
  return has(`role.${role}`) ? t(`role.${role}`) : visible(role);
}

/** @param {{ name?: string | null, email?: string | null }} person */
export function nameOf({ name, email }) {
  return name || email || '';
}

/**
 * A person by name and address, as a link to their page.
 * @param {Person} person
 */
export function personLink(person) {
  return h(
    'span',
    { class: 'who' },
    h(
      'a',
      { href: administrationPath(['people', person.id]), 'data-part': 'name' },
      foreign(nameOf(person)),
    ),
    person.name ? h('span', { class: 'who-email' }, foreign(person.email)) : null,
  );
}

/**
 * @param {Person} person
 * @returns {string[]} what is to be known about their account, the gravest first
 */
export function statesOf(person) {
  const found = [
    person.is_disabled && 'disabled',
    person.is_locked && 'locked',
    person.email_verified === false && 'unverified',
  ].filter((state) => typeof state === 'string');
  return found.length > 0 ? found : ['active'];
}

/** @param {Person} person */
export function stateBadges(person) {
  return h(
    'span',
    { class: 'badges' },
    ...statesOf(person).map((state) =>
      h('span', { class: `standing ${state}`, text: `admin.state.${state}` })
    ),
  );
}

/**
 * Names of groups, as links to them.
 * @param {{ id: string, name: string }[]} groups
 */
export function groupLinks(groups) {
  if (groups.length === 0) return h('span', { class: 'nothing', 'aria-hidden': 'true' }, '–');
  return h(
    'span',
    { class: 'chips' },
    ...groups.map(({ id, name }) =>
      h('a', { class: 'chip', href: administrationPath(['groups', id]) }, foreign(name))
    ),
  );
}

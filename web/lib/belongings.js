/**
 * What one person leaves on this device, such as where they stopped watching. It is kept under the id of the person, and is
 * gone when they sign out or when somebody else signs in. In contrast to `preferences.js`, which belongs to the device.
 */
import { concerns, keptNames, recall, recallRecord, remember, rememberRecord } from './preferences.js';

/** The name under which the device knows whose belongings it holds. */
const owner = 'person';
const prefix = 'of.';

/** @type {string | null} the person of this page */
let person = null;

/** @param {string} name */
function nameFor(name) {
  return `${prefix}${person}.${name}`;
}

/**
 * From now on this page keeps what belongs to this person; what belongs to others is forgotten.
 * @param {string} id
 */
export function keepFor(id) {
  person = id;
  for (const name of keptNames()) {
    if (name.startsWith(prefix) && !name.startsWith(nameFor(''))) remember(name, null);
  }
  remember(owner, id);
}

/** Forgets all that belongs to anybody, in every tab; this page keeps nothing any more. */
export function forgetBelongings() {
  person = null;
  for (const name of keptNames()) if (name.startsWith(prefix)) remember(name, null);
  remember(owner, null);
}

/** Whether the device is still that of this page's person: they may have signed out in another tab. */
export function isKeeping() {
  return person !== null && recall(owner) === person;
}

/** @param {StorageEvent} event */
export function concernsOwner(event) {
  return concerns(event, owner);
}

/** @param {string} name */
export function recallBelonging(name) {
  return isKeeping() ? recallRecord(nameFor(name)) : Object.create(null);
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} record
 */
export function keepBelonging(name, record) {
  if (isKeeping()) rememberRecord(nameFor(name), record);
}

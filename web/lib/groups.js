/** Groups of people, as those know them who say for whom a video is. */
import { call } from './api.js';

/** @typedef {{ id: string, name: string }} GroupName */

/**
 * All of them, by name.
 * @returns {Promise<GroupName[]>}
 */
export async function groupNames() {
  /** @type {GroupName[]} */
  const names = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: '100', ...(cursor === null ? {} : { cursor }) });
    const page = /** @type {{ data: GroupName[], next_cursor: string | null }} */ (
      await call('GET', `/groups?${query}`)
    );
    names.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return names;
}

/**
 * What may be chosen for a video: all groups, and those that it is for although they were removed.
 * @param {GroupName[]} names
 * @param {string[]} chosen ids
 * @returns {{ id: string, name: string | null, isChosen: boolean }[]} the name is null for a group that was removed
 */
export function groupChoices(names, chosen) {
  const known = new Set(names.map(({ id }) => id));
  return [
    ...names.map(({ id, name }) => ({ id, name, isChosen: chosen.includes(id) })),
    ...chosen.filter((id) => !known.has(id)).map((id) => ({ id, name: null, isChosen: true })),
  ];
}

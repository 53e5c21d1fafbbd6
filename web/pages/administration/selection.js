/** Who is chosen for something that is done with many at once. */
import { Selection as Chosen } from '../../components/selection.js';

/** @typedef {import('../../lib/administration.js').Person} Person */

/** As many as the server changes with one call. */
export const mostSelected = 500;

/**
 * Fires `change`.
 * @extends {Chosen<Person>}
 */
export class Selection extends Chosen {
  constructor() {
    super(mostSelected);
  }

  get people() {
    return this.items;
  }
}

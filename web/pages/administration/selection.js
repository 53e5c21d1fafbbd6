/** Who is chosen for something that is done with many at once. */

/** @typedef {import('../../lib/administration.js').Person} Person */

/** As many as the server changes with one call. */
export const mostSelected = 500;

/** Fires `change`. */
export class Selection extends EventTarget {
  /** @type {Map<string, Person>} */
  #people = new Map();

  get people() {
    return [...this.#people.values()];
  }

  get count() {
    return this.#people.size;
  }

  /** @param {string} id */
  has(id) {
    return this.#people.has(id);
  }

  /**
   * @param {Person} person
   * @param {boolean} wanted
   * @returns {boolean} whether the person is chosen now; no more than `mostSelected` are
   */
  set(person, wanted) {
    if (wanted && !this.has(person.id) && this.count >= mostSelected) return false;
    if (wanted) this.#people.set(person.id, person);
    else this.#people.delete(person.id);
    this.#changed();
    return wanted;
  }

  /** @param {Person[]} people as many of them as there is room for */
  add(people) {
    for (const person of people) {
      if (this.count >= mostSelected) break;
      this.#people.set(person.id, person);
    }
    this.#changed();
  }

  clear() {
    if (this.count === 0) return;
    this.#people.clear();
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

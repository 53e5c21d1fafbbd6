/** A dialog in which people are looked for by name or address, and taken one after the other. */
import { listPeople } from '../../lib/administration.js';
import { foreign, freshId, h, icon, replace } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { Paged } from '../../lib/paged.js';
import { explain } from '../../lib/problem.js';
import { afterTyping } from './filter.js';
import { nameOf } from './names.js';

/** @typedef {import('../../lib/administration.js').Person} Person */

/** People that are offered at once: who is not among them is found by a longer word. */
const offered = '8';

/**
 * @param {object} options
 * @param {import('../../components/field.js').Text} options.title
 * @param {(person: Person) => boolean} [options.isTaken]
 * @param {(person: Person) => Promise<void>} options.take may throw
 * @param {boolean} [options.one] the dialog ends with the first
 * @returns {Promise<number>} how many were taken
 */
export function pickPeople({ title, isTaken = () => false, take, one = false }) {
  const id = freshId('pick');
  let taken = 0;
  const pages = new Paged((_, signal) =>
    listPeople({ q: search.value.trim(), limit: offered }, null, signal)
  );
  const typing = afterTyping(look);
  const search = h('input', {
    class: 'input',
    type: 'search',
    label: 'admin.search_people',
    hint: 'admin.search_people',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: 200,
    'data-testid': 'pick-search',
    oninput: () => typing.typed(),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      typing.now();
    },
  });
  const status = h('p', { class: 'unseen', role: 'status' });
  const complaint = h('p', { class: 'complaint', role: 'alert', hidden: true });
  const list = h('ul', { class: 'picks' });
  const dialog = h(
    'dialog',
    { class: 'dialog pick', 'aria-labelledby': id },
    h('h2', { id, text: title }),
    h('span', { class: 'search-field' }, icon('search'), search),
    status,
    complaint,
    list,
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', {
        type: 'button',
        class: 'button',
        text: one ? 'action.cancel' : 'admin.done',
        onclick: () => dialog.close(),
      }),
    ),
  );

  /** @param {unknown} error */
  function complain(error) {
    complaint.textContent = explain(error);
    complaint.hidden = false;
  }

  async function look() {
    try {
      const people = await pages.begin();
      if (people === null) return;
      complaint.hidden = true;
      status.textContent = t('admin.people_count', { count: people.length });
      replace(
        list,
        ...people.map(row),
        people.length === 0 && h('li', { class: 'quiet', text: 'admin.nobody_found' }),
      );
    } catch (error) {
      complain(error);
    }
  }

  /** @param {Person} person */
  function row(person) {
    const name = nameOf(person);
    const button = h('button', {
      type: 'button',
      class: 'button small',
      text: one ? 'admin.choose' : 'action.add',
      label: [one ? 'admin.choose_person' : 'admin.add_one', { name }],
      onclick: () => choose(),
    });
    const there = h('span', { class: 'quiet', text: 'admin.is_member', tabindex: '-1' });
    const place = h('span', {}, isTaken(person) ? there : button);

    async function choose() {
      button.setAttribute('aria-busy', 'true');
      try {
        await take(person);
        taken += 1;
        if (one) return dialog.close();
        complaint.hidden = true;
        status.textContent = t('admin.added_one', { name });
        place.replaceChildren(there);
        there.focus();
      } catch (error) {
        complain(error);
      } finally {
        button.removeAttribute('aria-busy');
      }
    }

    return h(
      'li',
      {},
      h(
        'span',
        { class: 'who' },
        h('span', {}, foreign(name)),
        person.name ? h('span', { class: 'who-email' }, foreign(person.email)) : null,
      ),
      place,
    );
  }

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      typing.close();
      pages.close();
      dialog.remove();
      resolve(taken);
    });
    document.body.append(dialog);
    dialog.showModal();
    search.focus();
    look();
  });
}

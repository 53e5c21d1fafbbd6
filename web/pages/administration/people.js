/** People: everyone, those who are invited, those whose address waits to be confirmed, and lists of people to bring in. */
import { administrationPath } from '../../lib/address.js';
import { h, icon } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { filterFrom } from './filter.js';
import { ImportPage } from './import.js';
import { Invitations } from './invitations.js';
import { addPerson, invitePerson } from './invite.js';
import { PeopleList } from './people-list.js';
import { Verifications } from './verifications.js';

/** @typedef {import('../../router.js').Context} Context */
/** @typedef {{ element: HTMLElement, start: () => void, close: () => void, came?: () => void }} Part */

/** @type {Record<string, (context: Context) => Part>} the first is shown where the address names none */
const parts = {
  everyone: (context) => new PeopleList(context),
  invitations: () => new Invitations(),
  waiting: () => new Verifications(),
  import: () => new ImportPage(),
};

/**
 * @param {Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const names = Object.keys(parts);
  const name = filterFrom(location.search, { view: names }).view ?? names[0];
  const part = parts[name](context);
  const links = names.map((each) =>
    h('a', {
      href: administrationPath(['people'], { view: each === names[0] ? '' : each }),
      'aria-current': each === name ? 'page' : null,
      text: `admin.people.${each}`,
    })
  );
  const element = h(
    'div',
    {},
    h(
      'div',
      { class: 'page-head' },
      h('h1', { text: 'admin.section.people' }),
      h(
        'div',
        { class: 'head-actions' },
        h(
          'button',
          { type: 'button', class: 'button', onclick: () => add(addPerson), 'data-testid': 'add-person' },
          icon('plus'),
          h('span', { text: 'admin.add_person' }),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'button primary',
            onclick: () => add(invitePerson),
            'data-testid': 'invite',
          },
          icon('mail'),
          h('span', { text: 'admin.invite' }),
        ),
      ),
    ),
    h('nav', { class: 'tabs', label: 'admin.people.parts' }, ...links),
    part.element,
  );

  /** @param {() => Promise<boolean>} dialog */
  async function add(dialog) {
    if (await dialog()) part.came?.();
  }

  part.start();
  return { element, title: () => t('admin.section.people'), close: () => part.close() };
}

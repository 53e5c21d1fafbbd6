/** A person's own playlists. */
import { ask } from '../components/dialogs.js';
import { textField } from '../components/field.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { listPath } from '../lib/address.js';
import { createPlaylist, listPlaylists } from '../lib/catalogue.js';
import { foreign, h, icon } from '../lib/dom.js';
import { since } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';

/** @typedef {import('../lib/catalogue.js').Playlist} Playlist */

/**
 * The field for the name of a list.
 * @param {string} [label] a message key
 */
export function nameField(label = 'lists.name') {
  return textField({ label, name: 'name', input: { maxlength: '200', autocomplete: 'off' } });
}

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function listsView({ go }) {
  const list = new PagedList({
    load: listPlaylists,
    row,
    empty: () =>
      h(
        'div',
        { class: 'empty', 'data-testid': 'empty' },
        arches(),
        h('h2', { text: 'lists.empty' }),
        h('p', { text: 'lists.empty_hint' }),
        h('button', { type: 'button', class: 'button primary', onclick: create, text: 'lists.create' }),
      ),
    className: 'lists',
    testid: 'lists',
    label: 'lists.title',
    error: 'lists.error',
  });

  async function create() {
    const name = nameField();
    /** @type {Playlist | null} */
    let made = null;
    await ask({
      title: 'lists.create_title',
      confirm: 'lists.create_confirm',
      fields: [name],
      act: async () => {
        made = await createPlaylist(name.value.trim());
      },
    });
    if (made !== null) go?.(listPath(/** @type {Playlist} */ (made).id));
  }

  const end = onLocaleChange(() => void list.begin());
  void list.begin();
  const close = () => {
    end();
    list.close();
  };
  const head = h(
    'div',
    { class: 'page-head' },
    h('h1', { text: 'lists.title' }),
    h(
      'div',
      { class: 'head-actions' },
      h(
        'button',
        { type: 'button', class: 'button', onclick: create, 'data-testid': 'create' },
        icon('plus'),
        h('span', { text: 'lists.create' }),
      ),
    ),
  );
  const element = h('div', { class: 'narrow-page' }, head, list.element);
  return { element, title: () => t('lists.title'), close };
}

/** @param {Playlist} playlist */
function row({ id, name, video_count, updated_at }) {
  const facts = [t('library.count', { count: video_count }), since(updated_at)];
  return h(
    'li',
    { class: 'list-row', 'data-id': id },
    h('span', { class: 'list-symbol', 'aria-hidden': 'true' }, icon('list')),
    h(
      'div',
      {},
      h('h2', { class: 'card-title' }, h('a', { href: listPath(id) }, foreign(name))),
      h('p', { class: 'card-facts' }, facts.join(' · ')),
    ),
    icon('chevron'),
  );
}

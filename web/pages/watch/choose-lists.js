/** The dialog in which a viewer puts a video into lists of their own. */
import { Complaint, submission } from '../../components/form.js';
import { createPlaylist, listPlaylists, putIntoPlaylist, takeFromPlaylist } from '../../lib/catalogue.js';
import { foreign, freshId, h, icon, replace, setIcon } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { explain } from '../../lib/problem.js';
import { nameField } from '../lists.js';

/** @typedef {import('../../lib/catalogue.js').Playlist} Playlist */

/**
 * @param {string} video
 * @returns {Promise<void>} when the dialog was closed
 */
export function chooseLists(video) {
  const id = freshId('dialog');
  const complaint = new Complaint();
  const status = h('p', { class: 'unseen', role: 'status' });
  const list = h('ul', { class: 'choices', 'aria-busy': 'true', 'data-testid': 'choices' });
  const none = h('p', { class: 'quiet', text: 'keep.no_lists', hidden: true });
  const name = nameField('keep.new_list');
  const create = h('button', { type: 'submit', class: 'button', text: 'keep.create' });

  /**
   * @param {Playlist} playlist
   * @param {boolean} isIn it was put there just now; whether it was there before, nobody has asked
   */
  function row(playlist, isIn = false) {
    const symbol = icon('plus');
    const button = h(
      'button',
      { type: 'button', class: 'choice', 'aria-pressed': 'false', onclick: () => void toggle() },
      h('span', { class: 'choice-mark' }, symbol),
      foreign(playlist.name),
    );
    const show = () => {
      button.setAttribute('aria-pressed', String(isIn));
      setIcon(symbol, isIn ? 'check' : 'plus');
    };
    async function toggle() {
      complaint.clear();
      isIn = !isIn;
      show();
      try {
        if (isIn) await putIntoPlaylist(playlist.id, video);
        else await takeFromPlaylist(playlist.id, video);
        status.textContent = t(isIn ? 'keep.added' : 'keep.taken', { name: playlist.name });
      } catch (error) {
        isIn = !isIn;
        show();
        complaint.say(explain(error));
      }
    }
    show();
    return h('li', {}, button);
  }

  async function load() {
    try {
      /** @type {string | null} */
      let cursor = null;
      // A person has a few lists, and at most some hundred.
      do {
        const page = await listPlaylists(cursor);
        if (cursor === null) replace(list);
        list.append(...page.data.map((playlist) => row(playlist)));
        cursor = page.next_cursor;
      } while (cursor !== null && dialog.open);
      none.hidden = list.childElementCount > 0;
    } catch (error) {
      complaint.say(`${t('keep.lists_error')}: ${explain(error)}`);
    } finally {
      list.removeAttribute('aria-busy');
    }
  }

  const send = submission({
    fields: [name],
    complaint,
    submit: create,
    act: async () => {
      const made = await createPlaylist(name.value.trim());
      const added = row(made);
      list.prepend(added);
      none.hidden = true;
      name.control.value = '';
      // The press that puts it there also tells when that fails.
      /** @type {HTMLElement | null} */ (added.querySelector('button'))?.click();
    },
  });
  const dialog = h(
    'dialog',
    { class: 'dialog choosing', 'aria-labelledby': id },
    h('h2', { id, text: 'keep.list_title' }),
    status,
    none,
    list,
    h('form', { class: 'choosing-new', novalidate: true, onsubmit: send }, name.element, create),
    complaint.element,
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', {
        type: 'button',
        class: 'button primary',
        text: 'keep.done',
        onclick: () => dialog.close(),
      }),
    ),
  );
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
    void load();
  });
}

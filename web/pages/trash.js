/** The trash: removed videos, each with the days that are left to bring it back. */
import { ask } from '../components/dialogs.js';
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { toast, toastError } from '../components/toast.js';
import { VideoCard } from '../components/video-card.js';
import { h, icon } from '../lib/dom.js';
import { since } from '../lib/format.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { daysUntil, listTrash, removeForGood, restoreVideo } from '../lib/trash.js';

/** @typedef {import('../lib/trash.js').Trashed} Trashed */

/** @returns {import('../router.js').View} */
export function trashView() {
  const list = new PagedList({
    load: listTrash,
    row,
    empty: () =>
      h(
        'div',
        { class: 'empty', 'data-testid': 'empty' },
        arches(),
        h('h2', { text: 'trash.empty' }),
        h('p', { text: 'trash.empty_hint' }),
        h('a', { class: 'button primary', href: '/videos/mine', text: 'mine.title' }),
      ),
    className: 'hits',
    testid: 'trash',
    label: 'trash.title',
    error: 'trash.error',
    status: (items) => t('library.count', { count: items.length }),
  });

  /** @param {Trashed} video */
  function row(video) {
    const { title } = video;
    const left = daysUntil(video.removed_for_good_at);
    // Neither its page nor its picture is there while it lies here, and nobody works on it.
    const card = new VideoCard({ ...video, thumbnail_url: null, status: 'ready', progress: 1 }, {
      testid: 'trashed',
      facts: () => t('trash.since', { time: since(video.trashed_at) }),
      below: [
        h(
          'p',
          { class: left <= 3 ? 'trash-left soon' : 'trash-left' },
          icon('clock'),
          h('span', { text: ['trash.left', { count: left }] }),
        ),
      ],
    });
    card.link.removeAttribute('href');
    const restore = h('button', {
      type: 'button',
      class: 'button small',
      text: 'trash.restore',
      label: ['trash.restore_video', { title }],
      onclick: async () => {
        restore.setAttribute('aria-busy', 'true');
        try {
          await restoreVideo(video.id);
          list.remove(card.element);
          toast('trash.restored', { title });
        } catch (error) {
          restore.removeAttribute('aria-busy');
          toastError(error);
        }
      },
    });
    const remove = h(
      'button',
      {
        type: 'button',
        class: 'icon-button',
        label: ['trash.remove_video', { title }],
        tip: ['trash.remove_video', { title }],
        onclick: async () => {
          const done = await ask({
            title: 'trash.remove_question',
            confirm: 'trash.remove',
            danger: true,
            body: [h('p', { text: ['trash.remove_warning', { title }] })],
            act: () => removeForGood(video.id),
          });
          if (!done) return;
          list.remove(card.element);
          toast('watch.deleted');
        },
      },
      icon('trash'),
    );
    card.element.append(h('div', { class: 'hit-actions' }, restore, remove));
    return card.element;
  }

  const end = onLocaleChange(() => void list.begin());
  void list.begin();
  const close = () => {
    end();
    list.close();
  };
  const element = h(
    'div',
    { class: 'narrow-page' },
    h('div', { class: 'page-head' }, h('h1', { text: 'trash.title' }), h('p', { text: 'trash.hint' })),
    list.element,
  );
  return { element, title: () => t('trash.title'), close };
}

/** What a person has marked as a favourite, the newest first. */
import { arches } from '../components/note.js';
import { PagedList } from '../components/paged-list.js';
import { toast, toastError } from '../components/toast.js';
import { filed, VideoCard } from '../components/video-card.js';
import { keepFavorite, listFavorites } from '../lib/catalogue.js';
import { h, icon } from '../lib/dom.js';
import { onLocaleChange, t } from '../lib/i18n.js';
import { recentlySeen } from '../lib/seen.js';

/** @typedef {import('../lib/api.js').Video} Video */

/** @returns {import('../router.js').View} */
export function favoritesView() {
  const stop = new AbortController();
  /** @type {Promise<Map<string, import('../lib/seen.js').Seen>>} */
  const seen = recentlySeen(stop.signal);

  const list = new PagedList({
    load: listFavorites,
    row,
    empty: () =>
      h(
        'div',
        { class: 'empty', 'data-testid': 'empty' },
        arches(),
        h('h2', { text: 'favorites.empty' }),
        h('p', { text: 'favorites.empty_hint' }),
        h('a', { class: 'button primary', href: '/', text: 'notfound.back' }),
      ),
    className: 'grid',
    testid: 'favorites',
    label: 'favorites.title',
    error: 'favorites.error',
    status: (items) => t('library.count', { count: items.length }),
  });

  /** @param {Video} video */
  function row(video) {
    const { title } = video;
    const card = new VideoCard(video, { facts: filed });
    const remove = async () => {
      button.setAttribute('aria-busy', 'true');
      try {
        await keepFavorite(video.id, false);
        list.remove(card.element);
        toast('favorites.removed');
      } catch (error) {
        button.removeAttribute('aria-busy');
        toastError(error);
      }
    };
    const button = h(
      'button',
      {
        type: 'button',
        class: 'icon-button card-button',
        label: ['favorites.remove', { title }],
        tip: ['favorites.remove', { title }],
        onclick: remove,
      },
      icon('heart-full'),
    );
    card.element.append(button);
    void seen.then((all) => (card.seen = all.get(video.id) ?? null));
    return card.element;
  }

  stop.signal.addEventListener('abort', onLocaleChange(() => void list.begin()), { once: true });
  void list.begin();
  const close = () => {
    stop.abort();
    list.close();
  };
  const head = h('div', { class: 'page-head' }, h('h1', { text: 'favorites.title' }));
  return { element: h('div', {}, head, list.element), title: () => t('favorites.title'), close };
}

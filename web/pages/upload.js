/** The page for uploads: a large target, and every upload with its progress. */
import { fileChooser } from '../components/drop.js';
import { FetchList } from '../components/fetch-list.js';
import { unfinishedList, UploadList } from '../components/upload-list.js';
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { mayUpload } from '../lib/rights.js';
import { missingView } from './missing.js';

/**
 * @param {import('../router.js').Context} context
 * @returns {import('../router.js').View}
 */
export function uploadView({ user, uploads }) {
  if (!mayUpload(user)) return missingView();
  const list = new UploadList(uploads);
  const fetches = new FetchList(user.id);
  const running = h(
    'section',
    { hidden: uploads.uploads.length === 0 },
    h('h2', { class: 'uploads-title', text: 'upload.uploads' }),
    list.element,
  );
  const leftOver = h('div', {}, ...[unfinishedList(uploads)].filter((section) => section !== null));
  const stop = new AbortController();
  let left = uploads.unfinished.length;
  uploads.addEventListener('change', () => {
    running.hidden = uploads.uploads.length === 0;
    if (uploads.unfinished.length === left) return;
    left = uploads.unfinished.length;
    leftOver.replaceChildren(...[unfinishedList(uploads)].filter((section) => section !== null));
  }, { signal: stop.signal });
  const element = h(
    'div',
    { class: 'upload-page' },
    h('div', { class: 'page-head' }, h('h1', { text: 'upload.title' })),
    h(
      'div',
      { class: 'drop-zone' },
      icon('upload', 'icon big'),
      h('h2', { text: 'upload.drop' }),
      h('p', { text: 'upload.drop_hint' }),
      fileChooser((files) => uploads.add(files)),
    ),
    running,
    leftOver,
    fetches.element,
  );
  const close = () => {
    stop.abort();
    list.close();
    fetches.close();
  };
  return { element, title: () => t('upload.title'), showsUploads: true, close };
}

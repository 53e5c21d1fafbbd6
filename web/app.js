/**
 * Starts every page but sign-in. The views are pages of their own with their own addresses, but links between them
 * change the view in place: uploads go on while people browse.
 */
import { header, skipLink } from './components/header.js';
import { UploadDock } from './components/upload-dock.js';
import { dropAnywhere } from './components/drop.js';
import { signedInUser } from './lib/api.js';
import { h, replace } from './lib/dom.js';
import { loadLocale } from './lib/i18n.js';
import { explain } from './lib/problem.js';
import { Router } from './router.js';
import { UploadQueue } from './upload/queue.js';

export function goToSignIn() {
  location.replace(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function start() {
  await loadLocale();
  const main = h('main', { class: 'page', id: 'content', tabindex: '-1' });
  let user;
  try {
    user = await signedInUser();
  } catch (error) {
    document.body.append(header(null), main);
    const reload = h('button', { class: 'button', onclick: () => location.reload(), text: 'action.reload' });
    replace(main, h('div', { class: 'empty', role: 'alert' }, h('p', {}, explain(error)), reload));
    return;
  }
  if (!user) return goToSignIn();
  const uploads = new UploadQueue(user.id);
  const dock = new UploadDock(uploads);
  document.body.append(skipLink(), header(user), main, dock.element);
  dropAnywhere((files) => uploads.add(files));
  const missing = document.querySelector('script[data-not-found]') !== null;
  new Router(main, { user, uploads, dock, goToSignIn }).start(missing);
}

await start();

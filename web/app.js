/**
 * Starts every page but sign-in. The views are pages of their own with their own addresses, but links between them
 * change the view in place: uploads go on while people browse.
 */
import { header, skipLink } from './components/header.js';
import { UploadDock } from './components/upload-dock.js';
import { ask } from './components/dialogs.js';
import { dropAnywhere } from './components/drop.js';
import { leaveFor } from './lib/address.js';
import { signedInUser } from './lib/api.js';
import { h, replace } from './lib/dom.js';
import { loadLocale } from './lib/i18n.js';
import { explain } from './lib/problem.js';
import { Session } from './lib/session.js';
import { Router } from './router.js';
import { UploadQueue } from './upload/queue.js';

function goToSignIn() {
  leaveFor(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, '/sign-in');
}

/**
 * @param {Session} session
 * @param {UploadQueue} uploads
 */
async function leave(session, uploads) {
  if (!uploads.hasUnfinished) return await session.signOut();
  await ask({
    title: 'header.leave_question',
    confirm: 'header.sign_out',
    danger: true,
    body: [h('p', { text: 'header.leave_warning' })],
    act: () => session.signOut(),
  });
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
  const session = new Session(user);
  session.start();
  const uploads = new UploadQueue(user.id);
  const dock = new UploadDock(uploads);
  document.body.append(skipLink(), header(user, () => leave(session, uploads)), main, dock.element);
  dropAnywhere((files) => uploads.add(files));
  const missing = document.querySelector('script[data-not-found]') !== null;
  const router = new Router(main, { user, session, uploads, dock });
  session.addEventListener('end', () => {
    router.close();
    uploads.close();
  });
  router.start(missing);
}

await start();

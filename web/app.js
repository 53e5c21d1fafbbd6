/**
 * Starts every page but sign-in. The views are pages of their own with their own addresses, but links between them
 * change the view in place: uploads go on while people browse.
 */
import { header, skipLink } from './components/header.js';
import { SearchBox } from './components/search-box.js';
import { UploadDock } from './components/upload-dock.js';
import { ask } from './components/dialogs.js';
import { dropAnywhere } from './components/drop.js';
import { leaveFor } from './lib/address.js';
import { signedInUser } from './lib/api.js';
import { h, replace } from './lib/dom.js';
import { languages, loadLocale, locale, onLocaleChange } from './lib/i18n.js';
import { recall } from './lib/preferences.js';
import { explain } from './lib/problem.js';
import { mayUpload } from './lib/rights.js';
import { Session } from './lib/session.js';
import { dutyView } from './pages/duty.js';
import { Router } from './router.js';
import { UploadQueue } from './upload/queue.js';

function goToSignIn() {
  leaveFor(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`, '/sign-in');
}

/**
 * @param {Session} session
 * @param {UploadQueue | null} uploads
 * @param {boolean} everywhere
 */
async function leave(session, uploads, everywhere) {
  const losesUploads = uploads?.hasUnfinished ?? false;
  if (!losesUploads && !everywhere) return await session.signOut();
  await ask({
    title: losesUploads ? 'header.leave_question' : 'header.everywhere_question',
    confirm: everywhere ? 'header.sign_out_everywhere' : 'header.sign_out',
    danger: losesUploads,
    body: [
      everywhere && h('p', { text: 'header.everywhere_text' }),
      losesUploads && h('p', { text: 'header.leave_warning' }),
    ],
    act: () => session.signOut(everywhere),
  });
}

/**
 * What a person chose for their account holds on a device on which nothing was chosen.
 * @param {import('./lib/api.js').User} user
 */
async function speakTo({ locale: theirs }) {
  if (!theirs || recall('locale') !== null || theirs === locale()) return;
  if (Object.hasOwn(languages, theirs)) await loadLocale(theirs);
}

/**
 * @param {Session} session
 * @param {HTMLElement} main
 */
function startDuty(session, main) {
  const { element, title, layout } = dutyView(session);
  main.className = layout;
  main.append(element);
  const setTitle = () => (document.title = `${title()} · Palco`);
  onLocaleChange(setTitle);
  setTitle();
  document.body.append(
    skipLink(),
    header(session, { leave: (everywhere) => leave(session, null, everywhere), isLimited: true }),
    main,
  );
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
  await speakTo(user);
  if (user.duties?.length) return startDuty(session, main);
  const uploads = new UploadQueue(user.id);
  const dock = new UploadDock(uploads);
  const search = new SearchBox((path) => router.go(path));
  const actions = {
    leave: (/** @type {boolean} */ everywhere) => leave(session, uploads, everywhere),
    search: search.element,
  };
  document.body.append(skipLink(), header(session, actions), main, dock.element);
  if (mayUpload(user)) dropAnywhere((files) => uploads.add(files));
  const missing = document.querySelector('script[data-not-found]') !== null;
  const router = new Router(main, { user, session, uploads, dock, search });
  session.addEventListener('end', () => {
    router.close();
    uploads.close();
  });
  router.start(missing);
}

await start();
// Only for when the server cannot be reached; every page is whole without it. There is none without HTTPS.
navigator.serviceWorker?.register('/service-worker.js').catch(() => {});

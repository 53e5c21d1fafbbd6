/** The player alone, for frames on pages of other sites, which may talk to it: docs/embedding.md. */
import { h } from './lib/dom.js';
import { loadLocale } from './lib/i18n.js';
import { visible } from './lib/visible.js';
import { FrameMessages } from './shared/frame-messages.js';
import { SharedStage, visitFrom } from './shared/stage.js';

/** Whose pages may talk to the player, as the server wrote it into this page. */
function allowedOrigins() {
  const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector(
    'meta[name="palco-embed-origins"]',
  ));
  return (meta?.content ?? '').split(' ').filter((origin) => origin !== '');
}

async function start() {
  await loadLocale();
  const { token, startAt } = visitFrom();
  const stage = new SharedStage(token, startAt);
  stage.element.classList.add('framed');
  document.body.append(h('main', { class: 'embed-page' }, stage.element));
  stage.addEventListener('title', () => (document.title = `${visible(stage.title)} · Palco`));
  const messages = new FrameMessages(stage, allowedOrigins());
  messages.listen();
  await stage.open();
  messages.tell('ready');
}

await start();

/** The page that a link leads to: the title, the player, and nothing else of the house. */
import { foreign, h, replace } from './lib/dom.js';
import { loadLocale } from './lib/i18n.js';
import { visible } from './lib/visible.js';
import { SharedStage, visitFrom } from './shared/stage.js';

async function start() {
  await loadLocale();
  const { token, startAt } = visitFrom();
  const stage = new SharedStage(token, startAt);
  const title = h('h1', { class: 'shared-title', 'data-testid': 'title', hidden: true });
  document.body.append(h('main', { class: 'shared-page', id: 'content' }, stage.element, title));
  stage.addEventListener('title', () => {
    replace(title, foreign(stage.title));
    title.hidden = false;
    document.title = `${visible(stage.title)} · Palco`;
  });
  await stage.open();
}

await start();

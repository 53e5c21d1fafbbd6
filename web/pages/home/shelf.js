/** What one has begun to watch: a row that is scrolled sideways, each with how far one is. */
import { VideoCard } from '../../components/video-card.js';
import { listHistory } from '../../lib/catalogue.js';
import { h, icon, replace } from '../../lib/dom.js';
import { timeLeft } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { seenFrom } from '../../lib/seen.js';

/** @typedef {import('../../lib/catalogue.js').Watched} Watched */

const most = 12;

export class ContinueShelf {
  /** @type {Watched[]} */
  #entries = [];

  constructor() {
    this.list = h('ul', { class: 'shelf-row', role: 'list' });
    this.element = h(
      'section',
      { class: 'shelf', hidden: true, 'data-testid': 'continue' },
      h(
        'div',
        { class: 'shelf-head' },
        h('h2', { text: 'home.continue' }),
        h('a', { href: '/history' }, h('span', { text: 'home.history' }), icon('chevron')),
      ),
      this.list,
    );
  }

  /** The page is whole without it, so that nothing is said when it cannot be had. @param {AbortSignal} signal */
  async load(signal) {
    try {
      this.#entries = (await listHistory(null, signal, { isUnfinished: true, limit: most })).data;
      this.draw();
    } catch {
      // The rest of the page tells what is wrong.
    }
  }

  draw() {
    this.element.hidden = this.#entries.length === 0;
    replace(this.list, ...this.#entries.map(card));
  }
}

/** @param {Watched} entry */
function card(entry) {
  const whole = entry.duration ?? entry.video.duration ?? 0;
  const left = Math.max(0, whole - entry.position);
  const made = new VideoCard(entry.video, {
    heading: 'h3',
    testid: 'begun',
    facts: () => (whole > 0 ? t('home.left', { time: timeLeft(left) }) : ''),
  });
  made.seen = seenFrom(entry, entry.video.duration);
  // What happens to the videos of the library below is told by their own cards.
  made.element.removeAttribute('data-id');
  return made.element;
}

/** What administrators show first: one large, the others beside it. */
import { VideoCard } from '../../components/video-card.js';
import { listVideos } from '../../lib/api.js';
import { h, replace } from '../../lib/dom.js';

/** @typedef {import('../../lib/api.js').Video} Video */

const most = 5;

export class Featured {
  /** @type {VideoCard[]} */
  #cards = [];

  constructor() {
    this.list = h('ul', { class: 'featured-row', role: 'list' });
    this.element = h(
      'section',
      { class: 'featured', hidden: true, 'data-testid': 'featured' },
      h('h2', { class: 'shelf-title', text: 'home.featured' }),
      this.list,
    );
  }

  /** The page is whole without it, so that nothing is said when it cannot be had. @param {AbortSignal} signal */
  async load(signal) {
    try {
      const filter = { featured: 'true', status: 'ready' };
      const { data } = await listVideos({ limit: most, signal, filter });
      this.#cards = data.map((video) => {
        const card = new VideoCard(video, { heading: 'h3', testid: 'featured-video' });
        // What happens to the videos of the library below is told by their own cards.
        card.element.removeAttribute('data-id');
        return card;
      });
      this.#draw();
    } catch {
      // The rest of the page tells what is wrong.
    }
  }

  /**
   * @param {Video} video
   * @param {string} event
   * @param {AbortSignal} signal
   */
  changed(video, event, signal) {
    const card = this.#cards.find((card) => card.video.id === video.id);
    const belongs = event !== 'removed' && video.is_featured === true && video.status === 'ready';
    if (belongs && card) card.update({ ...card.video, ...video });
    else if (belongs || card) void this.load(signal);
  }

  redraw() {
    for (const card of this.#cards) card.update(card.video);
  }

  #draw() {
    this.element.hidden = this.#cards.length === 0;
    this.list.dataset.count = String(this.#cards.length);
    replace(this.list, ...this.#cards.map((card) => card.element));
  }
}

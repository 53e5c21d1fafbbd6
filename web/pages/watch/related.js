/** What is like the video that is shown: beside what is said about it, or below where there is no room. */
import { VideoCard } from '../../components/video-card.js';
import { relatedVideos } from '../../lib/catalogue.js';
import { h, replace } from '../../lib/dom.js';
import { recentlySeen } from '../../lib/seen.js';

/** @typedef {import('../../lib/api.js').Video} Video */

export class Related {
  /** @type {VideoCard[]} */
  #cards = [];

  /** @param {string} id of the video that is shown */
  constructor(id) {
    this.id = id;
    this.list = h('ul', { class: 'hits', role: 'list' });
    this.element = h(
      'section',
      { class: 'related', hidden: true, 'data-testid': 'related' },
      h('h2', { text: 'related.title' }),
      this.list,
    );
  }

  /** The page is whole without them, so that nothing is said when they cannot be had. @param {AbortSignal} signal */
  async load(signal) {
    try {
      const videos = await relatedVideos(this.id, signal);
      if (signal.aborted) return;
      this.#cards = videos.map((video) => new VideoCard(video, { heading: 'h3', testid: 'like' }));
      replace(this.list, ...this.#cards.map((card) => card.element));
      this.element.hidden = videos.length === 0;
      if (videos.length === 0) return;
      const seen = await recentlySeen(signal);
      for (const card of this.#cards) card.seen = seen.get(card.video.id) ?? null;
    } catch {
      // As above.
    }
  }

  /** In the language of now. */
  draw() {
    for (const card of this.#cards) card.update(card.video);
  }
}

/** The chapters of a video: each leads to its start. */
import { chapterAt } from '../lib/chapters.js';
import { foreign, h } from '../lib/dom.js';
import { clock, spokenDuration } from '../lib/format.js';

export class ChapterList {
  /**
   * @param {import('../lib/chapters.js').Chapter[]} chapters
   * @param {(time: number) => void} seek
   */
  constructor(chapters, seek) {
    this.chapters = chapters;
    this.buttons = chapters.map(({ start, title }) =>
      h(
        'button',
        { type: 'button', class: 'chapter', onclick: () => seek(start) },
        h('span', { class: 'chapter-time', 'aria-hidden': 'true' }, clock(start)),
        h('span', { class: 'unseen' }, spokenDuration(start)),
        foreign(title),
      )
    );
    this.element = h(
      'nav',
      { class: 'chapters', label: 'watch.chapters', 'data-testid': 'chapters' },
      h('h2', { text: 'watch.chapters' }),
      h('ol', {}, ...this.buttons.map((button) => h('li', {}, button))),
    );
  }

  /** @param {number} time where the player is */
  mark(time) {
    const place = chapterAt(this.chapters, time);
    for (const [number, button] of this.buttons.entries()) {
      if (number === place) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    }
  }
}

/** The uploads while one looks at something else: a small panel in the corner that can be folded. */
import { h, icon } from '../lib/dom.js';
import { bind } from '../lib/i18n.js';
import { UploadList } from './upload-list.js';

export class UploadDock {
  #yields = false;

  /** @param {import('../upload/queue.js').UploadQueue} queue */
  constructor(queue) {
    this.queue = queue;
    this.title = h('h2', { text: 'upload.uploads' });
    const list = new UploadList(queue);
    const fold = h(
      'button',
      {
        type: 'button',
        class: 'icon-button dock-fold',
        label: 'upload.fold',
        'aria-expanded': 'true',
        onclick: () => {
          const folded = this.element.classList.toggle('folded');
          fold.setAttribute('aria-expanded', String(!folded));
        },
      },
      icon('chevron-down'),
    );
    this.element = h(
      'aside',
      { class: 'dock', label: 'upload.uploads', hidden: true },
      h('div', { class: 'dock-head' }, this.title, fold),
      list.element,
    );
    queue.addEventListener('change', () => this.#update());
  }

  /** A view that lists the uploads itself has no need of the dock. */
  set yields(/** @type {boolean} */ yields) {
    this.#yields = yields;
    this.#update();
  }

  #update() {
    this.element.hidden = this.#yields || this.queue.uploads.length === 0;
    const count = this.queue.uploads.filter((upload) => upload.isActive || upload.state === 'waiting').length;
    bind(this.title, 'text', count > 0 ? 'upload.running' : 'upload.uploads', { count });
  }
}

/** A list of people from a file: looked through first, and brought in only when that was seen. */
import { Complaint } from '../../components/form.js';
import { Table } from '../../components/table.js';
import { importPeople } from '../../lib/administration.js';
import { foreign, h, icon, replace } from '../../lib/dom.js';
import { bytes } from '../../lib/format.js';
import { onLocaleChange, t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';
import { columns, fileReason, lineReason } from './import-words.js';

/** @typedef {import('../../lib/administration.js').RefusedLine} RefusedLine */
/** @typedef {import('../../lib/administration.js').ImportResult} ImportResult */

/** Lines that are shown: whoever has more of them corrects the file and tries again. */
const mostShown = 200;

const example = 'ana@example.org,Ana Núñez,creator,es,Surgery|Residents,';

export class ImportPage {
  /** @type {File | null} */
  #file = null;
  /** @type {{ result: ImportResult, isTry: boolean } | null} */
  #shown = null;

  constructor() {
    this.input = h('input', {
      type: 'file',
      accept: '.csv,text/csv',
      class: 'unseen',
      tabindex: '-1',
      label: 'admin.import_choose',
      'data-testid': 'csv',
      onchange: () => this.#chosen(),
    });
    this.button = h(
      'button',
      { type: 'button', class: 'button primary', onclick: () => this.input.click() },
      icon('upload'),
      h('span', { text: 'admin.import_choose' }),
    );
    this.complaint = new Complaint();
    this.status = h('p', { class: 'unseen', role: 'status' });
    this.result = h('div', { class: 'import-result' });
    this.table = new Table({
      caption: 'admin.import_refused',
      testid: 'refused',
      key: (/** @type {RefusedLine} */ { line }) => String(line),
      columns: [
        { label: 'admin.line', className: 'number', cell: ({ line }) => line },
        { label: 'admin.email', names: true, cell: ({ email }) => foreign(email || '–') },
        { label: 'admin.reason', cell: lineReason },
      ],
    });
    this.element = h(
      'div',
      { class: 'import' },
      h('p', { text: 'admin.import_hint' }),
      h(
        'pre',
        { class: 'sample', tabindex: '0', label: 'admin.import_sample', role: 'region' },
        `${columns.join(',')}\n${example}`,
      ),
      h('p', { class: 'quiet', text: 'admin.import_details' }),
      h('div', { class: 'chooser' }, this.button, this.input),
      this.complaint.element,
      this.status,
      this.result,
    );
    this.end = onLocaleChange(() => this.#show());
  }

  start() {}

  close() {
    this.end();
  }

  #chosen() {
    const [file] = this.input.files ?? [];
    this.input.value = '';
    if (!file) return;
    this.#file = file;
    this.#run(true, this.button);
  }

  /**
   * @param {boolean} isTry
   * @param {HTMLButtonElement} button
   */
  async #run(isTry, button) {
    const file = this.#file;
    if (!file) return;
    this.complaint.clear();
    button.setAttribute('aria-busy', 'true');
    this.status.textContent = t('admin.import_reading');
    try {
      const result = await importPeople(file, isTry);
      this.#shown = { result, isTry };
      this.#show();
      this.#heading?.focus();
    } catch (error) {
      this.#shown = null;
      this.result.replaceChildren();
      this.complaint.say(fileReason(error));
    } finally {
      this.status.textContent = '';
      button.removeAttribute('aria-busy');
    }
  }

  get #heading() {
    return this.result.querySelector('h2');
  }

  #show() {
    if (!this.#shown || !this.#file) return;
    const { result: { created, updated, refused }, isTry } = this.#shown;
    const name = visible(this.#file.name);
    const does = created + updated;
    const go = h(
      'button',
      {
        type: 'button',
        class: 'button primary',
        'data-testid': 'import',
        onclick: () => this.#run(false, go),
      },
      h('span', { text: ['admin.import_do', { count: does }] }),
    );
    const hidden = refused.length - mostShown;
    this.table.show(refused.slice(0, mostShown));
    replace(
      this.result,
      h('h2', { tabindex: '-1', text: isTry ? 'admin.import_would' : 'admin.import_done' }),
      h('p', { class: 'quiet' }, `${name} · ${bytes(this.#file.size)}`),
      h(
        'ul',
        { class: 'sums', 'data-testid': 'sums' },
        h('li', {
          class: 'good',
          text: [isTry ? 'admin.would_create' : 'admin.did_create', { count: created }],
        }),
        h('li', { text: [isTry ? 'admin.would_update' : 'admin.did_update', { count: updated }] }),
        h('li', {
          class: refused.length > 0 ? 'bad' : '',
          text: [isTry ? 'admin.would_refuse' : 'admin.did_refuse', { count: refused.length }],
        }),
      ),
      isTry && does > 0 &&
        h('div', { class: 'import-go' }, go, h('p', { class: 'quiet', text: 'admin.import_not_yet' })),
      isTry && does === 0 && h('p', { class: 'warning', text: 'admin.import_nothing' }),
      refused.length > 0 && h('h3', { text: 'admin.import_refused' }),
      refused.length > 0 && this.table.element,
      hidden > 0 && h('p', { class: 'quiet', text: ['admin.import_more_refused', { count: hidden }] }),
    );
  }
}

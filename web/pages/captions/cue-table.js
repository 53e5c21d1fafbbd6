/** The cues of one file, in the order of the film, as a table that is written in. */
import { wrongLines } from '../../lib/captions.js';
import { h, replace } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { cueOfLine, fileOf, split, timeText } from '../../lib/webvtt.js';
import { CueRow } from './cue-row.js';
import { faultText } from './faults.js';

/** @typedef {import('../../lib/webvtt.js').Cue} Cue */

/** Rows that are shown at first, and that come with each press of the button: a film of two hours has some 1500. */
const atOnce = 200;
/** Seconds of a cue that is new. */
const usualLength = 2;

export class CueTable {
  /** @type {CueRow[]} */
  #rows = [];
  #shown = 0;
  /** @type {CueRow | null} */
  #current = null;

  /**
   * @param {object} options
   * @param {(time: number) => void} options.play
   * @param {() => number | null} options.time where the film stands; null: there is none
   * @param {() => void} options.changed
   */
  constructor({ play, time, changed }) {
    this.time = time;
    this.changed = changed;
    this.actions = {
      play: (/** @type {CueRow} */ row) => play(row.now.begin),
      items: (/** @type {CueRow} */ row) => this.#items(row),
      changed,
    };
    this.body = h('tbody', { role: 'rowgroup' });
    const heads = ['captions.play', 'captions.begin', 'captions.end', 'captions.text', 'captions.actions'];
    this.table = h(
      'table',
      { class: 'cues', role: 'table', 'data-testid': 'cues' },
      h('caption', { class: 'unseen', text: 'captions.cues' }),
      h(
        'thead',
        { role: 'rowgroup' },
        h(
          'tr',
          { role: 'row' },
          ...heads.map((text, place) =>
            h(
              'th',
              { scope: 'col', role: 'columnheader' },
              h('span', { text, class: place === 0 || place === 4 ? 'unseen' : null }),
            )
          ),
        ),
      ),
      this.body,
    );
    this.more = h('button', {
      type: 'button',
      class: 'button',
      text: 'library.more',
      onclick: () => this.#more(),
    });
    this.foot = h('div', { class: 'more', hidden: true }, this.more);
    this.count = h('p', { class: 'listing-count', role: 'status' });
    this.element = h('div', { class: 'cue-table' }, this.count, this.table, this.foot);
  }

  /** @param {Cue[]} cues */
  show(cues) {
    this.#rows = cues.map((cue) => new CueRow(cue, this.actions));
    this.#shown = Math.min(atOnce, this.#rows.length);
    this.#current = null;
    this.#draw();
  }

  #draw() {
    replace(this.body, ...this.#rows.slice(0, this.#shown).map((row) => row.element));
    this.#settle();
  }

  #settle() {
    this.foot.hidden = this.#shown >= this.#rows.length;
    this.count.textContent = t('captions.count', { count: this.#rows.length });
  }

  #more() {
    const first = this.#rows[this.#shown];
    this.#shown = Math.min(this.#rows.length, this.#shown + atOnce);
    this.#draw();
    first?.text.focus();
  }

  /** @param {CueRow} row */
  #items(row) {
    const time = this.time();
    const here = time === null ? '' : timeText(time);
    /** @type {import('../../components/menu-button.js').MenuItem[]} */
    const ofFilm = time === null ? [] : [
      {
        text: ['captions.begin_here', { time: here }],
        icon: 'clock',
        act: () => this.#set(row, { begin: time }),
      },
      {
        text: ['captions.end_here', { time: here }],
        icon: 'clock',
        act: () => this.#set(row, { end: time }),
      },
    ];
    return [
      ...ofFilm,
      { text: 'captions.add_after', icon: 'plus', act: () => this.#addAfter(row) },
      { text: 'captions.split', icon: 'split', act: () => this.#split(row, time) },
      { text: 'captions.remove', icon: 'trash', danger: true, act: () => this.#remove(row) },
    ];
  }

  /**
   * @param {CueRow} row
   * @param {Partial<Cue>} times
   */
  #set(row, times) {
    row.show({ ...row.now, ...times });
    this.changed();
  }

  /** @param {CueRow} row */
  #addAfter(row) {
    const begin = row.now.end;
    const next = this.#rows[this.#rows.indexOf(row) + 1]?.now.begin ?? Infinity;
    const end = next > begin ? Math.min(begin + usualLength, next) : begin + usualLength;
    this.#put({ name: '', begin, end, settings: '', text: '' }, this.#rows.indexOf(row) + 1);
  }

  /** A cue where the film stands. */
  add() {
    const begin = this.time() ?? this.#rows.at(-1)?.now.end ?? 0;
    const after = this.#rows.findLastIndex((row) => row.now.begin <= begin);
    this.#put({ name: '', begin, end: begin + usualLength, settings: '', text: '' }, after + 1);
  }

  /**
   * @param {CueRow} row
   * @param {number | null} time
   */
  #split(row, time) {
    const [first, second] = split(row.now, time);
    row.show(first);
    this.#put(second, this.#rows.indexOf(row) + 1);
  }

  /**
   * @param {Cue} cue
   * @param {number} place
   */
  #put(cue, place) {
    const row = new CueRow(cue, this.actions);
    this.#rows.splice(place, 0, row);
    this.#shown = Math.max(this.#shown + 1, place + 1);
    const before = this.#rows[place - 1];
    if (before?.element.isConnected) before.element.after(row.element);
    else if (place === 0) this.body.prepend(row.element);
    else this.#draw();
    this.#settle();
    this.changed();
    row.text.focus();
  }

  /** @param {CueRow} row */
  #remove(row) {
    const place = this.#rows.indexOf(row);
    this.#rows.splice(place, 1);
    this.#shown = Math.min(this.#shown, this.#rows.length);
    row.element.remove();
    this.#settle();
    this.changed();
    const beside = this.#rows[place] ?? this.#rows[place - 1];
    /** @type {HTMLElement | null | undefined} */ (beside?.element.querySelector('[data-part=menu]'))
      ?.focus();
  }

  /** Marks the cue that is spoken. @param {number} time */
  mark(time) {
    const row = this.#rows.find(({ cue }) => cue.begin <= time && time < cue.end) ?? null;
    if (row === this.#current) return;
    this.#current?.element.classList.remove('now');
    this.#current = row;
    row?.element.classList.add('now');
  }

  /**
   * What is written, as a file; null while a cue is wrong, which then has the focus.
   * @returns {{ text: string, failed: (error: unknown) => boolean } | null} failed: shows at the cues what the server says of
   *   them, and answers whether there was anything of the kind
   */
  file() {
    for (const row of this.#rows) row.clear();
    const read = this.#rows.map((row) => ({ row, cue: row.read() }));
    const wrong = read.find(({ cue }) => cue === null);
    if (wrong) {
      this.#reveal(wrong.row);
      return null;
    }
    const sorted = read.map(({ row, cue }) => ({ row, cue: /** @type {Cue} */ (cue) }))
      .sort((left, right) => left.cue.begin - right.cue.begin);
    const { text, lines } = fileOf(sorted.map(({ cue }) => cue));
    const failed = (/** @type {unknown} */ error) => {
      const problems = wrongLines(error).map((problem) => ({
        ...problem,
        at: cueOfLine(lines, problem.line),
      }))
        .filter(({ at }) => at >= 0);
      for (const { at, ...fault } of problems) {
        sorted[at].row.complain(isOfTimes(fault.code) ? 'begin' : 'text', faultText(fault));
      }
      if (problems.length > 0) this.#reveal(sorted[problems[0].at].row);
      return problems.length > 0;
    };
    return { text, failed };
  }

  get isEmpty() {
    return this.#rows.length === 0;
  }

  /** @param {CueRow} row */
  #reveal(row) {
    const place = this.#rows.indexOf(row);
    if (place >= this.#shown) {
      this.#shown = place + 1;
      this.#draw();
    }
    const control = [row.begin, row.end, row.text].find((each) =>
      each.getAttribute('aria-invalid') === 'true'
    );
    control?.focus();
    row.element.scrollIntoView({ block: 'center' });
  }
}

/** @param {string} code of a fault */
function isOfTimes(code) {
  return code === 'malformed_timing' || code === 'end_before_start';
}

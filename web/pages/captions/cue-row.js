/** One cue as a row of the editor: its times, its text, and what is wrong with them. */
import { menuButton } from '../../components/menu-button.js';
import { freshId, h, icon } from '../../lib/dom.js';
import { bind, t } from '../../lib/i18n.js';
import { secondsFrom, timeText } from '../../lib/webvtt.js';

/** @typedef {import('../../lib/webvtt.js').Cue} Cue */
/** @typedef {'begin' | 'end' | 'text'} Part */
/**
 * @typedef {object} Actions
 * @property {(row: CueRow) => void} play
 * @property {(row: CueRow) => import('../../components/menu-button.js').MenuItem[]} items
 * @property {() => void} changed
 */

export class CueRow {
  /**
   * @param {Cue} cue
   * @param {Actions} actions
   */
  constructor(cue, actions) {
    this.cue = cue;
    const id = freshId('cue');
    this.error = h('p', { class: 'field-error', id: `${id}-error`, hidden: true });
    this.play = h(
      'button',
      { type: 'button', class: 'icon-button', 'data-part': 'play', onclick: () => actions.play(this) },
      icon('play'),
    );
    const written = () => {
      this.clear();
      actions.changed();
    };
    this.begin = time('captions.begin', 'begin', cue.begin, written);
    this.end = time('captions.end', 'end', cue.end, written);
    this.text = h('textarea', {
      class: 'input cue-text',
      label: 'captions.text',
      rows: '2',
      maxlength: '2000',
      dir: 'auto',
      'data-part': 'text',
      oninput: written,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        actions.play(this);
      },
    });
    this.text.value = cue.text;
    const menu = menuButton({ label: 'captions.actions', items: () => actions.items(this) });
    this.element = h(
      'tr',
      { role: 'row', class: 'cue', 'data-testid': 'cue' },
      h('td', { role: 'cell', class: 'cue-play' }, this.play),
      h('td', { role: 'cell', class: 'cue-begin' }, this.begin),
      h('td', { role: 'cell', class: 'cue-end' }, this.end),
      h('td', { role: 'cell', class: 'cue-words' }, this.text, this.error),
      h('td', { role: 'cell', class: 'cue-menu' }, menu),
    );
    this.name();
  }

  /** What the row is called follows its time. */
  name() {
    const time = this.begin.value;
    for (const target of ['aria-label', 'title']) bind(this.play, target, 'captions.play_from', { time });
  }

  /** The cue as it is written now; null while there is something wrong, which is then said. @returns {Cue | null} */
  read() {
    const [begin, end] = [secondsFrom(this.begin.value), secondsFrom(this.end.value)];
    if (begin === null) return this.#wrong('begin', 'captions.unreadable_time');
    if (end === null) return this.#wrong('end', 'captions.unreadable_time');
    if (end <= begin) return this.#wrong('end', 'captions.ends_first');
    if (this.text.value.trim() === '') return this.#wrong('text', 'captions.no_text');
    return this.now;
  }

  /** As far as it can be read; what cannot is as it was. @returns {Cue} */
  get now() {
    const [begin, end] = [secondsFrom(this.begin.value), secondsFrom(this.end.value)];
    return { ...this.cue, begin: begin ?? this.cue.begin, end: end ?? this.cue.end, text: this.text.value };
  }

  /** @param {Cue} cue */
  show(cue) {
    this.cue = cue;
    this.begin.value = timeText(cue.begin);
    this.end.value = timeText(cue.end);
    this.text.value = cue.text;
    this.clear();
  }

  /**
   * @param {Part} part
   * @param {string} key
   */
  #wrong(part, key) {
    this.complain(part, t(key));
    return null;
  }

  /**
   * @param {Part} part
   * @param {string} words
   */
  complain(part, words) {
    this.error.textContent = words;
    this.error.hidden = false;
    this.element.classList.add('wrong');
    this[part].setAttribute('aria-invalid', 'true');
    this[part].setAttribute('aria-describedby', this.error.id);
  }

  clear() {
    this.error.hidden = true;
    this.element.classList.remove('wrong');
    for (const control of [this.begin, this.end, this.text]) {
      control.removeAttribute('aria-invalid');
      control.removeAttribute('aria-describedby');
    }
    this.name();
  }
}

/**
 * @param {string} label a message key
 * @param {Part} part
 * @param {number} seconds
 * @param {() => void} written
 */
function time(label, part, seconds, written) {
  return h('input', {
    class: 'input cue-time',
    label,
    inputmode: 'decimal',
    autocomplete: 'off',
    spellcheck: 'false',
    maxlength: '14',
    value: timeText(seconds),
    'data-part': part,
    oninput: written,
  });
}

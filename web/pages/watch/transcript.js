/**
 * What is said in a video, as a text that goes along with it: a line leads to its second, words are found in place. It is read
 * when somebody opens it.
 */
import { options } from '../../components/choices.js';
import { writtenTranscript } from '../../lib/captions.js';
import { foreign, freshId, h, icon, replace } from '../../lib/dom.js';
import { clock, spokenDuration } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { marked } from '../../lib/marking.js';
import { explain } from '../../lib/problem.js';
import { cueAt, cuesFrom, placesOf, plainText } from '../../lib/webvtt.js';
import { captionsAtFirst, captionsTurnedOn, recallCaptions } from '../../player/tracks.js';
import { trackLabel } from '../../player/track-label.js';

/** @typedef {import('../../player/palco-player.js').PalcoPlayer} PalcoPlayer */
/** @typedef {import('../../player/tracks.js').Alternative} Alternative */
/** @typedef {{ begin: number, text: string, row: HTMLElement, button: HTMLButtonElement, words: HTMLElement }} Line */

export class Transcript {
  /** @type {readonly Alternative[]} */
  #captions = [];
  /** @type {Alternative | null} */
  #chosen = null;
  /** @type {Line[]} */
  #lines = [];
  #current = -1;
  #isFollowing = true;
  /** @type {string | null} what somebody wrote down, without times */
  #written = null;
  #reading = new AbortController();
  /** @type {PalcoPlayer | null} */
  #player = null;

  /**
   * @param {string} id of the video
   * @param {(time: number) => void} seek
   */
  constructor(id, seek) {
    this.id = id;
    this.seek = seek;
    const body = freshId('transcript');
    this.button = h(
      'button',
      {
        type: 'button',
        class: 'transcript-opener',
        'aria-expanded': 'false',
        'aria-controls': body,
        'data-testid': 'transcript-open',
        onclick: () => this.#toggle(),
      },
      icon('text'),
      h('span', { text: 'transcript.title' }),
      icon('chevron-down', 'icon turn'),
    );
    this.find = h('input', {
      type: 'search',
      class: 'input',
      label: 'transcript.find',
      hint: 'transcript.find',
      autocomplete: 'off',
      maxlength: '100',
      'data-testid': 'transcript-find',
      oninput: () => this.#search(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#pressed(event),
    });
    this.choice = h('select', {
      class: 'input select',
      label: 'transcript.language',
      'data-testid': 'transcript-language',
      onchange: () => void this.#choose(this.choice.value),
    });
    this.status = h('p', { class: 'transcript-status', role: 'status' });
    this.list = h('ol', { class: 'transcript-lines', role: 'list', 'data-testid': 'transcript' });
    this.following = h(
      'button',
      {
        type: 'button',
        class: 'button small transcript-follow',
        hidden: true,
        'data-testid': 'transcript-follow',
        onclick: () => this.#follow(),
      },
      icon('down'),
      h('span', { text: 'transcript.follow' }),
    );
    this.scroller = h('div', { class: 'transcript-scroll' }, this.list);
    this.body = h(
      'div',
      { class: 'transcript-body', id: body, hidden: true },
      h(
        'div',
        { class: 'transcript-tools' },
        h('div', { class: 'search-field' }, icon('search'), this.find),
        this.choice,
      ),
      this.status,
      this.scroller,
      this.following,
    );
    this.element = h(
      'section',
      { class: 'transcript', label: 'transcript.title', hidden: true, 'data-testid': 'transcript-section' },
      h('h2', {}, this.button),
      this.body,
    );
    // Whoever moves the text themselves reads elsewhere.
    for (const name of ['wheel', 'touchmove', 'pointerdown']) {
      this.scroller.addEventListener(name, () => this.#leave(), { passive: true });
    }
    this.list.addEventListener('keydown', (event) => this.#walk(event));
  }

  /**
   * @param {PalcoPlayer} player
   * @param {AbortSignal} signal
   */
  attach(player, signal) {
    this.#player = player;
    player.addEventListener('palco-captions', () => this.#offer(), { signal });
    player.video.addEventListener('timeupdate', () => this.#mark(player.video.currentTime), { signal });
    signal.addEventListener('abort', () => this.#reading.abort(), { once: true });
    this.#offer();
    void this.#readWritten(signal);
  }

  /** @param {AbortSignal} signal */
  async #readWritten(signal) {
    this.#written = await writtenTranscript(this.id, signal).catch(() => null);
    if (this.#written !== null) this.#offer();
  }

  #offer() {
    const listed = this.#player?.captions.listed ?? [];
    const isNew = listed !== this.#captions;
    this.#captions = listed;
    this.element.hidden = listed.length === 0 && this.#written === null;
    if (!isNew && this.#chosen !== null) return;
    const same = listed.find(({ name }) => name === this.#chosen?.name);
    const wish = recallCaptions();
    this.#chosen = same ?? captionsAtFirst(listed, { ...wish, on: true }) ?? captionsTurnedOn(listed, wish);
    replace(this.choice, ...options(listed.map((each) => [each.name, '']), this.#chosen?.name));
    for (const [place, option] of [...this.choice.options].entries()) {
      option.textContent = trackLabel(listed[place]);
    }
    this.choice.hidden = listed.length < 2;
    if (!this.body.hidden && (same === undefined || this.#lines.length === 0)) void this.#read();
  }

  #toggle() {
    const opens = this.body.hidden;
    this.body.hidden = !opens;
    this.button.setAttribute('aria-expanded', String(opens));
    // Where there is room it stands beside the player now, further up.
    this.element.scrollIntoView({ block: 'nearest' });
    if (opens && this.#lines.length === 0) void this.#read();
    else if (opens) this.#follow();
  }

  /** @param {string} name */
  async #choose(name) {
    this.#chosen = this.#captions.find((each) => each.name === name) ?? this.#chosen;
    await this.#read();
  }

  async #read() {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    const [captions, player] = [this.#chosen, this.#player];
    if (captions === null || player === null) return this.#showWritten();
    this.scroller.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(await player.captions.fileOf(captions), { signal });
      if (!answer.ok) throw new Error(`captions: ${answer.status}`);
      const cues = cuesFrom(await answer.text());
      if (signal.aborted) return;
      cues.sort((left, right) => left.begin - right.begin);
      this.#show(
        cues.map(({ begin, text }) => ({ begin, text: plainText(text) })).filter(({ text }) => text),
      );
      this.list.lang = captions.language ?? '';
    } catch (error) {
      if (signal.aborted) return;
      replace(
        this.list,
        h('li', { class: 'complaint', role: 'alert' }, explain(error)),
      );
    } finally {
      if (!signal.aborted) this.scroller.removeAttribute('aria-busy');
    }
  }

  /** There are no times in it, so that it leads nowhere. */
  #showWritten() {
    this.#lines = [];
    const paragraphs = (this.#written ?? '').split(/\n+/).filter((line) => line.trim() !== '');
    replace(this.list, ...paragraphs.map((text) => h('li', { class: 'transcript-plain' }, foreign(text))));
    this.find.parentElement?.toggleAttribute('hidden', true);
  }

  /** @param {{ begin: number, text: string }[]} lines */
  #show(lines) {
    this.#current = -1;
    this.#lines = lines.map(({ begin, text }) => {
      const words = h('span', { class: 'transcript-words', dir: 'auto' }, foreign(text));
      const button = h(
        'button',
        { type: 'button', class: 'transcript-line', tabindex: '-1', onclick: () => this.#go(begin) },
        h('span', { class: 'chapter-time', 'aria-hidden': 'true' }, clock(begin)),
        h('span', { class: 'unseen' }, spokenDuration(begin)),
        words,
      );
      return { begin, text, words, button, row: h('li', {}, button) };
    });
    replace(this.list, ...this.#lines.map(({ row }) => row));
    // One stop for the Tab key; the arrows walk through the lines.
    if (this.#lines.length > 0) this.#lines[0].button.tabIndex = 0;
    this.#search();
    this.#mark(this.#player?.video.currentTime ?? 0);
  }

  /** @param {number} time */
  #go(time) {
    this.#isFollowing = true;
    this.following.hidden = true;
    this.seek(time);
  }

  /** @param {number} time */
  #mark(time) {
    if (this.body.hidden || this.#lines.length === 0) return;
    const place = cueAt(/** @type {any} */ (this.#lines), time + 0.05);
    if (place === this.#current) return;
    this.#lines[this.#current]?.button.removeAttribute('aria-current');
    this.#current = place;
    const line = this.#lines[place];
    if (!line) return;
    line.button.setAttribute('aria-current', 'true');
    if (this.#isFollowing) this.#bring(line);
  }

  /** Within its box alone: the page stays where it is. @param {Line} line */
  #bring({ row }) {
    if (row.hidden) return;
    const box = this.scroller;
    const top = row.offsetTop - box.clientHeight / 3;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    box.scrollTo({ top, behavior: still ? 'instant' : 'smooth' });
  }

  #leave() {
    if (!this.#isFollowing || this.#lines.length === 0) return;
    this.#isFollowing = false;
    this.following.hidden = false;
  }

  #follow() {
    this.#isFollowing = true;
    this.following.hidden = true;
    this.#current = -1;
    for (const { button } of this.#lines) button.removeAttribute('aria-current');
    this.#mark(this.#player?.video.currentTime ?? 0);
  }

  #search() {
    const words = this.find.value;
    let count = 0;
    for (const line of this.#lines) {
      const places = placesOf(line.text, words);
      const isFound = words.trim() === '' || places.length > 0;
      line.row.hidden = !isFound;
      replace(line.words, places.length > 0 ? marked(line.text, places) : foreign(line.text));
      if (isFound) count += 1;
    }
    this.#rove();
    this.status.textContent = words.trim() === '' ? '' : t('transcript.found', { count });
    if (words.trim() === '') this.#follow();
  }

  /** The Tab key stops at a line that is there. */
  #rove() {
    const shown = this.#lines.filter(({ row }) => !row.hidden);
    const kept = shown.find(({ button }) => button.tabIndex === 0) ?? shown[0];
    for (const { button } of this.#lines) button.tabIndex = button === kept?.button ? 0 : -1;
  }

  /** @param {KeyboardEvent} event in the field for words */
  #pressed(event) {
    const first = this.#lines.find(({ row }) => !row.hidden);
    if (event.key === 'Escape' && this.find.value !== '') {
      event.preventDefault();
      this.find.value = '';
      this.#search();
    } else if (event.key === 'Enter' && first) {
      event.preventDefault();
      this.#go(first.begin);
    } else if (event.key === 'ArrowDown' && first) {
      event.preventDefault();
      this.#step(first.button);
    }
  }

  /** @param {KeyboardEvent} event in the list */
  #walk(event) {
    const shown = this.#lines.filter(({ row }) => !row.hidden).map(({ button }) => button);
    const at = shown.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#leave();
    if (to < 0) this.find.focus();
    else if (shown[to]) this.#step(shown[to]);
  }

  /** @param {HTMLButtonElement} button */
  #step(button) {
    for (const line of this.#lines) line.button.tabIndex = line.button === button ? 0 : -1;
    button.focus();
  }
}

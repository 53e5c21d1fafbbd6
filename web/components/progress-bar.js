/** A line that fills. */
import { h } from '../lib/dom.js';

/** @param {string} [label] text for screen readers */
export function progressBar(label) {
  return h('div', {
    class: 'bar',
    role: 'progressbar',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    'aria-label': label,
  }, h('i'));
}

/**
 * @param {HTMLElement} bar
 * @param {number | null} part 0..1; null: it goes on, but nobody knows how far
 */
export function setProgress(bar, part) {
  bar.classList.toggle('unsure', part === null);
  if (part === null) return bar.removeAttribute('aria-valuenow');
  bar.setAttribute('aria-valuenow', String(Math.floor(part * 100)));
  bar.style.setProperty('--part', String(Math.min(1, Math.max(0, part))));
}

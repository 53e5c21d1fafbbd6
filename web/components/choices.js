/** Choices of few. */
import { freshId, h } from '../lib/dom.js';

/** @typedef {import('./field.js').Text} Text */

/**
 * For a list that folds out.
 * @param {[string, Text][]} choices values and what they are called
 * @param {string} [chosen]
 */
export function options(choices, chosen = '') {
  return choices.map(([value, text]) => h('option', { value, text, selected: value === chosen }));
}

/**
 * A choice of few, each with a sentence about it.
 * @param {Text} label
 * @param {{ value: string, text: Text, hint: Text }[]} options
 * @param {string} chosen
 * @returns {{ element: HTMLElement, value: () => string }}
 */
export function radios(label, options, chosen) {
  const name = freshId('choice');
  const element = h(
    'fieldset',
    { class: 'radios' },
    h('legend', { class: 'field-label', text: label }),
    ...options.map(({ value, text, hint }) => {
      const [named, described] = [freshId('name'), freshId('hint')];
      const input = h('input', {
        type: 'radio',
        name,
        value,
        checked: value === chosen,
        'aria-labelledby': named,
        'aria-describedby': described,
      });
      const words = h(
        'span',
        {},
        h('strong', { id: named, text }),
        h('span', { id: described, class: 'field-hint', text: hint }),
      );
      return h('label', { class: 'radio' }, input, words);
    }),
  );
  const value = () =>
    /** @type {HTMLInputElement | null} */ (element.querySelector(':checked'))?.value ?? chosen;
  return { element, value };
}

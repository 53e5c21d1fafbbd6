/** A text to be taken elsewhere: a link, a secret, a token. */
import { freshId, h, icon } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/**
 * @param {() => string} text
 * @param {{ label?: string, source?: HTMLTextAreaElement | null }} [options] source: shows the text, and is marked where a page
 *   may not write to the clipboard
 */
export function copyButton(text, { label = 'action.copy', source = null } = {}) {
  const status = h('span', { class: 'unseen', role: 'status' });
  const button = h(
    'button',
    { type: 'button', class: 'button copy', onclick: copy, 'data-testid': 'copy' },
    h('span', { class: 'copy-before' }, icon('copy'), h('span', { text: label })),
    h(
      'span',
      { class: 'copy-after', 'aria-hidden': 'true' },
      icon('check'),
      h('span', { text: 'action.copied' }),
    ),
  );
  let timer = 0;

  async function copy() {
    const isDone = await written(text(), source);
    button.classList.toggle('copied', isDone);
    if (isDone) button.focus();
    status.textContent = t(isDone ? 'action.copied' : 'action.copy_by_hand');
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.classList.remove('copied');
      status.textContent = '';
    }, 3000);
  }

  return h('span', { class: 'copy-place' }, button, status);
}

/**
 * Only pages by https or on this machine may write to the clipboard; elsewhere the older way is left.
 * @param {string} text
 * @param {HTMLTextAreaElement | null} source
 */
async function written(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    source?.focus();
    source?.select();
    return source !== null && document.execCommand('copy');
  }
}

/**
 * @param {object} options
 * @param {import('./field.js').Text} options.label
 * @param {string} options.text
 * @param {import('./field.js').Text | null} [options.hint]
 */
export function copyField({ label, text, hint = null }) {
  const id = freshId('copy');
  // All of it can be read, by those who type it elsewhere.
  const input = h('textarea', {
    class: 'input copy-text',
    id,
    readonly: true,
    rows: Math.min(4, Math.ceil(text.length / 26)),
    spellcheck: 'false',
    'aria-describedby': hint ? `${id}-hint` : null,
    onfocus: () => input.select(),
  }, text);
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id, class: 'field-label', text: label }),
    h('div', { class: 'copy-field' }, input, copyButton(() => text, { source: input })),
    hint && h('p', { class: 'field-hint', id: `${id}-hint`, text: hint }),
  );
}

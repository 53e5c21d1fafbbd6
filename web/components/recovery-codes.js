/** Recovery codes, while they can be seen: to copy, to keep in a file, to print. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { copyButton } from './copy-field.js';

/**
 * @param {string[]} codes
 * @returns {HTMLElement[]}
 */
export function recoveryCodes(codes) {
  return [
    h('p', { text: 'codes.recovery_text' }),
    h(
      'ol',
      { class: 'recovery-codes', 'data-testid': 'recovery-codes' },
      ...codes.map((code) => h('li', {}, h('code', {}, code))),
    ),
    h(
      'div',
      { class: 'actions' },
      copyButton(() => codes.join('\n')),
      h(
        'button',
        { type: 'button', class: 'button', onclick: () => save(codes) },
        icon('download'),
        h('span', { text: 'codes.download' }),
      ),
      h(
        'button',
        { type: 'button', class: 'button', onclick: () => print() },
        icon('print'),
        h('span', { text: 'codes.print' }),
      ),
    ),
  ];
}

/** @param {string[]} codes */
function save(codes) {
  const lines = [t('codes.file_title', { host: location.host }), '', ...codes, ''];
  const file = new Blob([lines.join('\r\n')], { type: 'text/plain;charset=utf-8' });
  const link = h('a', { href: URL.createObjectURL(file), download: 'palco-recovery-codes.txt' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

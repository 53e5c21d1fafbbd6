/** What the server says of lines of captions, in the language of the page. */
import { has, t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';

/**
 * @param {{ line: number, code: string, detail: string }} fault
 * @param {boolean} [withLine]
 */
export function faultText({ line, code, detail }, withLine = false) {
  if (!has(`captions.fault_${code}`)) return visible(detail);
  const fault = t(`captions.fault_${code}`);
  return withLine ? t('captions.in_line', { line, fault }) : fault;
}

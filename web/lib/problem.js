/** What went wrong, as a sentence that says what to do. */
import { ApiError } from './api.js';
import { has, t } from './i18n.js';
import { clock, timeLeft } from './format.js';
import { visible } from './visible.js';

/**
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (!(error instanceof ApiError)) return t('error.unexpected');
  return explainCode(error.code, error);
}

/**
 * The text for a stable code; else one for the status; else the server's own sentence.
 * @param {string} code
 * @param {{ status?: number, detail?: string | null, retryAfter?: number | null, errorId?: string | null }} [more]
 */
export function explainCode(code, { status = 0, detail = '', retryAfter = null, errorId = null } = {}) {
  const values = { time: timeLeft(retryAfter ?? 60), id: errorId ?? '–' };
  if (has(`error.${code}`)) return t(`error.${code}`, values);
  if (status >= 500) return t(errorId ? 'error.server_with_id' : 'error.server', values);
  if (detail) return visible(detail);
  if (has(`error.http_${status}`)) return t(`error.http_${status}`, values);
  return t('error.unexpected');
}

/**
 * Why a video failed; the field is an object with a code, or the code alone.
 * @param {import('./api.js').VideoError | string | null | undefined} error
 */
export function explainVideoError(error) {
  if (!error) return t('error.encoding_failed');
  if (typeof error === 'string') {
    return has(`error.${error}`) ? t(`error.${error}`) : t('error.encoding_failed');
  }
  return has(`error.${error.code}`)
    ? t(`error.${error.code}`)
    : visible(error.detail || t('error.encoding_failed'));
}

/**
 * What is missing in a video that plays.
 * @param {import('./api.js').VideoWarning} warning
 */
export function explainWarning({ code, detail }) {
  const number = Number(detail ?? 0);
  return t(`warning.${code}`, { time: clock(number), count: number });
}

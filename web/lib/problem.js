/** What went wrong, as a sentence that says what to do. */
import { ApiError } from './api.js';
import { has, t } from './i18n.js';
import { clock, moment, timeLeft } from './format.js';
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
  const wait = retryAfter ?? 60;
  const values = { time: timeLeft(wait), until: moment(Date.now() + wait * 1000), id: errorId ?? '–' };
  if (has(`error.${code}`)) return t(`error.${code}`, values);
  if (status >= 500) return t(errorId ? 'error.server_with_id' : 'error.server', values);
  if (detail) return visible(detail);
  if (has(`error.http_${status}`)) return t(`error.http_${status}`, values);
  return t('error.unexpected');
}

/**
 * The message for why a way through another site ended without success: the server wrote a code into the address it led back
 * to. Anybody may write one there, so only texts of ours are shown.
 * @param {string} code
 */
export function arrivalMessage(code) {
  const found = [`arrival.${code}`, `error.${code}`].find(has);
  return found ?? 'arrival.failed';
}

/**
 * What is wrong with one field of a form.
 * @param {import('./api.js').FieldProblem} problem
 */
export function explainField({ code, detail }) {
  if (has(`field.${code}`)) return t(`field.${code}`);
  return detail ? visible(detail) : t('field.invalid');
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

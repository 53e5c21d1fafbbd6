/** Why a file, or one of its lines, was refused. */
import { ApiError } from '../../lib/api.js';
import { has, t } from '../../lib/i18n.js';
import { explain, explainCode } from '../../lib/problem.js';
import { visible } from '../../lib/visible.js';

/** The columns that a file may have. */
export const columns = /** @type {const} */ (['email', 'name', 'role', 'locale', 'groups', 'password_hash']);

/**
 * In the language of the page where it has words for it; else in the words of the server, which begin with the column.
 * @param {import('../../lib/administration.js').RefusedLine} refused
 */
export function lineReason({ code, detail }) {
  const column = columns.find((name) => detail?.startsWith(`${name}: `));
  const key = column === 'email' && code === 'invalid' ? 'field.invalid_email' : `field.${code}`;
  if (column && has(key)) return `${column}: ${t(key)}`;
  if (code === 'invalid' && !column) return t('field.invalid_email');
  return explainCode(code, { detail });
}

/**
 * Of a file of which no line could be read.
 * @param {unknown} error
 */
export function fileReason(error) {
  const problem = error instanceof ApiError ? error.fields.find(({ field }) => field === 'file') : undefined;
  if (!problem) return explain(error);
  const key = `admin.file.${problem.code}`;
  return has(key) ? t(key) : visible(problem.detail || t('field.invalid'));
}

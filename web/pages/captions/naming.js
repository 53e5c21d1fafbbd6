/** The dialogs in which captions are brought and named. */
import { options } from '../../components/choices.js';
import { ask } from '../../components/dialogs.js';
import { Field, textField } from '../../components/field.js';
import { ApiError } from '../../lib/api.js';
import { largestFile, putCaptions, wrongLines } from '../../lib/captions.js';
import { h } from '../../lib/dom.js';
import { faultText } from './faults.js';

/** @typedef {import('../../lib/captions.js').CaptionKind} CaptionKind */
/** @typedef {Pick<import('../../lib/captions.js').CaptionFile, 'language' | 'label' | 'kind'>} Named what a file is called */

/**
 * @param {string} id of the video
 * @returns {Promise<Named & { isSent: boolean } | null>} null: nothing came of it; isSent: with a file, which the server has
 */
export async function askForFile(id) {
  const { language, label, kind } = fields();
  const control = h('input', {
    class: 'input',
    type: 'file',
    name: 'captions',
    accept: '.vtt,.srt,text/vtt,application/x-subrip',
    'data-testid': 'captions-file',
  });
  const file = new Field({ label: 'captions.file', hint: 'captions.file_hint', control });
  const read = () => ({
    language: language.value.trim(),
    label: label.value.trim() || null,
    kind: kindOf(kind),
  });
  /** @type {Named & { isSent: boolean } | null} */
  let made = null;
  await ask({
    title: 'captions.add',
    confirm: 'captions.add_confirm',
    fields: [language, label, kind, file],
    check: () => {
      if (!isLanguage(language.value)) return 'field.invalid_language';
      return (control.files?.[0]?.size ?? 0) > largestFile ? 'captions.file_too_large' : null;
    },
    act: async () => {
      const chosen = control.files?.[0];
      made = chosen
        ? { ...await sent(putCaptions(id, read(), chosen)), isSent: true }
        : { ...read(), isSent: false };
    },
  });
  return made;
}

/**
 * @param {Named} before
 * @param {(named: Named) => Promise<void>} act
 * @returns {Promise<Named | null>}
 */
export async function askForName(before, act) {
  const { label, kind } = fields(before);
  const now = () => ({ ...before, label: label.value.trim() || null, kind: kindOf(kind) });
  const done = await ask({
    title: 'captions.rename',
    confirm: 'action.save',
    fields: [label, kind],
    act: () => act(now()),
  });
  return done ? now() : null;
}

/** @param {Named} [named] */
function fields(named) {
  const language = textField({
    label: 'watch.language',
    name: 'language',
    hint: 'watch.language_hint',
    input: { autocomplete: 'off', maxlength: '35', spellcheck: 'false', autocapitalize: 'none' },
  });
  const label = textField({
    label: 'captions.label',
    name: 'label',
    hint: 'captions.label_hint',
    input: { required: false, autocomplete: 'off', maxlength: '100', value: named?.label ?? '' },
  });
  const kind = new Field({
    label: 'captions.kind',
    control: h(
      'select',
      { class: 'input select', name: 'kind' },
      ...options([
        ['subtitles', 'captions.kind_subtitles'],
        ['captions', 'captions.kind_captions'],
      ], named?.kind ?? 'subtitles'),
    ),
  });
  return { language, label, kind };
}

/** @param {Field} field @returns {CaptionKind} */
function kindOf({ value }) {
  return value === 'captions' ? 'captions' : 'subtitles';
}

/** Lines of a file that are told at its field. */
const mostLines = 3;

/**
 * What is wrong with lines of the file is said at the field of the file, with their numbers.
 * @template T
 * @param {Promise<T>} sending
 */
async function sent(sending) {
  try {
    return await sending;
  } catch (error) {
    const lines = wrongLines(error);
    if (lines.length === 0) throw error;
    const detail = lines.slice(0, mostLines).map((each) => faultText(each, true)).join(' ');
    throw new ApiError(422, 'validation_failed', { fields: [{ field: 'captions', code: 'lines', detail }] });
  }
}

/** @param {string} text */
function isLanguage(text) {
  try {
    return Intl.getCanonicalLocales(text.trim()).length === 1;
  } catch {
    return false;
  }
}

/** The dialog in which an owner chooses another file for a video. */
import { ask } from '../components/dialogs.js';
import { fileTypes } from '../components/drop.js';
import { Field } from '../components/field.js';
import { h } from '../lib/dom.js';

/**
 * @param {import('../lib/api.js').Video} video
 * @returns {Promise<File | null>} null when none was chosen
 */
export async function chooseReplacement({ title }) {
  const input = h('input', {
    type: 'file',
    class: 'input',
    name: 'file',
    required: true,
    accept: fileTypes,
    'data-testid': 'replace-file',
  });
  const field = new Field({ label: 'mine.replace_file', control: input });
  const chosen = await ask({
    title: ['mine.replace_title', { title }],
    body: [h('p', { text: 'mine.replace_what' })],
    fields: [field],
    confirm: 'mine.replace_confirm',
    act: () => Promise.resolve(),
  });
  return chosen ? input.files?.[0] ?? null : null;
}

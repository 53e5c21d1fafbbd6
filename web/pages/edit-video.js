/** The dialog in which an owner says what a video is. */
import { ask } from '../components/dialogs.js';
import { CheckGroup, Field, textField } from '../components/field.js';
import { toastError } from '../components/toast.js';
import { changeVideo } from '../lib/api.js';
import { chapterLines, chaptersFrom } from '../lib/chapters.js';
import { foreign, h } from '../lib/dom.js';
import { groupChoices, groupNames } from '../lib/groups.js';

/** @typedef {import('../lib/api.js').Video} Video */

/**
 * @param {Video} video
 * @returns {Promise<Video | null>} as it is now; null when nothing was saved
 */
export async function editVideo(video) {
  const title = textField({
    label: 'watch.title',
    name: 'title',
    input: { maxlength: '200', autocomplete: 'off' },
  });
  const description = textArea('watch.description', 'description', 'watch.description_hint', '10000');
  const category = optional('watch.category', 'category');
  const tags = optional('watch.tags', 'tags', 'watch.list_hint');
  const people = optional('watch.people', 'people', 'watch.list_hint');
  const language = optional('watch.language', 'language', 'watch.language_hint');
  const recorded = optional('watch.recorded_on', 'recorded_on', null, { type: 'date', max: '9999-12-31' });
  const chapters = textArea('watch.chapters', 'chapters', 'watch.chapters_hint', '60000');
  const groups = await groupField(video.groups ?? []);
  const fields = [title, description, category, tags, people, language, recorded, chapters];
  title.control.value = video.title;
  description.control.value = video.description ?? '';
  category.control.value = video.category ?? '';
  tags.control.value = (video.tags ?? []).join(', ');
  people.control.value = (video.people ?? []).join(', ');
  language.control.value = video.language ?? '';
  recorded.control.value = video.recorded_on ?? '';
  chapters.control.value = chapterLines(video.chapters ?? []);
  /** @type {Video | null} */
  let changed = null;
  await ask({
    title: 'watch.edit_title',
    confirm: 'action.save',
    fields: groups === null ? fields : [...fields, groups],
    check: () => {
      if (title.value.trim() === '') return 'watch.title_missing';
      return chaptersFrom(chapters.value) === null ? 'watch.chapters_unreadable' : null;
    },
    act: async () => {
      changed = await changeVideo(video.id, {
        title: title.value.trim(),
        description: description.value.trim(),
        category: category.value.trim() || null,
        tags: list(tags.value),
        people: list(people.value),
        language: language.value.trim() || null,
        recorded_on: recorded.value || null,
        chapters: chaptersFrom(chapters.value) ?? [],
        ...(groups === null ? {} : { groups: groups.values }),
      });
    },
  });
  return changed;
}

/**
 * @param {string[]} chosen ids
 * @returns {Promise<CheckGroup | null>} null where there are no groups, and where they could not be asked for: they stay as they are
 */
async function groupField(chosen) {
  try {
    const choices = groupChoices(await groupNames(), chosen);
    if (choices.length === 0) return null;
    return new CheckGroup({
      label: 'watch.groups',
      name: 'groups',
      hint: 'watch.groups_hint',
      required: false,
      className: 'group-choice',
      choices: choices.map(({ id, name, isChosen }) => ({
        value: id,
        text: name === null ? 'watch.group_removed' : foreign(name),
        isChecked: isChosen,
      })),
    });
  } catch (error) {
    toastError(error);
    return null;
  }
}

/** @param {string} text */
function list(text) {
  return text.split(',').map((word) => word.trim()).filter((word) => word !== '');
}

/**
 * @param {string} label
 * @param {string} name
 * @param {string | null} [hint]
 * @param {Record<string, unknown>} [input]
 */
function optional(label, name, hint = null, input = {}) {
  return textField({ label, name, hint, input: { required: false, autocomplete: 'off', ...input } });
}

/**
 * @param {string} label
 * @param {string} name
 * @param {string} hint
 * @param {string} maxlength
 */
function textArea(label, name, hint, maxlength) {
  return new Field({ label, hint, control: h('textarea', { class: 'input', name, maxlength }) });
}

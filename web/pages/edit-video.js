/** The dialog in which an owner says what a video is. */
import { CoverField } from '../components/cover-field.js';
import { ask } from '../components/dialogs.js';
import { CheckGroup, Field, textField } from '../components/field.js';
import { toastError } from '../components/toast.js';
import { changeVideo } from '../lib/api.js';
import { chapterLines, chaptersFrom } from '../lib/chapters.js';
import { foreign, freshId, h } from '../lib/dom.js';
import { groupChoices, groupNames } from '../lib/groups.js';

/** @typedef {import('../lib/api.js').Video} Video */

/**
 * @param {Video} video
 * @param {object} options
 * @param {import('../lib/api.js').User} options.user
 * @param {number | null} [options.time] where the player stands, in seconds
 * @returns {Promise<Video | null>} as it is now; null when nothing was saved
 */
export async function editVideo(video, { user, time = null }) {
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
  const cover = new CoverField(video, time);
  const featured = user.role === 'admin' ? new FeaturedBox(video) : null;
  const fields = [title, cover, description, category, tags, people, language, recorded, chapters];
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
    fields: [...fields, groups, featured].filter((field) => field !== null),
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
        ...(featured ? { is_featured: featured.isChecked } : {}),
      });
      changed = (await cover.save()) ?? changed;
    },
  });
  cover.close();
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

/** Whether everybody is shown it first; to a form the same as a field. */
class FeaturedBox {
  name = 'is_featured';

  /** @param {Video} video */
  constructor(video) {
    const id = freshId('box');
    this.control = h('input', { type: 'checkbox', id, 'data-testid': 'featured-box' });
    this.control.checked = video.is_featured === true;
    this.control.setAttribute('aria-describedby', `${id}-hint`);
    this.element = h(
      'div',
      { class: 'field check' },
      this.control,
      h('label', { for: id, text: 'watch.featured' }),
      h('p', { class: 'field-hint', id: `${id}-hint`, text: 'watch.featured_hint' }),
    );
  }

  get isChecked() {
    return this.control.checked;
  }

  problem() {
    return null;
  }

  settle() {}
  refuse() {}
  complain() {}
  clear() {}
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

/** The names that videos are filed under: categories, and the people in front of the camera. */
import { ask } from '../../components/dialogs.js';
import { textField } from '../../components/field.js';
import { menuButton } from '../../components/menu-button.js';
import { Table } from '../../components/table.js';
import { toast } from '../../components/toast.js';
import { administrationPath, namedPath } from '../../lib/address.js';
import { ApiError } from '../../lib/api.js';
import { foreign, h, icon } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { addTerm, changeTerm, listTerms, removeTerm, termNamed } from '../../lib/vocabulary.js';
import { Listing } from './listing.js';

/** @typedef {import('../../lib/vocabulary.js').Term} Term */
/** @typedef {import('../../lib/vocabulary.js').Vocabulary} Vocabulary */

/** Kinds that are offered; any other word will do as well. */
const usualKinds = ['surgeon', 'speaker', 'presenter', 'guest', 'cast', 'director'];
/** Characters of a name. */
const longestName = 100;

/** @param {string} query of an address @returns {Vocabulary} */
export function vocabularyIn(query) {
  return new URLSearchParams(query).get('view') === 'people' ? 'people' : 'categories';
}

/**
 * @param {import('../../router.js').Context} context
 * @returns {import('../../router.js').View}
 */
export function view(context) {
  const page = new VocabularyPage(context, vocabularyIn(location.search));
  page.listing.begin();
  return {
    element: page.element,
    title: () => t('admin.section.vocabulary'),
    close: () => page.listing.close(),
  };
}

class VocabularyPage {
  /**
   * @param {import('../../router.js').Context} context
   * @param {Vocabulary} vocabulary
   */
  constructor(context, vocabulary) {
    this.vocabulary = vocabulary;
    this.isPeople = vocabulary === 'people';
    this.table = new Table({
      caption: `vocabulary.${vocabulary}`,
      testid: 'terms',
      key: (/** @type {Term} */ { id }) => id,
      columns: [
        { label: 'admin.name', names: true, cell: (term) => this.#link(term) },
        ...(this.isPeople
          ? [{ label: 'vocabulary.kind', cell: (/** @type {Term} */ { kind }) => kind ? foreign(kind) : '–' }]
          : []),
        { label: 'vocabulary.videos', cell: ({ video_count: count }) => t('library.count', { count }) },
        { label: 'admin.actions', bare: true, className: 'tight', cell: (term) => this.#menu(term) },
      ],
    });
    this.listing = new Listing({
      table: this.table,
      load: (cursor, signal) => listTerms(vocabulary, cursor, signal),
      count: 'vocabulary.count',
      empty: () => ({ title: `vocabulary.no_${vocabulary}`, hint: 'vocabulary.none_hint' }),
      failed: () => void context.session.check().catch(() => {}),
    });
    const tab = (/** @type {Vocabulary} */ name) =>
      h('a', {
        href: administrationPath(['vocabulary'], { view: name === 'people' ? name : '' }),
        'aria-current': name === vocabulary ? 'page' : null,
        text: `vocabulary.${name}`,
      });
    this.element = h(
      'div',
      {},
      h(
        'div',
        { class: 'page-head' },
        h('h1', { text: 'admin.section.vocabulary' }),
        h(
          'div',
          { class: 'head-actions' },
          h(
            'button',
            {
              type: 'button',
              class: 'button primary',
              'data-testid': 'new-term',
              onclick: () => void this.#create(),
            },
            icon('plus'),
            h('span', { text: `vocabulary.new_${vocabulary}` }),
          ),
        ),
      ),
      h('nav', { class: 'tabs', label: 'admin.section.vocabulary' }, tab('categories'), tab('people')),
      this.listing.element,
    );
  }

  /** @param {Term} term */
  #link({ name }) {
    const href = namedPath(this.isPeople ? 'person' : 'category', name);
    return h('a', { href, 'data-part': 'name' }, foreign(name));
  }

  /** @param {Term} term */
  #menu(term) {
    return menuButton({
      label: ['admin.actions_for', { name: term.name }],
      items: () => [
        {
          text: this.isPeople ? 'action.edit' : 'admin.rename',
          icon: 'edit',
          act: () => void this.#change(term),
        },
        { text: 'vocabulary.join', icon: 'link', act: () => void this.#join(term) },
        { text: 'vocabulary.remove', icon: 'trash', danger: true, act: () => void this.#remove(term) },
      ],
    });
  }

  /** @param {Term} [term] */
  #fields(term) {
    const name = nameField('admin.name', term?.name ?? '');
    const list = h('datalist', { id: 'usual-kinds' }, ...usualKinds.map((value) => h('option', { value })));
    const kind = textField({
      label: 'vocabulary.kind',
      name: 'kind',
      hint: 'vocabulary.kind_hint',
      input: {
        required: false,
        autocomplete: 'off',
        maxlength: longestName,
        list: 'usual-kinds',
        value: term?.kind ?? '',
      },
    });
    kind.element.append(list);
    return { name, kind, fields: this.isPeople ? [name, kind] : [name] };
  }

  /**
   * @param {import('../../components/field.js').Field} name
   * @param {import('../../components/field.js').Field} kind
   */
  #wish(name, kind) {
    return { name: name.value.trim(), ...(this.isPeople ? { kind: kind.value.trim() || null } : {}) };
  }

  async #create() {
    const { name, kind, fields } = this.#fields();
    const done = await ask({
      title: `vocabulary.new_${this.vocabulary}`,
      confirm: 'admin.create',
      fields,
      act: () => atName(async () => void await addTerm(this.vocabulary, this.#wish(name, kind))),
    });
    if (!done) return;
    toast('admin.saved');
    this.listing.begin();
  }

  /** @param {Term} term */
  async #change(term) {
    const { name, kind, fields } = this.#fields(term);
    let now = term;
    const done = await ask({
      title: ['vocabulary.change', { name: term.name }],
      confirm: 'action.save',
      body: term.video_count > 0
        ? [h('p', { text: ['vocabulary.reaches', { count: term.video_count }] })]
        : [],
      fields,
      act: () =>
        atName(async () => {
          now = await changeTerm(this.vocabulary, term.id, this.#wish(name, kind));
        }),
    });
    if (!done) return;
    this.table.update(now);
    toast('admin.saved');
  }

  /** @param {Term} term */
  async #join(term) {
    const name = nameField('vocabulary.join_with');
    let now = term;
    const done = await ask({
      title: ['vocabulary.join_title', { name: term.name }],
      confirm: 'vocabulary.join',
      danger: true,
      body: [h('p', { text: ['vocabulary.join_hint', { count: term.video_count, name: term.name }] })],
      fields: [name],
      act: async () => {
        const other = name.value.trim();
        const target = await termNamed(this.vocabulary, other);
        if (target === null || target.id === term.id) {
          throw refusal(target === null ? 'not_there' : 'same');
        }
        now = await changeTerm(this.vocabulary, term.id, { name: other, joins: true });
      },
    });
    if (!done) return;
    this.table.remove(term.id);
    this.table.update(now);
    this.listing.settle();
    toast('vocabulary.joined', { name: now.name });
  }

  /** @param {Term} term */
  async #remove(term) {
    const done = await ask({
      title: ['vocabulary.remove_question', { name: term.name }],
      confirm: 'vocabulary.remove',
      danger: true,
      body: [h('p', { text: ['vocabulary.remove_hint', { count: term.video_count }] })],
      act: () => removeTerm(this.vocabulary, term.id),
    });
    if (!done) return;
    this.table.remove(term.id);
    this.listing.settle();
    toast('vocabulary.removed', { name: term.name });
  }
}

/**
 * @param {string} label a message key
 * @param {string} [value]
 */
function nameField(label, value = '') {
  return textField({ label, name: 'name', input: { value, maxlength: longestName, autocomplete: 'off' } });
}

/** Said at the field of the name, as if the server had. @param {'not_there' | 'same' | 'taken'} code */
function refusal(code) {
  return new ApiError(422, 'validation_failed', { fields: [{ field: 'name', code }] });
}

/**
 * That a name is taken is said at its field.
 * @param {() => Promise<void>} act
 */
async function atName(act) {
  try {
    await act();
  } catch (error) {
    throw error instanceof ApiError && error.code === 'name_taken' ? refusal('taken') : error;
  }
}

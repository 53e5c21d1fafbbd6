/** One person: what is known of them, what can be done, and what the audit tells of them. */
import { menuButton } from '../../components/menu-button.js';
import { troubleNote } from '../../components/note.js';
import { toast, toastError } from '../../components/toast.js';
import { administrationPath } from '../../lib/address.js';
import { ApiError } from '../../lib/api.js';
import { changePerson, getPerson, listAudit, removeMember } from '../../lib/administration.js';
import { ask } from '../../components/dialogs.js';
import { textField } from '../../components/field.js';
import { foreign, h, icon, replace } from '../../lib/dom.js';
import { date, since } from '../../lib/format.js';
import { languages, onLocaleChange, t } from '../../lib/i18n.js';
import { explain } from '../../lib/problem.js';
import { visible } from '../../lib/visible.js';
import { entryList } from './audit-list.js';
import { emptyNote } from './listing.js';
import { nameOf, roleName, stateBadges } from './names.js';
import { addToGroup, changeRole, failing, personActions } from './person-actions.js';
import { exactTime } from './times.js';

/** @typedef {import('../../lib/administration.js').Person} Person */
/** @typedef {import('../../lib/administration.js').AuditEntry} AuditEntry */
/** @typedef {import('../../router.js').Context} Context */

/**
 * @param {Context} context
 * @param {string} id
 * @returns {import('../../router.js').View}
 */
export function view(context, id) {
  const page = new PersonPage(context, id);
  page.load();
  return { element: page.element, title: () => page.title, close: () => page.close() };
}

/** Entries of the audit that are shown of each kind. */
const shownEntries = 10;

class PersonPage {
  /** @type {Person | null} */
  person = null;
  /** @type {{ did: AuditEntry[], was: AuditEntry[] } | null} */
  #audit = null;
  #stop = new AbortController();

  /**
   * @param {Context} context
   * @param {string} id
   */
  constructor(context, id) {
    this.context = context;
    this.id = id;
    this.head = h('div', { class: 'person-head' }, h('div', { class: 'bone line title' }));
    this.body = h('div', {}, bones());
    this.history = h('div', { class: 'history' });
    this.element = h(
      'div',
      { class: 'person', 'aria-busy': 'true' },
      h(
        'a',
        { class: 'back', href: administrationPath(['people']) },
        icon('back'),
        h('span', { text: 'admin.section.people' }),
      ),
      this.head,
      this.body,
      this.history,
    );
    const end = onLocaleChange(() => this.#draw());
    this.#stop.signal.addEventListener('abort', end, { once: true });
  }

  get title() {
    return this.person ? visible(nameOf(this.person)) : '';
  }

  close() {
    this.#stop.abort();
  }

  async load() {
    const { signal } = this.#stop;
    try {
      this.person = await getPerson(this.id, signal);
      this.#draw();
      this.context.retitle?.();
      this.#loadAudit();
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    } finally {
      this.element.removeAttribute('aria-busy');
    }
  }

  async #loadAudit() {
    const { signal } = this.#stop;
    try {
      const [did, was] = await Promise.all([
        listAudit({ actor: this.id, limit: String(shownEntries) }, null, signal),
        listAudit({ target: this.id, limit: String(shownEntries) }, null, signal),
      ]);
      this.#audit = { did: did.data, was: was.data.filter(({ actor }) => actor.id !== this.id) };
      this.#drawAudit();
    } catch (error) {
      if (signal.aborted) return;
      replace(
        this.history,
        h('h2', { text: 'admin.section.audit' }),
        h('p', { class: 'complaint', role: 'alert' }, explain(error)),
      );
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    this.head.replaceChildren();
    const isGone = error instanceof ApiError && (error.status === 404 || error.status === 422);
    const back = h('a', { class: 'button', href: administrationPath(['people']), text: 'admin.to_people' });
    replace(
      this.body,
      isGone
        ? emptyNote({ title: 'admin.no_such_person', hint: 'admin.no_such_person_hint', way: back })
        : troubleNote('admin.person_error', explain(error), () => this.load()),
    );
    this.context.session.check().catch(() => {});
  }

  #draw() {
    const { person } = this;
    if (!person) return;
    // What is drawn again takes the focus of what stood in its place.
    const focused = document.activeElement?.closest('[data-part]')?.getAttribute('data-part');
    replace(this.head, ...this.#headOf(person));
    replace(this.body, this.#facts(person));
    this.#drawAudit();
    if (!focused) return;
    const again = this.element.querySelector(`[data-part="${focused}"]`);
    /** @type {HTMLElement | null} */ (again)?.focus();
  }

  /** @param {Person} person */
  #headOf(person) {
    return [
      h('span', { class: 'avatar big', 'aria-hidden': 'true' }, [...nameOf(person)][0]?.toUpperCase() ?? ''),
      h(
        'div',
        { class: 'person-who' },
        h('h1', { 'data-testid': 'person-name' }, foreign(nameOf(person))),
        person.name ? h('p', { class: 'quiet' }, foreign(person.email)) : null,
        stateBadges(person),
      ),
      h(
        'div',
        { class: 'head-actions' },
        h(
          'button',
          { type: 'button', class: 'button', 'data-part': 'rename', onclick: () => this.#rename(person) },
          icon('edit'),
          h('span', { text: 'admin.rename' }),
        ),
        menuButton({
          label: ['admin.actions_for', { name: nameOf(person) }],
          items: () => personActions(this.person ?? person, this.context, this.#following(person)),
        }),
      ),
    ];
  }

  /** @param {Person} person */
  #following(person) {
    const failed = failing(person, this.context);
    return {
      changed: (/** @type {Person} */ now) => {
        this.person = now;
        this.#draw();
        this.#loadAudit();
      },
      removed: () => this.context.go?.(administrationPath(['people'])),
      failed: async (/** @type {unknown} */ error) => {
        this.person = await failed(error) ?? this.person;
        this.#draw();
      },
    };
  }

  /** @param {Person} person */
  async #rename(person) {
    const name = textField({
      label: 'admin.name',
      name: 'name',
      input: { value: person.name, maxlength: 200 },
    });
    let now = person;
    const isDone = await ask({
      title: ['admin.rename_person', { name: nameOf(person) }],
      confirm: 'action.save',
      fields: [name],
      act: async () => {
        now = { ...person, ...await changePerson(person.id, { name: name.value.trim() }) };
      },
    });
    if (!isDone) return;
    this.#following(person).changed(now);
    this.context.retitle?.();
    toast('admin.saved');
  }

  /** @param {Person} person */
  #facts(person) {
    const { locale: language, last_sign_in_at: signedIn, session_count: sessions } = person;
    const known = language !== null && language !== undefined && Object.hasOwn(languages, language);
    const languageName = known
      ? /** @type {Record<string, string>} */ (languages)[language]
      : language || t('admin.not_chosen');
    const following = this.#following(person);
    return h(
      'dl',
      { class: 'person-facts' },
      fact(
        'admin.role',
        roleName(person.role),
        h('button', {
          type: 'button',
          class: 'button small',
          text: 'admin.change_role',
          'data-part': 'role',
          onclick: () => changeRole(person, this.context, following),
        }),
      ),
      fact('admin.groups', this.#groups(person)),
      fact(
        'admin.last_sign_in',
        signedIn
          ? h('time', { datetime: signedIn, title: exactTime(signedIn) }, since(signedIn))
          : t('admin.never'),
      ),
      sessions === undefined ? null : fact('admin.sessions', t('admin.sessions_count', { count: sessions })),
      this.#waysIn(person),
      person.otp_enabled === undefined
        ? null
        : fact('admin.codes', t(person.otp_enabled ? 'admin.on' : 'admin.off')),
      person.email_verified === undefined
        ? null
        : fact('admin.address', t(person.email_verified ? 'admin.confirmed' : 'admin.not_confirmed')),
      fact('admin.language', languageName),
      fact('admin.made', date(person.created_at)),
      fact('admin.id', h('code', {}, person.id)),
    );
  }

  /** @param {Person} person */
  #waysIn({ has_password: hasPassword, providers }) {
    // Without a word about providers, nothing is said about how many ways there are.
    if (providers === undefined) {
      return fact('admin.password', t(hasPassword === false ? 'admin.not_chosen' : 'admin.password_chosen'));
    }
    const ways = [...(hasPassword === false ? [] : [t('admin.password')]), ...providers.map(visible)];
    return fact('admin.sign_in_with', ways.length > 0 ? ways.join(', ') : t('admin.no_way_in'));
  }

  /** @param {Person} person */
  #groups(person) {
    return h(
      'span',
      { class: 'chips' },
      ...person.groups.map(({ id, name }) =>
        h(
          'span',
          { class: 'chip' },
          h('a', { href: administrationPath(['groups', id]) }, foreign(name)),
          h(
            'button',
            {
              type: 'button',
              label: ['admin.take_out_of', { group: name }],
              onclick: () => this.#takeOut(person, id),
            },
            icon('close'),
          ),
        )
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'button small',
          'data-part': 'add-group',
          onclick: () => addToGroup(person, this.#following(person)).catch(toastError),
        },
        icon('plus'),
        h('span', { text: 'admin.add_to_group' }),
      ),
    );
  }

  /**
   * @param {Person} person
   * @param {string} group
   */
  async #takeOut(person, group) {
    try {
      await removeMember(group, person.id);
      this.#following(person).changed({ ...person, groups: person.groups.filter(({ id }) => id !== group) });
      /** @type {HTMLElement | null} */ (this.element.querySelector('[data-part="add-group"]'))?.focus();
      toast('admin.taken_out');
    } catch (error) {
      toastError(error);
    }
  }

  #drawAudit() {
    if (!this.#audit) return;
    const { did, was } = this.#audit;
    replace(
      this.history,
      this.#entries('admin.audit_did', did, { actor: this.id }),
      this.#entries('admin.audit_was', was, { target: this.id }),
    );
  }

  /**
   * @param {string} title
   * @param {AuditEntry[]} entries
   * @param {Record<string, string>} filter
   */
  #entries(title, entries, filter) {
    return h(
      'section',
      {},
      h('h2', { text: title }),
      entries.length > 0 ? entryList(entries) : h('p', { class: 'quiet', text: 'admin.audit_none' }),
      entries.length > 0
        ? h('a', {
          class: 'button small',
          href: administrationPath(['audit'], filter),
          text: 'admin.all_in_audit',
        })
        : null,
    );
  }
}

/**
 * @param {string} label
 * @param {...import('../../lib/dom.js').Child} content
 */
function fact(label, ...content) {
  return h('div', {}, h('dt', { text: label }), h('dd', {}, ...content));
}

/** The shape of what is coming. */
function bones() {
  return h(
    'div',
    { class: 'person-facts', 'aria-hidden': 'true' },
    ...Array.from({ length: 8 }, () => h('div', {}, h('div', { class: 'bone line' }))),
  );
}

/** What an administrator can do with one person, in the list and on the person's own page. */
import { radios } from '../../components/choices.js';
import { ask } from '../../components/dialogs.js';
import { Field, textField } from '../../components/field.js';
import { toast, toastError } from '../../components/toast.js';
import {
  addMember,
  allGroups,
  changePerson,
  getPerson,
  removePerson,
  resetPerson,
  signOutPerson,
  whatRemovalTakes,
} from '../../lib/administration.js';
import { h } from '../../lib/dom.js';
import { handOut } from './handing-out.js';
import { nameOf, roles } from './names.js';
import { removalLines, sameName } from './removal.js';

/** @typedef {import('../../lib/administration.js').Person} Person */
/** @typedef {import('../../components/menu-button.js').MenuItem} MenuItem */
/**
 * @typedef {object} Following what the page does when something has been done
 * @property {(person: Person) => void} changed
 * @property {(person: Person) => void} removed
 * @property {(error: unknown) => void} failed
 */

/**
 * @param {Person} person as it is now
 * @param {{ user: { id: string } }} context
 * @param {Following} following
 * @returns {MenuItem[]}
 */
export function personActions(person, context, following) {
  const isMe = person.id === context.user.id;
  /** @param {() => Promise<void>} action */
  const doing = (action) => () => void action().catch(following.failed);
  /** @type {(MenuItem | false | undefined)[]} */
  const items = [
    { text: 'admin.change_role', icon: 'people', act: () => changeRole(person, context, following) },
    { text: 'admin.add_to_group', icon: 'group', act: doing(() => addToGroup(person, following)) },
    person.is_locked && {
      text: 'admin.unlock',
      icon: 'unlock',
      act: doing(() => change(person, { unlock: true }, 'admin.unlocked', following)),
    },
    !isMe && person.is_disabled && {
      text: 'admin.enable',
      icon: 'check',
      act: doing(() => change(person, { disabled: false }, 'admin.enabled', following)),
    },
    !isMe && { text: 'admin.reset', icon: 'key', act: () => reset(person) },
    !isMe && person.otp_enabled && {
      text: 'admin.codes_off',
      icon: 'key',
      act: () => switchCodesOff(person, following),
    },
    !isMe && { text: 'admin.sign_out', icon: 'sign-out', act: () => signOut(person, following) },
    !isMe && !person.is_disabled && {
      text: 'admin.disable',
      icon: 'close',
      danger: true,
      act: () => disable(person, following),
    },
    !isMe &&
    { text: 'admin.remove', icon: 'trash', danger: true, act: doing(() => remove(person, following)) },
  ];
  return items.filter((item) => item !== false && item !== undefined);
}

/** What a toast calls them. @param {Person} person */
function called(person) {
  return { name: nameOf(person) };
}

/**
 * @param {Person} person
 * @param {Parameters<typeof changePerson>[1]} changes
 * @param {string} done a message with `{name}`
 * @param {Following} following
 */
async function change(person, changes, done, following) {
  following.changed({ ...person, ...await changePerson(person.id, changes) });
  toast(done, called(person));
}

/**
 * The page follows only when the dialog is gone and the focus is back: what is drawn anew takes it over.
 * @param {Person} person
 * @param {Omit<Parameters<typeof ask>[0], 'act'>} question
 * @param {() => Promise<Person>} act answers the person as they are then
 * @param {[string, import('../../lib/i18n.js').Values?]} done a message with `{name}`, and further values
 * @param {Following} following
 */
async function askAndDo(person, question, act, [done, values = {}], following) {
  let now = person;
  const isDone = await ask({
    ...question,
    act: async () => {
      now = await act();
    },
  });
  if (!isDone) return;
  following.changed(now);
  toast(done, { ...called(person), ...values });
}

/**
 * @param {Person} person
 * @param {{ user: { id: string } }} context
 * @param {Following} following
 */
export async function changeRole(person, context, following) {
  const choice = roleRadios(person.role);
  const isMe = person.id === context.user.id;
  await askAndDo(
    person,
    {
      title: ['admin.role_of', called(person)],
      confirm: 'action.save',
      body: [choice.element, isMe && h('p', { class: 'warning', text: 'admin.own_role' })],
    },
    async () => ({ ...person, ...await changePerson(person.id, { role: choice.value() }) }),
    ['admin.role_changed'],
    following,
  );
}

/** @param {string} chosen */
export function roleRadios(chosen) {
  const choices = roles.map((role) => ({
    value: role,
    text: `role.${role}`,
    hint: `role.${role}_hint`,
  }));
  return radios('admin.role', choices, chosen);
}

/**
 * @param {Person} person
 * @param {Following} following
 */
export async function addToGroup(person, following) {
  const inAlready = new Set(person.groups.map(({ id }) => id));
  const groups = (await allGroups()).filter(({ id }) => !inAlready.has(id));
  if (groups.length === 0) return toast('admin.no_other_groups');
  const field = groupField(groups);
  const name = () => groups.find(({ id }) => id === field.value)?.name ?? '';
  const values = { group: '' };
  await askAndDo(
    person,
    { title: ['admin.add_to_group_of', called(person)], confirm: 'action.add', fields: [field] },
    async () => {
      await addMember(field.value, person.id);
      values.group = name();
      return { ...person, groups: [...person.groups, { id: field.value, name: name() }] };
    },
    ['admin.added_to_group', values],
    following,
  );
}

/** @param {import('../../lib/administration.js').Group[]} groups */
export function groupField(groups) {
  return new Field({
    label: 'admin.group',
    control: h(
      'select',
      { class: 'input select', name: 'group' },
      ...groups.map(({ id, name }) => h('option', { value: id }, name)),
    ),
  });
}

/** @param {Person} person */
async function reset(person) {
  /** @type {import('../../lib/administration.js').HandedOut} */
  let answer = {};
  const isDone = await ask({
    title: ['admin.reset_question', called(person)],
    confirm: 'admin.reset_confirm',
    body: [h('p', { text: 'admin.reset_hint' })],
    act: async () => {
      answer = await resetPerson(person.id);
    },
  });
  if (!isDone) return;
  const title = /** @type {[string, { name: string }]} */ (['admin.reset_link', called(person)]);
  await handOut({ title, answer, to: person.email, mailed: 'admin.reset_mailed' });
}

/**
 * @param {Person} person
 * @param {Following} following
 */
async function switchCodesOff(person, following) {
  await askAndDo(
    person,
    {
      title: ['admin.codes_off_question', called(person)],
      confirm: 'admin.codes_off_confirm',
      danger: true,
      body: [h('p', { text: 'admin.codes_off_hint' })],
    },
    async () => ({ ...person, ...await changePerson(person.id, { otp_enabled: false }) }),
    ['admin.codes_are_off'],
    following,
  );
}

/**
 * @param {Person} person
 * @param {Following} following
 */
async function signOut(person, following) {
  await askAndDo(
    person,
    {
      title: ['admin.sign_out_question', called(person)],
      confirm: 'admin.sign_out_confirm',
      body: [h('p', { text: 'admin.sign_out_hint' })],
    },
    async () => {
      await signOutPerson(person.id);
      return person.session_count === undefined ? person : { ...person, session_count: 0 };
    },
    ['admin.signed_out'],
    following,
  );
}

/**
 * @param {Person} person
 * @param {Following} following
 */
async function disable(person, following) {
  await askAndDo(
    person,
    {
      title: ['admin.disable_question', called(person)],
      confirm: 'admin.disable',
      danger: true,
      body: [h('p', { text: 'admin.disable_hint' })],
    },
    async () => ({ ...person, ...await changePerson(person.id, { disabled: true }) }),
    ['admin.disabled'],
    following,
  );
}

/**
 * Says what goes and what stays, and asks for the name: nobody removes a person by a slip.
 * @param {Person} person
 * @param {Following} following
 */
async function remove(person, following) {
  const removal = await whatRemovalTakes(person.id);
  const { goes, videos } = removalLines(removal);
  const choice = radios(['admin.remove_videos', { count: videos }], [
    { value: 'keep', text: 'admin.keep_videos', hint: 'admin.keep_videos_hint' },
    { value: 'remove', text: 'admin.remove_videos_too', hint: 'admin.remove_videos_hint' },
  ], 'keep');
  const name = nameOf(person);
  const typed = textField({
    label: ['admin.type_name', { name }],
    name: 'name',
    input: { autocomplete: 'off', spellcheck: 'false', 'data-testid': 'typed-name' },
  });
  const done = await ask({
    title: ['admin.remove_question', { name }],
    confirm: 'admin.remove_confirm',
    danger: true,
    body: [
      lines('admin.removal_goes', [['admin.removal_account', {}], ...goes.map(counted)]),
      lines('admin.removal_stays', [['admin.removal_audit', {}]]),
      videos > 0 && choice.element,
    ],
    fields: [typed],
    check: () => sameName(typed.value, name) || typed.value === '' ? null : 'admin.name_differs',
    act: () => removePerson(person.id, choice.value() === 'remove' ? 'remove' : 'keep'),
  });
  if (!done) return;
  following.removed(person);
  toast('admin.removed', { name });
}

/** @param {import('./removal.js').Line} line @returns {[string, { count: number }]} */
function counted({ key, count }) {
  return [key, { count }];
}

/**
 * @param {string} title
 * @param {import('../../components/field.js').Text[]} items
 */
function lines(title, items) {
  return h(
    'div',
    { class: 'removal' },
    h('h3', { text: title }),
    h('ul', {}, ...items.map((text) => h('li', { text }))),
  );
}

/**
 * For pages: what went wrong with one person, who may be gone meanwhile.
 * @param {Person} person
 * @param {{ session: { check: () => Promise<void> } }} context
 */
export function failing(person, context) {
  return async (/** @type {unknown} */ error) => {
    toastError(error);
    await context.session.check().catch(() => {});
    return await getPerson(person.id).catch(() => null);
  };
}

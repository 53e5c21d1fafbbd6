/** Forms that send themselves: what is missing, what was refused and where, and that something is under way. */
import { h, icon } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { ApiError } from '../lib/api.js';
import { explain } from '../lib/problem.js';

/** @typedef {import('./field.js').Field | import('./field.js').CheckGroup | import('./cover-field.js').CoverField} FormPart */

/** A line that says what is wrong with the whole. */
export class Complaint {
  constructor() {
    this.words = h('span');
    this.element = h('p', { class: 'complaint', role: 'alert', hidden: true }, icon('alert'), this.words);
  }

  /** @param {string} text */
  say(text) {
    this.words.textContent = text;
    this.element.hidden = false;
    // It may stand below what is seen of a long page or dialog.
    this.element.scrollIntoView({ block: 'nearest' });
  }

  clear() {
    this.element.hidden = true;
    this.words.textContent = '';
  }
}

/**
 * The listener of a form's `submit`. Fields are checked, then `act` is called; what it throws is shown at the fields that it
 * is about, or in the complaint, and what is wrong first has the focus.
 * @param {object} options
 * @param {FormPart[]} [options.fields]
 * @param {Complaint} options.complaint
 * @param {HTMLButtonElement} options.submit
 * @param {() => string | null} [options.check] a message key for what is still wrong
 * @param {() => Promise<void>} options.act
 * @param {(error: unknown) => boolean} [options.failed] answers whether it has dealt with the error
 */
export function submission(
  { fields = [], complaint, submit, check = () => null, act, failed = () => false },
) {
  let isUnderWay = false;
  return async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (isUnderWay) return;
    complaint.clear();
    for (const field of fields) field.clear();
    const wrong = check();
    if (!areComplete(fields)) return;
    if (wrong !== null) return complaint.say(t(wrong));
    isUnderWay = true;
    submit.setAttribute('aria-busy', 'true');
    for (const field of fields) field.settle();
    try {
      await act();
    } catch (error) {
      if (!failed(error)) place(error, fields, complaint);
    } finally {
      isUnderWay = false;
      submit.removeAttribute('aria-busy');
    }
  };
}

/** @param {FormPart[]} fields */
function areComplete(fields) {
  const wrong = fields.filter((field) => {
    const problem = isInUse(field) ? field.problem() : null;
    if (problem !== null) field.complain(t(problem));
    return problem !== null;
  });
  wrong[0]?.control.focus();
  return wrong.length === 0;
}

/** @param {FormPart} field */
function isInUse(field) {
  return !field.element.hidden;
}

/**
 * In contrast to what a page loads, a form is not sent again by itself.
 * @param {unknown} error
 */
function reason(error) {
  return error instanceof ApiError && error.code === 'offline' ? t('form.offline') : explain(error);
}

/** Problems that are about one field, whose name the server does not say. @type {Record<string, string[]>} */
const fieldsOf = { otp_wrong: ['otp', 'code'], email_taken: ['email'], domain_not_allowed: ['email'] };

/**
 * @param {unknown} error
 * @param {FormPart[]} fields
 * @param {Complaint} complaint
 */
function place(error, fields, complaint) {
  const problems = error instanceof ApiError ? error.fields : [];
  const code = error instanceof ApiError ? error.code : '';
  const refused = fields.filter((field) => {
    if (!isInUse(field)) return false;
    const problem = problems.find((each) => each.field === field.name);
    if (problem) field.refuse(problem);
    else if (fieldsOf[code]?.includes(field.name)) field.complain(explain(error));
    else return false;
    return true;
  });
  const [first] = refused;
  first?.control.focus();
  if (first?.control instanceof HTMLInputElement) first.control.select();
  const isTold = refused.length > 0 &&
    problems.every(({ field }) => refused.some((each) => each.name === field));
  if (!isTold) complaint.say(reason(error));
}

/**
 * A form with its fields, its complaint and its button.
 * @param {object} options
 * @param {FormPart[]} options.fields
 * @param {string} options.submit a message key
 * @param {() => Promise<void>} options.act may throw
 * @param {(error: unknown, complaint: Complaint) => boolean} [options.failed] answers whether it has dealt with the error
 * @param {string} [options.className]
 * @param {(Node | null | false)[]} [options.before] what stands above the fields
 */
export function form({ fields, submit, act, failed, className = 'form', before = [] }) {
  const complaint = new Complaint();
  const button = h('button', { class: 'button primary', type: 'submit', text: submit });
  return h(
    'form',
    {
      method: 'post',
      class: className,
      novalidate: true,
      onsubmit: submission({
        fields,
        complaint,
        submit: button,
        act,
        failed: failed && ((error) => failed(error, complaint)),
      }),
    },
    ...before,
    ...fields.map((field) => field.element),
    complaint.element,
    button,
  );
}

/** A control with its label, of a form that checks what it sends and says what was refused. */
import { freshId, h } from '../lib/dom.js';
import { explainField } from '../lib/problem.js';

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */
/** @typedef {string | [string, import('../lib/i18n.js').Values]} Text a message key, or a key and its values */

/**
 * The control's `name` is that of the field in the API, by which the server's problems find their place; `required` and the
 * type `email` are checked before anything is sent.
 */
export class Field {
  /**
   * @param {object} options
   * @param {Text} options.label
   * @param {Control} options.control
   * @param {Text | HTMLElement | null} [options.hint]
   * @param {HTMLElement} [options.frame] what stands in the place of the control and holds it
   */
  constructor({ label, control, hint = null, frame = control }) {
    this.control = control;
    control.id ||= freshId('field');
    const parts = hint === null || hint instanceof HTMLElement ? hint : h('p', { text: hint });
    parts?.classList.add('field-hint');
    this.error = h('p', { class: 'field-error', id: `${control.id}-error`, hidden: true });
    this.element = h(
      'div',
      { class: 'field' },
      h('label', { for: control.id, class: 'field-label', text: label }),
      frame,
      parts,
      this.error,
    );
    if (parts) parts.id = `${control.id}-hint`;
    this.hintId = parts?.id ?? '';
    this.#describe();
    control.addEventListener('input', () => this.clear());
  }

  get name() {
    return this.control.name;
  }

  get value() {
    return this.control.value;
  }

  /** A message key for what is wrong with the value, as far as the page can tell. @returns {string | null} */
  problem() {
    const { validity } = this.control;
    if (validity.valueMissing) return 'field.required';
    if (validity.typeMismatch) return 'field.invalid_email';
    return null;
  }

  /** Called before the value is sent. */
  settle() {}

  /** @param {import('../lib/api.js').FieldProblem} problem */
  refuse(problem) {
    this.complain(explainField(problem));
  }

  /** @param {string} text */
  complain(text) {
    this.error.textContent = text;
    this.error.hidden = false;
    this.mark();
  }

  /** Something is wrong with the value; what it is, is said elsewhere. */
  mark() {
    this.control.setAttribute('aria-invalid', 'true');
    this.#describe();
  }

  clear() {
    this.error.hidden = true;
    this.control.removeAttribute('aria-invalid');
    this.#describe();
  }

  #describe() {
    const ids = [this.error.hidden ? '' : this.error.id, this.hintId].filter((id) => id !== '');
    if (ids.length > 0) this.control.setAttribute('aria-describedby', ids.join(' '));
    else this.control.removeAttribute('aria-describedby');
  }
}

/**
 * A field for one line of text.
 * @param {object} options
 * @param {Text} options.label
 * @param {string} options.name
 * @param {Text | HTMLElement | null} [options.hint]
 * @param {Record<string, unknown>} [options.input] further attributes of the input
 */
export function textField({ label, name, hint = null, input = {} }) {
  return new Field({
    label,
    hint,
    control: h('input', { class: 'input', type: 'text', name, required: true, ...input }),
  });
}

/**
 * A field for one of a few choices.
 * @param {object} options
 * @param {Text} options.label
 * @param {string} options.name
 * @param {Text | HTMLElement | null} [options.hint]
 * @param {HTMLOptionElement[]} options.choices
 */
export function choiceField({ label, name, hint = null, choices }) {
  return new Field({ label, hint, control: h('select', { class: 'input select', name }, ...choices) });
}

/** A field for the six digits of an authenticator. @param {{ name?: string }} [options] */
export function codeField({ name = 'code' } = {}) {
  return textField({
    label: 'codes.code',
    hint: 'codes.code_hint',
    name,
    input: {
      class: 'input code-input',
      inputmode: 'numeric',
      autocomplete: 'one-time-code',
      maxlength: 16,
      spellcheck: 'false',
    },
  });
}

/** A field for one of the codes that stand in for an authenticator. @param {{ name?: string }} [options] */
export function recoveryCodeField({ name = 'code' } = {}) {
  return textField({
    label: 'codes.recovery_code',
    hint: 'codes.recovery_code_hint',
    name,
    input: { class: 'input code-input', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' },
  });
}

/** Boxes to tick; to a form the same as a field. */
export class CheckGroup {
  /**
   * @param {object} options
   * @param {Text} options.label
   * @param {string} options.name
   * @param {{ value: string, text: Text | Node, hint?: string, isChecked?: boolean }[]} options.choices
   * @param {Text | null} [options.hint]
   * @param {boolean} [options.required] at least one must be ticked
   * @param {string} [options.className]
   */
  constructor({ label, name, choices, hint = null, required = true, className = '' }) {
    this.name = name;
    this.isRequired = required;
    this.hint = hint === null ? null : h('p', { class: 'field-hint', id: freshId('hint'), text: hint });
    this.error = h('p', { class: 'field-error', id: freshId('error'), hidden: true });
    this.boxes = choices.map(({ value, isChecked }) =>
      h('input', { type: 'checkbox', id: freshId('box'), name, value, checked: isChecked ?? false })
    );
    this.control = this.boxes[0];
    this.element = h(
      'fieldset',
      { class: `field checks ${className}`.trim() },
      h('legend', { class: 'field-label', text: label }),
      this.hint,
      h(
        'div',
        { class: 'check-list' },
        ...choices.map(({ text, hint }, place) => {
          const id = `${this.boxes[place].id}-hint`;
          if (hint) this.boxes[place].setAttribute('aria-describedby', id);
          return h(
            'div',
            { class: 'check' },
            this.boxes[place],
            text instanceof Node
              ? h('label', { for: this.boxes[place].id }, text)
              : h('label', { for: this.boxes[place].id, text }),
            hint ? h('p', { class: 'field-hint', id, text: hint }) : null,
          );
        }),
      ),
      this.error,
    );
    this.#describe();
    this.element.addEventListener('change', () => this.clear());
  }

  /** @returns {string[]} */
  get values() {
    return this.boxes.filter((box) => box.checked).map((box) => box.value);
  }

  problem() {
    return this.isRequired && this.values.length === 0 ? 'field.choose_one' : null;
  }

  settle() {}

  /** @param {import('../lib/api.js').FieldProblem} problem */
  refuse(problem) {
    this.complain(explainField(problem));
  }

  /** @param {string} text */
  complain(text) {
    this.error.textContent = text;
    this.error.hidden = false;
    this.#describe();
  }

  clear() {
    this.error.hidden = true;
    this.#describe();
  }

  #describe() {
    const ids = [this.error.hidden ? '' : this.error.id, this.hint?.id ?? ''].filter((id) => id !== '');
    if (ids.length > 0) this.element.setAttribute('aria-describedby', ids.join(' '));
    else this.element.removeAttribute('aria-describedby');
  }
}

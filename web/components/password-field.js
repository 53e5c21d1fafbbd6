/** A field for a password, which can be shown, and which says what a new one must be. */
import { h, icon, setIcon } from '../lib/dom.js';
import { bind, t } from '../lib/i18n.js';
import { requirements } from '../lib/password-policy.js';
import { Field } from './field.js';

/** @typedef {import('../lib/account.js').PasswordRules} PasswordRules */

export class PasswordField extends Field {
  #conceal;

  /**
   * @param {object} [options]
   * @param {import('./field.js').Text} [options.label]
   * @param {string} [options.name]
   * @param {PasswordRules | null} [options.rules] for a new password
   * @param {import('./field.js').Text | null} [options.hint]
   */
  constructor({ label = 'signin.password', name = 'password', rules = null, hint = null } = {}) {
    const input = h('input', {
      class: 'input',
      type: 'password',
      name,
      autocomplete: rules ? 'new-password' : 'current-password',
      autocapitalize: 'none',
      spellcheck: 'false',
      required: true,
    });
    const { button, conceal } = revealer(input);
    const list = rules ? requirementList(input, rules) : null;
    super({
      label,
      control: input,
      hint: list ?? hint,
      frame: h('div', { class: 'password' }, input, button),
    });
    this.#conceal = conceal;
    this.rules = rules;
  }

  /** @override */
  problem() {
    const missing = super.problem();
    if (missing !== null || this.rules === null) return missing;
    const isEnough = requirements(this.value, this.rules).every(({ isMet }) => isMet);
    return isEnough ? null : 'password.not_enough';
  }

  /**
   * What is readable when it is sent would be kept by browsers as a text that was entered.
   * @override
   */
  settle() {
    this.#conceal();
  }
}

/** @param {HTMLInputElement} input */
function revealer(input) {
  const symbol = icon('eye');
  const button = h('button', { type: 'button', class: 'icon-button', 'aria-pressed': 'false' }, symbol);
  /** @param {boolean} isShown */
  const show = (isShown) => {
    input.type = isShown ? 'text' : 'password';
    setIcon(symbol, isShown ? 'eye-off' : 'eye');
    button.setAttribute('aria-pressed', String(isShown));
    bind(button, 'title', isShown ? 'password.hide' : 'password.show');
  };
  bind(button, 'aria-label', 'password.show');
  button.addEventListener('click', () => show(input.type === 'password'));
  show(false);
  return { button, conceal: () => show(false) };
}

/**
 * @param {HTMLInputElement} input
 * @param {PasswordRules} rules
 */
function requirementList(input, rules) {
  const list = h('ul', { class: 'requirements' });
  const status = h('p', { class: 'unseen', role: 'status' });
  const items = requirements('', rules).map(({ rule }) => {
    const done = h('span', { class: 'unseen', text: 'password.met', hidden: true });
    const item = h(
      'li',
      {},
      icon('check'),
      h('span', { text: [`password.rule_${rule}`, { count: rules.minimum_length }] }),
      done,
    );
    list.append(item);
    return { item, done };
  });
  let left = items.length;
  input.addEventListener('input', () => {
    const found = requirements(input.value, rules);
    found.forEach(({ isMet }, place) => {
      items[place].item.classList.toggle('met', isMet);
      items[place].done.hidden = !isMet;
    });
    const nowLeft = found.filter(({ isMet }) => !isMet).length;
    // Only what is news is spoken.
    if (nowLeft !== left) status.textContent = t('password.left', { count: nowLeft });
    left = nowLeft;
  });
  return h('div', {}, list, status);
}

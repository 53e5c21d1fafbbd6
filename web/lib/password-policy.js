/**
 * What a new password must be, told while one types. The server decides, and knows more: which passwords are common, and
 * which the person had before.
 */

/** @typedef {import('./account.js').PasswordRules} PasswordRules */
/** @typedef {{ rule: 'length' | 'upper' | 'lower' | 'digit' | 'special', isMet: boolean }} Requirement */

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * @param {string} password
 * @param {PasswordRules} rules
 * @returns {Requirement[]} always the same ones in the same order
 */
export function requirements(password, { policy, minimum_length }) {
  const isLongEnough = [...characters.segment(password)].length >= minimum_length;
  if (policy === 'length') return [{ rule: 'length', isMet: isLongEnough }];
  return [
    { rule: 'length', isMet: isLongEnough },
    { rule: 'upper', isMet: /\p{Lu}/u.test(password) },
    { rule: 'lower', isMet: /\p{Ll}/u.test(password) },
    { rule: 'digit', isMet: /\p{N}/u.test(password) },
    { rule: 'special', isMet: /[^\p{L}\p{M}\p{N}]/u.test(password) },
  ];
}

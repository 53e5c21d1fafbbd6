/**
 * Every text a person reads comes from `web/i18n/*.json`. A message is a string with `{placeholders}`, or an object of
 * plural forms chosen by `count`. Elements remember which message they show, so that a new language needs no reload.
 */
import { recall, remember } from './preferences.js';
import { isolated } from './visible.js';

/** @typedef {string | Record<string, string>} Message */
/** @typedef {Record<string, string | number>} Values */
/** @typedef {{ key: string, values: Values }} Binding */

/** The languages, each by its own name. */
export const languages = Object.freeze({ en: 'English', es: 'Español', ru: 'Русский' });

/** @type {Record<string, Message>} */
let messages = {};
let current = 'en';
/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {WeakMap<Element, Map<string, Binding>>} */
const bindings = new WeakMap();

export function locale() {
  return current;
}

/**
 * The chosen language, else the first of the browser's that we speak.
 * @param {readonly string[]} wanted
 */
export function preferredLocale(wanted = navigator.languages) {
  const chosen = recall('locale');
  const known = [chosen ?? '', ...wanted].map((tag) => tag.toLowerCase().split('-')[0]);
  return known.find((tag) => Object.hasOwn(languages, tag)) ?? 'en';
}

/** @param {string} next */
export async function loadLocale(next = preferredLocale()) {
  const response = await fetch(new URL(`../i18n/${next}.json`, import.meta.url));
  if (!response.ok) throw new Error(`no translation file for ${next}`);
  useMessages(next, await response.json());
}

/**
 * @param {string} next
 * @param {Record<string, Message>} table
 */
export function useMessages(next, table) {
  messages = table;
  current = next;
  if (typeof document === 'undefined') return;
  document.documentElement.lang = next;
  localize(document);
  for (const listener of listeners) listener();
}

/** @param {string} next */
export async function chooseLocale(next) {
  await loadLocale(next);
  remember('locale', next);
}

/**
 * Called after each change of language; answers the function that ends it.
 * @param {() => void} listener
 */
export function onLocaleChange(listener) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** @param {string} key */
export function has(key) {
  return Object.hasOwn(messages, key);
}

/**
 * @param {string} key
 * @param {Values} [values]
 */
export function t(key, values = {}) {
  if (!has(key)) return key;
  const message = messages[key];
  return fill(typeof message === 'string' ? message : pluralForm(message, values), values);
}

/**
 * The message cut at its placeholders, for sentences that have elements in them.
 * @param {string} key
 * @returns {(string | { name: string })[]}
 */
export function pieces(key) {
  const message = has(key) ? messages[key] : key;
  const text = typeof message === 'string' ? message : message.other ?? '';
  return text.split(/(\{\w+\})/).filter((piece) => piece !== '')
    .map((piece) => /^\{\w+\}$/.test(piece) ? { name: piece.slice(1, -1) } : piece);
}

/**
 * @param {Record<string, string>} forms
 * @param {Values} values
 */
function pluralForm(forms, values) {
  const form = new Intl.PluralRules(current).select(Number(values.count ?? 0));
  return forms[form] ?? forms.other ?? '';
}

/**
 * @param {string} text
 * @param {Values} values
 */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    if (!Object.hasOwn(values, name)) return whole;
    const value = values[name];
    return typeof value === 'number' ? new Intl.NumberFormat(current).format(value) : isolated(value);
  });
}

/**
 * Shows a message in an element's text or in one of its attributes, now and after a change of language.
 * @param {Element} element
 * @param {string} target 'text' or an attribute's name
 * @param {string} key
 * @param {Values} [values]
 */
export function bind(element, target, key, values = {}) {
  const bound = bindings.get(element) ?? new Map();
  bound.set(target, { key, values });
  bindings.set(element, bound);
  element.setAttribute('data-t', '');
  show(element, target, { key, values });
}

/** @param {ParentNode} root */
export function localize(root) {
  for (const element of root.querySelectorAll('[data-t]')) {
    for (const [target, binding] of bindings.get(element) ?? []) show(element, target, binding);
  }
}

/**
 * @param {Element} element
 * @param {string} target
 * @param {Binding} binding
 */
function show(element, target, { key, values }) {
  if (target === 'text') element.textContent = t(key, values);
  else element.setAttribute(target, t(key, values));
}

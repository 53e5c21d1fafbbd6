/** Small ways to build elements: no templates, no HTML from strings. */
import { bind, pieces } from './i18n.js';
import { visible } from './visible.js';

/** @typedef {Node | string | number | null | undefined | false} Child */

/** Properties that name a message of the translation files, and where it is shown. */
const translated = /** @type {Record<string, string>} */ ({
  text: 'text',
  label: 'aria-label',
  tip: 'title',
  hint: 'placeholder',
  alternative: 'alt',
});

/**
 * Builds an element. `text`, `label`, `tip`, `hint` and `alternative` take a message key or `[key, values]`;
 * `onclick` and the like add listeners; all else are attributes (true: empty, false or null: left out).
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) apply(element, name, value);
  add(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
function apply(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (Object.hasOwn(translated, name)) {
    const [key, values] = Array.isArray(value) ? value : [String(value), {}];
    bind(element, translated[name], key, values);
  } else if (typeof value === 'function') {
    element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
  } else {
    element.setAttribute(name === 'className' ? 'class' : name, value === true ? '' : String(value));
  }
}

/**
 * @param {ParentNode} parent
 * @param {Child[]} children
 */
export function add(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(typeof child === 'number' ? String(child) : child);
  }
}

/**
 * @param {ParentNode} parent
 * @param {...Child} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren();
  add(parent, children);
}

/**
 * Words of other people (a title, the name of a file or of a person): isolated from what stands beside them, and with
 * nothing hidden in them.
 * @param {string} text
 */
export function foreign(text) {
  return h('bdi', {}, visible(text));
}

/**
 * A message with elements in place of its placeholders, in the order of the language.
 * @param {string} key
 * @param {Record<string, Child>} parts
 * @returns {Child[]}
 */
export function sentence(key, parts) {
  return pieces(key).map((piece) => typeof piece === 'string' ? piece : parts[piece.name] ?? null);
}

const svg = 'http://www.w3.org/2000/svg';
const sheet = new URL('../icons.svg', import.meta.url).pathname;

/**
 * One of the symbols of `web/icons.svg`; decoration only, so the control around it carries the name.
 * @param {string} name
 * @param {string} [className]
 */
export function icon(name, className = 'icon') {
  const element = document.createElementNS(svg, 'svg');
  element.setAttribute('class', className);
  element.setAttribute('aria-hidden', 'true');
  element.setAttribute('focusable', 'false');
  element.append(document.createElementNS(svg, 'use'));
  setIcon(element, name);
  return element;
}

/**
 * @param {Element} element
 * @param {string} name
 */
export function setIcon(element, name) {
  const reference = `${sheet}#${name}`;
  const use = element.querySelector('use');
  if (use && use.getAttribute('href') !== reference) use.setAttribute('href', reference);
}

/** An id nothing else on the page has. */
let count = 0;
/** @param {string} prefix */
export function freshId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
}

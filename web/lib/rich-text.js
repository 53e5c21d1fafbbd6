/**
 * HTML that the server made of what people wrote (Markdown). The server lets only a few elements through; here it is read once
 * more by a parser that runs nothing and loads nothing, and only those few are built anew, so that neither has to be trusted.
 */
import { h } from './dom.js';

/** Of these nothing but the name is taken. */
const plain = new Set([
  'p',
  'br',
  'h3',
  'h4',
  'h5',
  'ul',
  'ol',
  'li',
  'blockquote',
  'pre',
  'code',
  'hr',
  'strong',
  'em',
]);

/**
 * @param {string} html
 * @returns {(Node | string)[]}
 */
export function richText(html) {
  return copies(new DOMParser().parseFromString(html, 'text/html').body);
}

/** @param {Node} parent */
function copies(parent) {
  return [...parent.childNodes].flatMap(copy);
}

/**
 * @param {Node} node
 * @returns {(Node | string)[]}
 */
function copy(node) {
  if (node.nodeType === Node.TEXT_NODE) return [node.nodeValue ?? ''];
  if (!(node instanceof Element)) return [];
  const name = node.localName;
  const content = copies(node);
  if (name === 'a') return [link(node.getAttribute('href') ?? '', content)];
  if (!plain.has(name)) return content;
  const start = name === 'ol' ? Number.parseInt(node.getAttribute('start') ?? '1', 10) || 1 : null;
  return [h(/** @type {'p'} */ (name), start === null ? {} : { start }, ...content)];
}

/**
 * @param {string} address
 * @param {(Node | string)[]} content
 */
function link(address, content) {
  const href = writtenAddress(address);
  if (href === null) return h('span', {}, ...content);
  return h('a', { href, rel: 'nofollow noopener noreferrer' }, ...content);
}

/**
 * An address that somebody wrote: of the web, of mail, or a path of ours; null when it is any other.
 * @param {string} address
 * @param {string} [here] the address of this page
 */
export function writtenAddress(address, here = location.href) {
  const url = URL.parse(address, here);
  if (url === null || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return null;
  if (!/^(https?:\/\/|mailto:|\/(?![/\\]))/i.test(address)) return null;
  return url.href;
}

/** What an API token may be made for. */

/** @typedef {import('./account.js').Scope} Scope */

/** A token never may more than its person. @param {string} role @returns {Scope[]} */
export function scopesFor(role) {
  if (role === 'admin') return ['read', 'upload', 'manage', 'administer'];
  return role === 'creator' ? ['read', 'upload', 'manage'] : ['read', 'manage'];
}

/** What the pages offer to whom. The server decides; these only keep from people what it would refuse them. */

/** @param {{ role: string }} user */
export function mayUpload({ role }) {
  return role === 'creator' || role === 'admin';
}

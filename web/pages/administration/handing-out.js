/** A link that lets somebody in. It is told once, so it stays on the screen until it has been taken. */
import { copyField } from '../../components/copy-field.js';
import { showOnce } from '../../components/dialogs.js';
import { toast } from '../../components/toast.js';
import { h } from '../../lib/dom.js';

/**
 * @param {object} options
 * @param {import('../../components/field.js').Text} options.title
 * @param {import('../../lib/administration.js').HandedOut} options.answer
 * @param {string} options.to whom it is for
 * @param {string} options.mailed a message for a toast, with `{email}`
 */
export async function handOut({ title, answer, to, mailed }) {
  if (answer.mailed && !answer.link) return toast(mailed, { email: to });
  if (!answer.link) return;
  const words = answer.mailed ? 'admin.link_mailed' : 'admin.link_to_hand_on';
  await showOnce({
    title,
    confirm: 'admin.link_taken',
    body: [
      h('p', { text: to ? [words, { email: to }] : 'admin.link_for_anybody' }),
      copyField({ label: 'admin.link', text: whole(answer.link), hint: 'admin.link_hint' }),
    ],
  });
}

/**
 * A server that does not know by which name people reach it answers with a path.
 * @param {string} link
 */
function whole(link) {
  return URL.parse(link, location.origin)?.href ?? link;
}

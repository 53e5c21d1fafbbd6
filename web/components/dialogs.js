/** Questions that need an answer before anything else, on the browser's own `<dialog>`. */
import { freshId, h } from '../lib/dom.js';
import { explain } from '../lib/problem.js';
import { t } from '../lib/i18n.js';

/**
 * @param {object} options
 * @param {string} options.title a message key
 * @param {HTMLElement[]} options.body
 * @param {string} options.confirm a message key
 * @param {boolean} [options.danger]
 * @param {() => string | null} [options.check] answers what is still wrong
 * @param {() => Promise<void>} options.act may throw; the dialog then stays and says why
 * @returns {Promise<boolean>} true: done
 */
export function ask({ title, body, confirm, danger = false, check = () => null, act }) {
  const id = freshId('dialog');
  const complaint = h('p', { class: 'complaint', role: 'alert', hidden: true });
  const submit = h('button', {
    type: 'submit',
    class: danger ? 'button danger' : 'button primary',
    text: confirm,
  });
  const cancel = h('button', {
    type: 'button',
    class: 'button',
    text: 'action.cancel',
    onclick: () => dialog.close(),
  });
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': id },
    h(
      'form',
      { method: 'dialog', novalidate: true, onsubmit: send },
      h('h2', { id, text: title }),
      ...body,
      complaint,
      h('div', { class: 'dialog-actions' }, cancel, submit),
    ),
  );
  let done = false;

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const wrong = check();
    complaint.hidden = wrong === null;
    if (wrong !== null) return void (complaint.textContent = t(wrong));
    submit.disabled = true;
    submit.setAttribute('aria-busy', 'true');
    try {
      await act();
      done = true;
      dialog.close();
    } catch (error) {
      complaint.textContent = explain(error);
      complaint.hidden = false;
    } finally {
      submit.disabled = false;
      submit.removeAttribute('aria-busy');
    }
  }

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (danger) cancel.focus();
  });
}

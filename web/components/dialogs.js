/** Questions that need an answer before anything else, on the browser's own `<dialog>`. */
import { freshId, h } from '../lib/dom.js';
import { Complaint, submission } from './form.js';

/**
 * @param {object} options
 * @param {import('./field.js').Text} options.title
 * @param {(Node | null | false)[]} [options.body]
 * @param {import('./form.js').FormPart[]} [options.fields] stand below the body, and show what was refused about them
 * @param {string} options.confirm a message key
 * @param {boolean} [options.danger]
 * @param {() => string | null} [options.check] answers what is still wrong
 * @param {() => Promise<void>} options.act may throw; the dialog then stays and says why
 * @returns {Promise<boolean>} true: done
 */
export function ask({ title, body = [], fields = [], confirm, danger = false, check, act }) {
  const id = freshId('dialog');
  const complaint = new Complaint();
  const submit = h('button', {
    type: 'submit',
    class: danger ? 'button danger' : 'button primary',
    text: confirm,
  });
  const cancel = h('button', {
    type: 'button',
    class: 'button',
    text: 'action.cancel',
    onclick: () => isUnderWay || dialog.close(),
  });
  let done = false;
  let isUnderWay = false;
  const send = submission({
    fields,
    complaint,
    submit,
    check,
    act: async () => {
      isUnderWay = true;
      await act().finally(() => {
        isUnderWay = false;
      });
      done = true;
      dialog.close();
    },
  });
  /**
   * What was sent cannot be called back: who left now would miss what comes of it.
   * @param {Event} event
   */
  function stay(event) {
    if (isUnderWay) event.preventDefault();
  }
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': id, oncancel: stay },
    h(
      'form',
      { method: 'dialog', novalidate: true, onsubmit: send },
      h('h2', { id, text: title }),
      ...body,
      ...fields.map((field) => field.element),
      complaint.element,
      h('div', { class: 'dialog-actions' }, cancel, submit),
    ),
  );
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (fields.length > 0) fields[0].control.focus();
    else if (danger) cancel.focus();
  });
}

/**
 * Shows what is shown only once, such as a token: only its own button ends it, not a slip of the Escape key.
 * @param {object} options
 * @param {import('./field.js').Text} options.title
 * @param {Node[]} options.body
 * @param {string} options.confirm a message key for having taken it
 * @param {string} [options.className]
 * @returns {Promise<void>}
 */
export function showOnce({ title, body, confirm, className = '' }) {
  const id = freshId('dialog');
  const dialog = h(
    'dialog',
    { class: `dialog ${className}`.trim(), 'aria-labelledby': id, oncancel: stay },
    h(
      'div',
      { class: 'dialog-body' },
      // Enter or a space must not close at once what cannot be seen again.
      h('h2', { id, text: title, tabindex: '-1', autofocus: true }),
      ...body,
      h(
        'div',
        { class: 'dialog-actions' },
        h('button', {
          type: 'button',
          class: 'button primary',
          text: confirm,
          onclick: () => dialog.close(),
        }),
      ),
    ),
  );
  /** @param {Event} event */
  function stay(event) {
    event.preventDefault();
  }
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

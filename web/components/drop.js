/** Files may be dropped anywhere; without this the browser would leave the page to show them. */
import { h, icon } from '../lib/dom.js';

/** @param {(files: File[]) => void} take */
export function dropAnywhere(take) {
  const veil = h(
    'div',
    { class: 'drop-veil', hidden: true },
    icon('upload'),
    h('span', { text: 'upload.drop_now' }),
  );
  document.body.append(veil);
  let depth = 0;
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false;
  const show = (/** @type {number} */ next) => {
    depth = Math.max(0, next);
    veil.hidden = depth === 0;
  };
  addEventListener('dragenter', (event) => hasFiles(event) && show(depth + 1));
  addEventListener('dragleave', (event) => hasFiles(event) && show(depth - 1));
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    show(0);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

export const fileTypes = 'video/*,audio/*,.mkv,.mka,.avi,.mov,.ts,.m2ts,.mts,.flv,.wmv,.mxf';

/**
 * A button that opens the system's choice of files.
 * @param {(files: File[]) => void} take
 * @param {{ className?: string, text?: string }} [look]
 */
export function fileChooser(take, { className = 'button primary', text = 'upload.choose' } = {}) {
  const input = h('input', {
    type: 'file',
    multiple: true,
    accept: fileTypes,
    class: 'unseen',
    tabindex: '-1',
    label: text,
    'data-testid': 'file-input',
    onchange: () => {
      take([...(input.files ?? [])]);
      input.value = '';
    },
  });
  const button = h('button', { type: 'button', class: className, text, onclick: () => input.click() });
  return h('span', { class: 'chooser' }, button, input);
}

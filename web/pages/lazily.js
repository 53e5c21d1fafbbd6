/** Pages that are loaded only when somebody opens them. */
import { troubleNote } from '../components/note.js';
import { h, replace } from '../lib/dom.js';
import { t } from '../lib/i18n.js';

/** @typedef {import('../router.js').Context} Context */
/** @typedef {import('../router.js').View} View */
/** @typedef {(context: Context, id: string) => View} MakeView */

/**
 * @param {() => Promise<MakeView>} load
 * @param {string} [layout] a class for the page, which is there before the view
 * @returns {MakeView}
 */
export function lazily(load, layout) {
  return (context, id) => {
    const element = h('div', { 'aria-busy': 'true' });
    /** @type {View | null} */
    let view = null;
    let isOpen = true;

    async function open() {
      try {
        const make = await load();
        if (!isOpen) return;
        view = make(context, id);
        replace(element, view.element);
        context.retitle?.();
      } catch (error) {
        console.error(error);
        // A module that could not be loaded is asked for again only by a new page.
        replace(element, troubleNote('page.error', t('error.offline'), () => location.reload()));
      } finally {
        element.removeAttribute('aria-busy');
      }
    }

    void open();
    const close = () => {
      isOpen = false;
      view?.close?.();
    };
    const mayLeave = async () => (await view?.mayLeave?.()) ?? true;
    return { element, title: () => view?.title() ?? '', close, mayLeave, layout };
  };
}

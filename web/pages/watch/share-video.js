/** The dialog in which those who manage a video make links of it, copy and revoke them. */
import { options } from '../../components/choices.js';
import { copyButton } from '../../components/copy-field.js';
import { choiceField, Field, textField } from '../../components/field.js';
import { Complaint, submission } from '../../components/form.js';
import { foreign, freshId, h, icon, replace } from '../../lib/dom.js';
import { clock, moment } from '../../lib/format.js';
import { t } from '../../lib/i18n.js';
import { explain } from '../../lib/problem.js';
import { visible } from '../../lib/visible.js';
import { createShare, listShares, removeShare } from '../../lib/shares.js';

/** @typedef {import('../../lib/api.js').Video & { has_password?: boolean }} Video */
/** @typedef {import('../../lib/shares.js').Share} Share */

/** @type {[string, string][]} days, and what they are called */
const lifetimes = [['', 'share.never'], ['1', 'share.one_day'], ['7', 'share.one_week'], [
  '30',
  'share.one_month',
]];

/**
 * @param {Video} video
 * @param {number} position seconds at which the player stands
 * @returns {Promise<void>} when the dialog was closed
 */
export function shareVideo(video, position) {
  const id = freshId('dialog');
  const status = h('p', { class: 'unseen', role: 'status' });
  const trouble = new Complaint();
  const list = h('ul', { class: 'share-list', 'aria-busy': 'true', 'data-testid': 'shares' });
  const none = h('p', { class: 'quiet', text: 'share.none', hidden: true });

  function count() {
    none.hidden = list.childElementCount > 0;
  }

  /** @param {Share} share */
  function row(share) {
    const address = h('textarea', {
      class: 'input copy-text',
      readonly: true,
      rows: Math.min(4, Math.ceil(absolute(share.url).length / 26)),
      spellcheck: 'false',
      label: 'share.address',
      onfocus: () => address.select(),
    }, absolute(share.url));
    const revoke = h(
      'button',
      { type: 'button', class: 'button small', 'data-testid': 'revoke', onclick: () => void end() },
      icon('trash'),
      h('span', { text: 'share.revoke' }),
    );
    async function end() {
      trouble.clear();
      revoke.setAttribute('aria-busy', 'true');
      try {
        await removeShare(video.id, share.id);
        element.remove();
        count();
        status.textContent = t('share.revoked');
        heading.focus();
      } catch (error) {
        revoke.removeAttribute('aria-busy');
        trouble.say(explain(error));
      }
    }
    const element = h(
      'li',
      { class: 'share-row' },
      h('div', { class: 'copy-field' }, address, copyButton(() => address.value, { source: address })),
      h('p', { class: 'share-facts' }, ...facts(share).map((fact) => h('span', {}, fact))),
      h(
        'div',
        { class: 'share-actions' },
        share.embed_url &&
          copyButton(() => frame(share.embed_url ?? '', visible(video.title)), { label: 'share.copy_frame' }),
        revoke,
      ),
    );
    return element;
  }

  const form = new WishForm(video, position, async (wish) => {
    list.prepend(row(await createShare(video.id, wish)));
    count();
    status.textContent = t('share.made');
    list.scrollIntoView({ block: 'nearest' });
    /** @type {HTMLElement | null} */ (list.querySelector('[data-testid=copy]'))?.focus();
  });
  const heading = h('h2', { id, tabindex: '-1', text: 'share.title' });
  const dialog = h(
    'dialog',
    { class: 'dialog sharing', 'aria-labelledby': id },
    heading,
    h('p', { class: 'quiet' }, foreign(video.title)),
    status,
    none,
    list,
    trouble.element,
    form.element,
    h(
      'div',
      { class: 'dialog-actions' },
      h('button', { type: 'button', class: 'button', text: 'keep.done', onclick: () => dialog.close() }),
    ),
  );

  async function load() {
    try {
      replace(list, ...(await listShares(video.id)).map(row));
      count();
    } catch (error) {
      trouble.say(explain(error));
    } finally {
      list.removeAttribute('aria-busy');
    }
  }

  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
    void load();
  });
}

/** What a new link is to be. */
class WishForm {
  /**
   * @param {Video} video
   * @param {number} position
   * @param {(wish: import('../../lib/shares.js').ShareWish) => Promise<void>} create
   */
  constructor(video, position, create) {
    const expiry = choiceField({
      label: 'share.expires',
      name: 'expires_at',
      choices: options(lifetimes, '7'),
    });
    const views = textField({
      label: 'share.view_limit',
      name: 'view_limit',
      input: { type: 'number', inputmode: 'numeric', min: 1, max: 1_000_000, required: false },
    });
    const password = new Field({
      label: 'share.password',
      hint: video.has_password ? 'share.password_hint_locked' : 'share.password_hint',
      control: h('input', {
        class: 'input',
        name: 'password',
        autocomplete: 'off',
        autocapitalize: 'none',
        spellcheck: 'false',
        maxlength: '200',
      }),
    });
    const replaces = check('share.replaces');
    const starts = check(['share.starts_at', { time: clock(position) }]);
    const embeds = check('share.embeds');
    const submit = h('button', {
      type: 'submit',
      class: 'button primary',
      text: 'share.create',
      'data-testid': 'create-share',
    });
    const complaint = new Complaint();
    const send = submission({
      fields: [expiry, views, password],
      complaint,
      submit,
      act: async () => {
        const days = Number(expiry.value);
        await create({
          expires_at: days > 0 ? new Date(Date.now() + days * 86_400_000).toISOString() : null,
          password: password.value || null,
          replaces_password: replaces.box.checked,
          view_limit: views.value === '' ? null : Number(views.value),
          starts_at_seconds: starts.box.checked ? Math.floor(position) : 0,
          is_embeddable: embeds.box.checked,
        });
        password.control.value = '';
      },
    });
    this.element = h(
      'form',
      { class: 'share-form', novalidate: true, onsubmit: send },
      h('h3', { text: 'share.new' }),
      h('div', { class: 'share-pair' }, expiry.element, views.element),
      password.element,
      h(
        'div',
        { class: 'share-checks' },
        video.has_password === true && replaces.element,
        position >= 1 && starts.element,
        embeds.element,
      ),
      complaint.element,
      submit,
    );
  }
}

/** @param {import('../../components/field.js').Text} text */
function check(text) {
  const box = h('input', { type: 'checkbox', id: freshId('box') });
  return { box, element: h('div', { class: 'check' }, box, h('label', { for: box.id, text })) };
}

/** @param {string} path of this server */
function absolute(path) {
  return location.origin + path;
}

/** @param {Share} share */
function facts(share) {
  return [
    share.is_open ? '' : t('share.over'),
    share.expires_at ? t('share.until', { time: moment(share.expires_at) }) : t('share.without_end'),
    share.view_limit === null
      ? t('share.views', { count: share.view_count })
      : t('share.views_of', { count: share.view_count, most: share.view_limit }),
    share.has_password ? t('share.with_password') : '',
    share.starts_at_seconds > 0 ? t('share.starts', { time: clock(share.starts_at_seconds) }) : '',
  ].filter((fact) => fact !== '');
}

/**
 * What a person pastes into a page of another site.
 * @param {string} path
 * @param {string} title
 */
function frame(path, title) {
  const element = h('iframe', {
    src: absolute(path),
    width: 640,
    height: 360,
    title,
    allow: 'autoplay; fullscreen; picture-in-picture',
    allowfullscreen: true,
  });
  return new XMLSerializer().serializeToString(element).replace(' xmlns="http://www.w3.org/1999/xhtml"', '');
}

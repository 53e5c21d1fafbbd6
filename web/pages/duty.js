/** What a person must do before anything else is open to them, and why. */
import { h, icon, replace } from '../lib/dom.js';
import { optionsIfKnown } from '../lib/account.js';
import { t } from '../lib/i18n.js';
import { setUp } from './profile/codes.js';
import { passwordForm } from './profile/password.js';

/** @typedef {import('../lib/api.js').Duty} Duty */

/**
 * The page in the place of every other one. What it was instead of is loaded when nothing is left to do.
 * @param {import('../lib/session.js').Session} session
 */
export function dutyView({ user }) {
  const duties = [...user.duties ?? []];
  const place = h('div');
  const title = () => t(`duty.title_${duties[0]}`);

  /** @type {Record<Duty, () => Promise<HTMLElement[]>>} */
  const steps = {
    set_up_otp: () => Promise.resolve(codesStep()),
    change_password: passwordStep,
  };

  async function show() {
    const [duty] = duties;
    if (duty === undefined) return location.reload();
    replace(
      place,
      h(
        'div',
        { class: 'entrance-step' },
        h(
          'div',
          { class: 'entrance-sign' },
          icon(duty === 'set_up_otp' ? 'shield' : 'key'),
          h('h1', { text: `duty.title_${duty}`, tabindex: '-1' }),
          h('p', { text: `duty.text_${duty}` }),
        ),
        ...await steps[duty](),
      ),
    );
    place.querySelector('h1')?.focus();
  }

  async function done() {
    duties.shift();
    await show();
  }

  function codesStep() {
    const begin = async () => {
      if (await setUp(user)) await done();
    };
    return [h('button', { type: 'button', class: 'button primary', text: 'codes.set_up', onclick: begin })];
  }

  async function passwordStep() {
    const { password } = await optionsIfKnown();
    return [passwordForm(user, password, done)];
  }

  void show();
  return { element: place, title, layout: 'entrance' };
}

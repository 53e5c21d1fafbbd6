import { trackLabel, trackNote } from '../../web/player/track-label.js';
import {
  captionsAtFirst,
  captionsTurnedOn,
  chooseSound,
  recallCaptions,
  recallSound,
  rememberCaptions,
  rememberSound,
} from '../../web/player/tracks.js';
import { forgetBelongings, keepFor } from '../../web/lib/belongings.js';
import { useMessages } from '../../web/lib/i18n.js';
import { freshDevice as emptyDevice } from './device.js';
import { read } from './sources.js';
import { equal } from './assert.js';

/** @typedef {import('../../web/player/tracks.js').Alternative} Alternative */

/**
 * `es default`, `en describes`, `- forced`; a name of its own comes after a colon.
 * @param {string[]} texts
 * @returns {Alternative[]}
 */
function alternatives(...texts) {
  return texts.map((text, place) => {
    const [marks, title] = text.split(': ');
    const [language, ...rest] = marks.split(' ');
    return {
      name: title ?? (language === '-' ? String(place + 1) : language),
      language: language === '-' ? null : language,
      isDefault: rest.includes('default'),
      isForced: rest.includes('forced'),
      describes: rest.includes('describes'),
    };
  });
}

/**
 * The place of what is chosen.
 * @param {Alternative[]} list
 * @param {Alternative | null} chosen
 */
function place(list, chosen) {
  return chosen === null ? -1 : list.indexOf(chosen);
}

/** A device with nothing on it, and somebody signed in. */
function freshDevice() {
  const device = emptyDevice();
  keepFor('ann');
  return device;
}

/** @param {string[]} texts @returns {number} the place of the sound that the next film begins with */
function nextSound(...texts) {
  const list = alternatives(...texts);
  return place(list, chooseSound(list, recallSound()));
}

/** @param {string[]} texts */
function nextCaptions(...texts) {
  const list = alternatives(...texts);
  return place(list, captionsAtFirst(list, recallCaptions()));
}

/** @param {string[]} texts */
function turnedOn(...texts) {
  const list = alternatives(...texts);
  return place(list, captionsTurnedOn(list, recallCaptions()));
}

/** @param {string} text */
function rememberSoundOf(text) {
  rememberSound(alternatives(text)[0]);
}

/** @param {string | null} text */
function rememberCaptionsOf(text) {
  rememberCaptions(text === null ? null : alternatives(text)[0]);
}

Deno.test('without a wish a film has the sound that it names the default, else its first', () => {
  freshDevice();
  equal(nextSound('es', 'en default', 'ru'), 1);
  equal(nextSound('es', 'en'), 0);
  equal(chooseSound([], null), null);
});

Deno.test('the language that was chosen is found again in the next film, wherever it stands there', () => {
  freshDevice();
  rememberSoundOf('ru');
  equal(nextSound('es default', 'en', 'ru'), 2);
  equal(nextSound('RU', 'es default'), 0);
  equal(nextSound('es', 'en default'), 1);
});

Deno.test('a dialect will do, the same one is better', () => {
  freshDevice();
  rememberSoundOf('es-419');
  equal(nextSound('en default', 'es', 'es-419'), 2);
  equal(nextSound('en default', 'es-ES'), 1);
});

Deno.test('who chose sound that describes the picture gets it again, and who did not does not', () => {
  freshDevice();
  const film = ['en default', 'es', 'es describes'];
  rememberSoundOf('es describes');
  equal(nextSound(...film), 2);
  equal(nextSound('en default', 'es'), 1);
  rememberSoundOf('es');
  equal(nextSound('es describes', 'en default', 'es'), 2);
  equal(nextSound('es describes', 'en default'), 0);
});

Deno.test('of two in one language the one with the same title is the one that was chosen', () => {
  freshDevice();
  const film = ['en default', 'en: Commentary', 'en: Music only'];
  rememberSoundOf('en: Commentary');
  equal(nextSound(...film), 1);
  rememberSoundOf('en');
  equal(nextSound(...film), 0);
});

Deno.test('a choice of a sound without a language leaves the wish as it was', () => {
  freshDevice();
  rememberSoundOf('ru');
  rememberSoundOf('-');
  equal(nextSound('en default', 'ru'), 1);
});

Deno.test('without a wish there are the captions that the film names the default, or none', () => {
  freshDevice();
  equal(nextCaptions('en', 'es default'), 1);
  equal(nextCaptions('en', 'es'), -1);
  equal(nextCaptions(), -1);
});

Deno.test('captions that were chosen are shown in the next film, and none if it has not that language', () => {
  freshDevice();
  rememberCaptionsOf('es describes');
  equal(nextCaptions('en', 'es', 'es describes'), 2);
  equal(nextCaptions('en', 'es'), 1);
  equal(nextCaptions('en', 'ru'), -1);
  equal(nextCaptions('en', 'ru default'), 1);
});

Deno.test('captions for the foreign parts only are another thing than all captions', () => {
  freshDevice();
  rememberCaptionsOf('en');
  equal(nextCaptions('en forced', 'en'), 1);
  rememberCaptionsOf('en forced');
  equal(nextCaptions('en', 'en forced'), 1);
});

Deno.test('captions turned off stay off, and come back in the language they had', () => {
  freshDevice();
  rememberCaptionsOf('es');
  rememberCaptionsOf(null);
  equal(nextCaptions('en default', 'es'), -1);
  equal(turnedOn('en default', 'es'), 1);
  rememberCaptionsOf('es');
  equal(nextCaptions('en default', 'es'), 1);
});

Deno.test('captions turned on without a wish are the default ones, else the first for everything said', () => {
  freshDevice();
  equal(turnedOn('en', 'es default'), 1);
  equal(turnedOn('en forced', 'es'), 1);
  equal(turnedOn('en forced'), 0);
  equal(turnedOn(), -1);
});

Deno.test('what another hand wrote into the memory is no wish', () => {
  const device = freshDevice();
  for (
    const kept of [
      '[]',
      '{"language":7}',
      '{"language":"","on":"yes"}',
      '{"__proto__":{"language":"ru"}}',
      '}',
    ]
  ) {
    device.setItem('palco.of.ann.sound', kept);
    device.setItem('palco.of.ann.captions', kept);
    equal([recallSound(), recallCaptions()], [null, { on: null, wish: null }]);
  }
});

Deno.test('the next person on the device has no wish yet', () => {
  freshDevice();
  rememberSoundOf('es describes');
  rememberCaptionsOf('es');
  forgetBelongings();
  keepFor('bob');
  equal([recallSound(), recallCaptions()], [null, { on: null, wish: null }]);
});

/** @param {string} locale */
function speak(locale) {
  useMessages(locale, JSON.parse(read(`i18n/${locale}.json`)));
}

Deno.test('a track is called by its title, else by its language as the page calls it, else by its number', () => {
  const list = alternatives('es', 'pt-BR', 'en: Director’s cut', '-', 'no_tag');
  speak('en');
  equal(list.map(trackLabel), ['Spanish', 'Brazilian Portuguese', 'Director’s cut', 'Track 4', 'no_tag']);
  speak('es');
  equal([trackLabel(list[0]), trackLabel(list[3])], ['Español', 'Pista 4']);
  speak('ru');
  equal([trackLabel(list[0]), trackLabel(list[3])], ['Испанский', 'Дорожка 4']);
  speak('en');
});

Deno.test('the mark that makes a name unique stays with it, and a number in a title is a title', () => {
  const named = (/** @type {string} */ name, /** @type {string | null} */ language) =>
    trackLabel({ name, language });
  equal(
    [named('ES (2)', 'es'), named('2 (3)', null), named('Dub (2)', 'es'), named('Part 2', null)],
    ['Spanish (2)', 'Track 2 (3)', 'Dub (2)', 'Part 2'],
  );
});

Deno.test('a title cannot turn the direction of the menu', () => {
  equal(trackLabel({ name: 'a\u202eb', language: null }), 'a⟨U+202E⟩b');
});

Deno.test('what a label does not say is noted beside it', () => {
  const notes = (/** @type {string} */ text, /** @type {'sound' | 'captions'} */ kind) =>
    trackNote(alternatives(text)[0], kind);
  equal(
    [
      notes('es', 'sound'),
      notes('es describes', 'sound'),
      notes('es describes: Commentary', 'sound'),
      notes('es: SPANISH stereo', 'sound'),
      notes('en describes', 'captions'),
      notes('en forced: Signs', 'captions'),
    ],
    [
      '',
      'Audio description',
      'Spanish · Audio description',
      '',
      'Sounds described',
      'English · Foreign parts only',
    ],
  );
});

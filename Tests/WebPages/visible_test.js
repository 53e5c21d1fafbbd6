import { isolated, visible } from '../../web/lib/visible.js';
import { t, useMessages } from '../../web/lib/i18n.js';
import { explain, explainVideoError } from '../../web/lib/problem.js';
import { ApiError } from '../../web/lib/api.js';
import { read, sources } from './sources.js';
import { equal } from './assert.js';

const codes = [0x00, 0x09, 0x0a, 0x1b, 0x7f, 0x85, 0x061c, 0x200e, 0x200f, 0x2028, 0x2029];
const directions = [0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];

Deno.test('marks that turn the direction of text, and controls, are shown instead of obeyed', () => {
  equal(visible('holiday\u202egpj.exe'), 'holiday⟨U+202E⟩gpj.exe');
  equal(visible('a\u0000\nb'), 'a⟨U+0000⟩⟨U+000A⟩b');
  for (const code of [...codes, ...directions]) {
    const shown = visible(`x${String.fromCharCode(code)}y`);
    equal(shown, `x⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩y`);
  }
});

Deno.test('names in any script stay as they are', () => {
  for (const name of ['Año 2.mp4', 'Привет, мир', '漢字', 'שלום', 'مرحبا', '👩‍⚕️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'a\u00a0b', '⟨U+202E⟩']) {
    equal(visible(name), name);
  }
});

Deno.test('in a sentence a name that runs from right to left takes no neighbours with it', () => {
  equal(isolated('שלום'), '\u2068שלום\u2069');
  equal(isolated('a\u2069\u202eb'), 'a⟨U+2069⟩⟨U+202E⟩b');
  equal(isolated('plain'), 'plain');
});

Deno.test('names in messages, and the words of the server, are made visible', () => {
  useMessages('en', JSON.parse(read('i18n/en.json')));
  equal(t('upload.cancel', { name: 'a\u202eb' }), 'Cancel the upload of a⟨U+202E⟩b');
  equal(explain(new ApiError(418, 'teapot', { detail: 'No \u202egpj' })), 'No ⟨U+202E⟩gpj');
  equal(explainVideoError({ code: 'teapot', detail: 'No \u202egpj' }), 'No ⟨U+202E⟩gpj');
});

Deno.test('titles and names of files and people are shown by the functions that make them visible', () => {
  const written = /(?<!')\b(?:video|upload|entry|user|file)\.(?:title|name|email)\b/g;
  const shown = /(?:foreign|visible|\bt)\([^()]*$|\{ name: $/;
  /** @type {string[]} */
  const bare = [];
  // The parts that send names and keep them show none.
  for (const { path, text } of sources(/^(?!queue|unfinished|tus|api).*\.js$/)) {
    for (const match of text.matchAll(written)) {
      const before = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
      if (!shown.test(before)) bare.push(`${path}: ${(before + match[0]).trim()}`);
    }
  }
  equal(bare, [
    // The menu shows this `name` by `foreign` and in a message.
    'components/header.js: const name = session.user.name',
    'components/header.js: const name = session.user.name || session.user.email',
    // A field shows what is really in it.
    "pages/profile/details.js: input: { autocomplete: 'name', maxlength: 200, value: user.name",
    'pages/profile/password.js: value: user.email',
    'pages/edit-video.js: title.control.value = video.title',
  ]);
});

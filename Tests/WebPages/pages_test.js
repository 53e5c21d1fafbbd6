import { read, sources } from './sources.js';
import { equal, ok } from './assert.js';

Deno.test('pages hold no script, style or handler of their own, so that the policy can forbid them', () => {
  for (const { path, text } of sources(/\.html$/)) {
    ok(!/<style|\sstyle=|\son[a-z]+=|javascript:/i.test(text), path);
    for (const [, attributes, body] of text.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
      ok(attributes.includes('src="{{assets}}/') && body.trim() === '', `${path}: ${attributes}`);
    }
  }
});

Deno.test('every file that a page names is there', () => {
  for (const { path, text } of sources(/\.html$/)) {
    for (const [, file] of text.matchAll(/\{\{assets\}\}\/([^"]+)"/g)) {
      ok(read(file).length > 0, `${path}: ${file}`);
    }
    ok(!/(?:src|href)="\/(?!\/)/.test(text), `${path} names a file without its hash`);
  }
});

Deno.test('modules import each other by relative paths that exist', () => {
  for (const { path, text } of sources(/\.js$/)) {
    for (const [, target] of text.matchAll(/^import (?:[^'";=]*from )?'([^']+)';/gm)) {
      ok(target.startsWith('./') || target.startsWith('../'), `${path}: ${target}`);
      ok(read(new URL(target, `file:///${path}`).pathname.slice(1)).length > 0, `${path}: ${target}`);
    }
  }
});

Deno.test('pages that are loaded only when somebody opens them are there', () => {
  /** @type {string[]} */
  const loaded = [];
  for (const { path, text } of sources(/\.js$/)) {
    for (const [, target] of text.matchAll(/\bawait import\('([^']+)'\)/g)) {
      ok(read(new URL(target, `file:///${path}`).pathname.slice(1)).length > 0, `${path}: ${target}`);
      loaded.push(target);
    }
    ok(!/\bawait import\((?!'\.\.?\/)/.test(text), `${path} loads what nobody can foresee`);
  }
  ok(loaded.length >= 6, 'the pattern finds what is there');
});

/**
 * The bytes of modules and of all that they import, compressed one by one, as they are sent.
 * @param {...string} roots
 */
async function weight(...roots) {
  const names = new Set(roots);
  let bytes = 0;
  for (const name of names) {
    const text = read(name);
    for (const [, target] of text.matchAll(/^(?:import|export) (?:[^'";=]*from )?'([^']+)';/gm)) {
      names.add(new URL(target, `file:///${name}`).pathname.slice(1));
    }
    const packed = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
    bytes += (await new Response(packed).arrayBuffer()).byteLength;
  }
  return bytes;
}

Deno.test('no page loads more than 150 kB of script', async () => {
  const lazy = [...read('router.js').matchAll(/await import\('\.\/([^']+)'\)/g)].map(([, name]) => name);
  ok(lazy.length > 0);
  // The dialog for lists is the one thing that a page loads later.
  const later = ['pages/watch/choose-lists.js'];
  for (const root of ['entrance.js', 'docs.js']) ok(await weight(root) < 150_000, root);
  for (const page of [...lazy, ...later]) {
    const bytes = await weight('app.js', page);
    ok(bytes < 150_000, `${page}: ${bytes}`);
  }
});

Deno.test('scripts set no style attribute and parse no HTML', () => {
  for (const { path, text } of sources(/\.js$/)) {
    ok(
      !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'/
        .test(text),
      path,
    );
  }
});

Deno.test('every symbol that is drawn is in the sheet, and none is left over', () => {
  const sheet = new Set([...read('icons.svg').matchAll(/<symbol id="([^"]+)"/g)].map((match) => match[1]));
  const scripts = [...sources(/\.js$/)].map(({ text }) => text).join('\n');
  const drawn = [...scripts.matchAll(/(?:\bicon|setIcon)\((?:\w+, )?'([a-z0-9-]+)'/g)].map((match) =>
    match[1]
  );
  equal(drawn.filter((name) => !sheet.has(name)), []);
  equal([...sheet].filter((name) => !scripts.includes(`'${name}'`)), []);
});

/** Relative luminance (WCAG 2.2). @param {string} color #rrggbb */
function luminance(color) {
  const [red, green, blue] = [1, 3, 5].map((place) =>
    Number.parseInt(color.slice(place, place + 2), 16) / 255
  )
    .map((share) => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {string} first
 * @param {string} second
 */
function contrast(first, second) {
  const [dark, light] = [luminance(first), luminance(second)].sort((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {number} theme 0: light, 1: dark */
function palette(theme) {
  const tokens = read('styles/tokens.css');
  const entries = [...tokens.matchAll(/--([a-z-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));/g)];
  return Object.fromEntries(
    entries.map(([, name, light, dark, both]) => [name, both ?? [light, dark][theme]]),
  );
}

for (const [theme, name] of ['light', 'dark'].entries()) {
  Deno.test(`text and lines of the ${name} theme have the contrast of WCAG 2.2 AA`, () => {
    const colors = palette(theme);
    const texts = [
      ['ink', 'paper'],
      ['ink', 'raised'],
      ['ink', 'sunken'],
      ['quiet', 'paper'],
      ['quiet', 'raised'],
      ['quiet', 'sunken'],
      ['danger', 'danger-wash'],
      ['danger', 'paper'],
      ['danger', 'raised'],
      ['good', 'raised'],
      ['on-light', 'light'],
      ['on-light', 'light-strong'],
      ['lamp', 'paper'],
    ];
    for (const [text, ground] of texts) {
      ok(
        contrast(colors[text], colors[ground]) >= 4.5,
        `${text} on ${ground}: ${contrast(colors[text], colors[ground])}`,
      );
    }
    const lines = [['edge', 'paper'], ['edge', 'raised'], ['lamp', 'raised'], ['lamp', 'line']];
    for (const [line, ground] of lines) {
      ok(
        contrast(colors[line], colors[ground]) >= 3,
        `${line} on ${ground}: ${contrast(colors[line], colors[ground])}`,
      );
    }
  });
}

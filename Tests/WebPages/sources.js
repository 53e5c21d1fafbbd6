/** The files of `web/`, for tests that read them. */

const root = new URL('../../web/', import.meta.url);

/**
 * @param {RegExp} name
 * @param {URL} [folder]
 * @returns {Generator<{ path: string, text: string }>}
 */
export function* sources(name, folder = root) {
  for (const entry of Deno.readDirSync(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? '/' : ''), folder);
    if (entry.isDirectory) yield* sources(name, url);
    else if (name.test(entry.name)) {
      yield { path: url.pathname.slice(root.pathname.length), text: Deno.readTextFileSync(url) };
    }
  }
}

/** @param {string} path below web/ */
export function read(path) {
  return Deno.readTextFileSync(new URL(path, root));
}

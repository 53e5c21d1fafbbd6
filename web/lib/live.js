/**
 * Server-sent events about videos. The stream is closed while the page is hidden, because a browser opens only six
 * connections to one HTTP/1.1 server for all its tabs. `caughtUp` tells the page to ask again: some changes were missed, or
 * the server refuses the stream, and the answer to a question says why.
 */

/** @typedef {import('./api.js').Video} Video */
/** @typedef {{ changed: (video: Video, event: string) => void, caughtUp: () => void }} Listener */

const events = ['progress', 'ready', 'failed', 'created', 'updated', 'removed'];

/**
 * @param {string} url
 * @param {Listener} listener
 * @returns {() => void} ends it
 */
export function follow(url, { changed, caughtUp }) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let failures = 0;
  let missedSome = false;
  let ended = false;

  function open() {
    if (source || ended || document.hidden) return;
    source = new EventSource(url);
    source.onopen = () => {
      failures = 0;
      if (missedSome) caughtUp();
      missedSome = false;
    };
    source.onerror = () => {
      missedSome = true;
      if (source?.readyState === EventSource.CLOSED) refused();
    };
    for (const name of events) {
      source.addEventListener(name, (event) => {
        const video = decode(event.data);
        if (video) changed(video, name);
      });
    }
  }

  /** A status that is not 200, after which the browser gives up: try later, and later still. */
  function refused() {
    close();
    caughtUp();
    if (ended) return;
    failures += 1;
    clearTimeout(timer);
    timer = setTimeout(open, Math.min(30_000, 1000 * 2 ** failures));
  }

  function close() {
    source?.close();
    source = null;
  }

  function visibility() {
    if (document.hidden) {
      if (source) missedSome = true;
      close();
    } else {
      open();
    }
  }

  document.addEventListener('visibilitychange', visibility);
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', visibility);
    close();
  };
}

/**
 * @param {string} text
 * @returns {Video | null}
 */
function decode(text) {
  try {
    const value = JSON.parse(text);
    const video = value?.video ?? value;
    return typeof video?.id === 'string' ? video : null;
  } catch {
    return null;
  }
}

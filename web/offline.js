/**
 * The page that stands in for all others while the server cannot be reached. It has its words in itself, because nothing else
 * can be loaded, and looks for the server until it answers.
 */
(() => {
  const between = 5000;

  /** @returns {string | null} */
  function chosen() {
    try {
      return localStorage.getItem('palco.locale');
    } catch {
      return null;
    }
  }

  function speak() {
    const sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('section[lang]')]);
    const wanted = [chosen() ?? '', ...navigator.languages].map((tag) => tag.toLowerCase().split('-')[0]);
    const language = wanted.find((tag) => sections.some(({ lang }) => lang === tag)) ?? 'en';
    for (const section of sections) section.hidden = section.lang !== language;
    document.documentElement.lang = language;
    document.title = `${document.querySelector('section:not([hidden]) h1')?.textContent ?? ''} · Palco`;
  }

  async function look() {
    const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
    if (answer?.ok) location.reload();
  }

  speak();
  addEventListener('online', look);
  setInterval(look, between);
})();

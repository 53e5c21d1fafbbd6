/** Which of one's own videos are shown. It stands in the address, so that the page is the same when it is loaded again. */

/** @typedef {{ q: string, status: string }} Filter empty: all */

export const statuses = Object.freeze(['ready', 'processing', 'pending', 'failed']);

/** @param {string} query of an address; what cannot be understood is left out @returns {Filter} */
export function filterIn(query) {
  const found = new URLSearchParams(query);
  const status = found.get('status') ?? '';
  return {
    q: [...(found.get('q') ?? '').trim()].slice(0, 200).join(''),
    status: statuses.includes(status) ? status : '',
  };
}

/** @param {Filter} filter */
export function minePath({ q, status }) {
  const query = new URLSearchParams(Object.entries({ q, status }).filter(([, value]) => value !== ''));
  return query.size === 0 ? '/videos/mine' : `/videos/mine?${query}`;
}

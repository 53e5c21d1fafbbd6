/** What is searched for. It stands in the address, so that a link to the page is a link to what was found. */

/**
 * @typedef {object} Search
 * @property {string} q words
 * @property {Sort} sort
 * @property {string} category empty: of any
 * @property {string[]} tags with all of them
 * @property {string[]} people with all of them
 * @property {string} language a tag of BCP 47; empty: of any
 * @property {Length} length
 */
/** @typedef {'' | 'newest' | 'oldest' | 'longest' | 'shortest' | 'most_viewed' | 'title'} Sort empty: the best first */
/** @typedef {'' | 'short' | 'medium' | 'long'} Length empty: any */

/** @type {readonly Sort[]} */
export const sorts = ['', 'newest', 'oldest', 'longest', 'shortest', 'most_viewed', 'title'];
/** @type {readonly Length[]} */
export const lengths = ['', 'short', 'medium', 'long'];

/** Seconds. @type {Record<string, { min_duration?: string, max_duration?: string }>} */
const durations = {
  short: { max_duration: '600' },
  medium: { min_duration: '600', max_duration: '3600' },
  long: { min_duration: '3600' },
};

/** What the server takes: characters of the words, characters of one value, values of one filter, characters of a language's tag. */
const [longestWords, longestValue, mostValues, longestTag] = [400, 200, 10, 35];

/** @type {Readonly<Search>} */
const everything = { q: '', sort: '', category: '', tags: [], people: [], language: '', length: '' };

/**
 * @param {string} address the query of an address; what cannot be understood is left out
 * @returns {Search}
 */
export function searchFrom(address) {
  const query = new URLSearchParams(address);
  const text = (/** @type {string} */ name) => (query.get(name) ?? '').trim();
  const sort = text('sort');
  const length = text('length');
  return {
    q: shortened(text('q'), longestWords),
    sort: sorts.find((each) => each === sort) ?? '',
    category: shortened(text('category'), longestValue),
    tags: values(query, 'tag'),
    people: values(query, 'person'),
    language: shortened(text('language'), longestTag),
    length: lengths.find((each) => each === length) ?? '',
  };
}

/**
 * @param {URLSearchParams} query
 * @param {string} name
 */
function values(query, name) {
  const all = query.getAll(name).map((value) => shortened(value.trim(), longestValue));
  return [...new Set(all)].filter((value) => value !== '').slice(0, mostValues);
}

/**
 * @param {string} text
 * @param {number} most characters, none of them cut in two
 */
function shortened(text, most) {
  return text.length <= most ? text : [...text].slice(0, most).join('');
}

/**
 * The page that shows what is found.
 * @param {Partial<Search>} search
 */
export function searchPath(search) {
  const { q, category, tags, people, language, length, sort } = { ...everything, ...search };
  const query = new URLSearchParams();
  const add = (/** @type {string} */ name, /** @type {string} */ value) =>
    value !== '' && query.append(name, value);
  add('q', q);
  add('category', category);
  for (const tag of tags) add('tag', tag);
  for (const person of people) add('person', person);
  add('language', language);
  add('length', length);
  add('sort', sort);
  const text = query.toString();
  return text === '' ? '/search' : `/search?${text}`;
}

/**
 * What the API is asked.
 * @param {Search} search
 */
export function searchQuery({ q, sort, category, tags, people, language, length }) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ q, sort, category, language, ...durations[length] })) {
    if (value) query.set(name, value);
  }
  for (const tag of tags) query.append('tag', tag);
  for (const person of people) query.append('person', person);
  return query;
}

/**
 * The same list with the value, or without it when it was there.
 * @param {string[]} list
 * @param {string} value
 */
export function toggled(list, value) {
  return list.includes(value) ? list.filter((each) => each !== value) : [...list, value];
}

/** @param {Search} search */
export function isNarrowed({ category, tags, people, language, length }) {
  return category !== '' || tags.length > 0 || people.length > 0 || language !== '' || length !== '';
}

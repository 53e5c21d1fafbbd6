/** Entries of the audit as a table: when, what, from where. */
import { Table } from '../../components/table.js';
import { administrationPath, watchPath } from '../../lib/address.js';
import { foreign, h, sentence } from '../../lib/dom.js';
import { t } from '../../lib/i18n.js';
import { changesOf, sentenceKey, timesOf } from './audit-words.js';
import { exactTime } from './times.js';

/** @typedef {import('../../lib/administration.js').AuditEntry} AuditEntry */

/** @returns {Table<AuditEntry>} */
export function auditTable() {
  return new Table({
    caption: 'admin.section.audit',
    className: 'audit',
    testid: 'audit',
    key: (/** @type {AuditEntry} */ entry) => entry.id,
    columns: [
      {
        label: 'audit.when',
        className: 'when',
        cell: ({ at }) => h('time', { datetime: at }, exactTime(at)),
      },
      { label: 'audit.what', names: true, className: 'what', cell: whatHappened },
      {
        label: 'audit.from',
        className: 'from',
        cell: ({ address }) => address ? h('code', {}, address) : '–',
      },
    ],
  });
}

/**
 * Some entries without a way to more of them.
 * @param {AuditEntry[]} entries
 */
export function entryList(entries) {
  const table = auditTable();
  table.show(entries);
  return table.element;
}

/** @param {AuditEntry} entry */
function whatHappened(entry) {
  const words = sentence(sentenceKey(entry), {
    actor: actorName(entry),
    target: targetName(entry),
    what: h('code', {}, entry.action),
  });
  const times = timesOf(entry);
  // Some sentences say it themselves.
  const isMarked = entry.outcome === 'refused' && !entry.action.endsWith('_refused');
  const changes = changesOf(entry);
  return h(
    'div',
    { class: 'entry' },
    h(
      'p',
      {},
      ...(isMarked ? [h('span', { class: 'standing locked', text: 'audit.refused' }), ' '] : []),
      ...words,
      times === '' ? null : h('span', { class: 'quiet' }, ` · ${times}`),
    ),
    changes.length > 0 ? h('ul', { class: 'changes' }, ...changes.map(changeLine)) : null,
  );
}

/** @param {import('./audit-words.js').Change} change */
function changeLine({ field, before, after }) {
  return h(
    'li',
    {},
    `${field}: `,
    before === null ? null : h('del', {}, h('span', { class: 'unseen', text: 'audit.before' }), before),
    before !== null && after !== null ? h('span', { 'aria-hidden': 'true' }, ' → ') : null,
    after === null
      ? null
      : h('ins', {}, before === null ? null : h('span', { class: 'unseen', text: 'audit.after' }), after),
  );
}

/** @param {AuditEntry} entry */
function actorName({ actor: { id, name, kind } }) {
  if (kind === 'system') return h('strong', { text: 'audit.actor.system' });
  if (kind === 'command') {
    return name
      ? h('strong', {}, ...sentence('audit.actor.command_by', { name: foreign(name) }))
      : h('strong', { text: 'audit.actor.command' });
  }
  if (!id) return name ? h('strong', {}, foreign(name)) : h('strong', { text: 'audit.actor.somebody' });
  const link = h('a', { href: administrationPath(['people', id]) }, foreign(name || id));
  if (kind !== 'token') return link;
  return h('span', {}, ...sentence('audit.actor.token_of', { name: link }));
}

/** @param {AuditEntry} entry */
function targetName({ target }) {
  if (!target) return h('strong', { text: 'audit.actor.somebody' });
  const { kind, id } = target;
  const name = foreign(target.name || id || t('audit.nothing'));
  if (kind === 'user' && id) return h('a', { href: administrationPath(['people', id]) }, name);
  if (kind === 'group' && id) return h('a', { href: administrationPath(['groups', id]) }, name);
  if (kind === 'video' && id) return h('a', { href: watchPath(id) }, name);
  return h('strong', {}, name);
}

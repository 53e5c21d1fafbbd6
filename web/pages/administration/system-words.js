/** The state of the system as panels to read, and which of its changes are worth interrupting somebody for. */
import { bytes } from '../../lib/format.js';
import { has, locale, t } from '../../lib/i18n.js';
import { visible } from '../../lib/visible.js';
import { roughly } from './times.js';

/** @typedef {{ name: string, path?: string | null, version: string | null }} Program null: it does not start */
/** @typedef {{ count: number, oldest_seconds: number }} Tasks */
/**
 * @typedef {object} Worker
 * @property {string} host
 * @property {number} process
 * @property {string} version
 * @property {string} state
 * @property {number} places
 * @property {number} running
 * @property {number} done
 * @property {number} age_seconds
 * @property {number} silence_seconds
 */
/**
 * @typedef {object} System
 * @property {string} version
 * @property {string} host
 * @property {boolean} accepts_uploads
 * @property {Program} database
 * @property {string} storage
 * @property {{ usable_bytes: number | null, reserve_bytes: number }} disk
 * @property {Record<'waiting' | 'running' | 'failed', Tasks>} queue
 * @property {Program[]} encoder
 * @property {number} encoding_places
 * @property {Worker[]} workers
 * @property {Record<'pending' | 'processing' | 'ready' | 'failed', number>} videos
 * @property {{ count: number, expected_bytes: number }} uploads
 */
/** @typedef {{ label: string, text: string, isBad?: boolean }} Line */
/** @typedef {{ name: string, warning?: string, parts: { title?: string, lines: Line[] }[] }} Panel */

/** The panels, as they follow each other on the page. */
export const panelNames =
  /** @type {const} */ (['queue', 'disk', 'encoder', 'workers', 'versions', 'server']);

/** @param {number} value */
function number(value) {
  return new Intl.NumberFormat(locale()).format(value);
}

/** @param {string} name @param {string} text @param {boolean} [isBad] @returns {Line} */
function line(name, text, isBad = false) {
  return { label: t(`system.label.${name}`), text, isBad };
}

/**
 * @param {System} system
 * @returns {Panel[]}
 */
export function panelsOf(system) {
  const { queue, disk, encoder, workers, videos, uploads } = system;
  return [
    {
      name: 'queue',
      parts: [{
        lines: [...queueLines(queue), line('videos_failed', number(videos.failed), videos.failed > 0)],
      }],
    },
    {
      name: 'disk',
      warning: isLow(disk) ? t('system.disk_low') : undefined,
      parts: [{
        lines: [
          line(
            'usable',
            disk.usable_bytes === null ? t('system.unknown') : bytes(disk.usable_bytes),
            isLow(disk),
          ),
          line('reserve', bytes(disk.reserve_bytes)),
          line(
            'uploads',
            t('system.uploads', { count: uploads.count, bytes: bytes(uploads.expected_bytes) }),
          ),
        ],
      }],
    },
    {
      name: 'encoder',
      warning: isReady(system) ? undefined : t('system.encoder_down'),
      parts: [{ lines: [...encoder.map(programLine), line('places', number(system.encoding_places))] }],
    },
    { name: 'workers', parts: workers.map(workerPart) },
    {
      name: 'versions',
      parts: [{
        lines: [
          { label: 'Palco', text: visible(system.version) },
          programLine(system.database),
          ...encoder.map(programLine),
        ],
      }],
    },
    {
      name: 'server',
      warning: system.accepts_uploads ? undefined : t('error.sandbox_unavailable'),
      parts: [{
        lines: [
          line('host', visible(system.host)),
          line(
            'storage',
            has(`system.storage.${system.storage}`)
              ? t(`system.storage.${system.storage}`)
              : visible(system.storage),
          ),
          line('videos_ready', number(videos.ready)),
          line('videos_in_work', number(videos.pending + videos.processing)),
        ],
      }],
    },
  ];
}

/** @param {System['queue']} queue */
function queueLines(queue) {
  return (/** @type {const} */ (['waiting', 'running', 'failed'])).map((name) => {
    const { count, oldest_seconds: age } = queue[name];
    const words = count > 0 && name !== 'failed'
      ? t('system.tasks_since', { tasks: number(count), time: roughly(age) })
      : number(count);
    return line(name, words, name === 'failed' && count > 0);
  });
}

/** @param {Program} program */
function programLine({ name, version }) {
  return {
    label: visible(name),
    text: version === null ? t('system.does_not_start') : visible(version),
    isBad: version === null,
  };
}

/** @param {Worker} worker */
function workerPart(worker) {
  const { host, process, state, running, places, done, version, age_seconds: age, silence_seconds: silence } =
    worker;
  const isLost = state === 'lost';
  return {
    title: `${visible(host)} · ${process}`,
    lines: [
      line('state', has(`system.state.${state}`) ? t(`system.state.${state}`) : visible(state), isLost),
      ...(isLost ? [line('silent', roughly(silence), true)] : []),
      line('running', t('system.of_places', { running: number(running), places: number(places) })),
      line('done', number(done)),
      line('age', roughly(age)),
      line('version', visible(version)),
    ],
  };
}

/**
 * Less can still be filled than is kept in reserve: uploads may soon find no room.
 * @param {System['disk']} disk
 */
export function isLow({ usable_bytes: usable, reserve_bytes: reserve }) {
  return usable !== null && usable < reserve;
}

/** @param {System} system */
function isReady({ encoder }) {
  return encoder.every(({ version }) => version !== null);
}

/** @param {System} system */
function lostCount({ workers }) {
  return workers.filter(({ state }) => state === 'lost').length;
}

/**
 * What happened between two answers that somebody who listens should know; most changes of numbers are nothing of the kind.
 * @param {System} before
 * @param {System} after
 * @returns {{ key: string, count: number }[]} messages
 */
export function newsBetween(before, after) {
  const failed = after.queue.failed.count - before.queue.failed.count;
  const lost = lostCount(after) - lostCount(before);
  return [
    failed > 0 && { key: 'system.news.failed', count: failed },
    isLow(after.disk) && !isLow(before.disk) && { key: 'system.news.disk_low', count: 0 },
    isReady(before) && !isReady(after) && { key: 'system.news.encoder_down', count: 0 },
    !isReady(before) && isReady(after) && { key: 'system.news.encoder_up', count: 0 },
    before.accepts_uploads && !after.accepts_uploads && { key: 'system.news.no_uploads', count: 0 },
    lost > 0 && { key: 'system.news.worker_lost', count: lost },
  ].filter((news) => news !== false);
}

/** Renditions as viewers know them: 1080p, 1080p60. */
import { bitRate } from '../lib/format.js';
import { t } from '../lib/i18n.js';

/**
 * @typedef {object} Selectable
 * @property {import('./feed.js').TrackRendition[]} renditions highest first
 * @property {string | null} quality
 */

/** @param {{ width: number, height: number, frameRate: number, name: string }} rendition */
export function qualityLabel({ width, height, frameRate, name }) {
  const lines = Math.min(width, height);
  if (lines <= 0) return name;
  return `${lines}p${frameRate > 31 ? Math.round(frameRate) : ''}`;
}

/**
 * @param {Selectable} playback
 * @param {(name: string | null) => void} choose
 * @returns {import('./settings-menu.js').Choice[]}
 */
export function qualityChoices({ renditions, quality }, choose) {
  if (renditions.length < 2) return [];
  return [
    { id: 'auto', text: t('player.automatic'), checked: quality === null, pick: () => choose(null) },
    ...renditions.map((rendition) => ({
      id: rendition.name,
      text: qualityLabel(rendition),
      note: bitRate(rendition.bandwidth),
      checked: quality === rendition.name,
      pick: () => choose(rendition.name),
    })),
  ];
}

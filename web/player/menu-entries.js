/** What the settings menu offers. */
import { t } from '../lib/i18n.js';
import { rates } from './keyboard.js';
import { qualityChoices, qualityLabel } from './quality.js';
import { trackLabel, trackNote } from './track-label.js';

/**
 * @param {import('./palco-player.js').PalcoPlayer} player
 * @returns {import('./settings-menu.js').Entry[]}
 */
export function menuEntries(player) {
  return [
    {
      id: 'quality',
      text: 'player.quality',
      icon: 'settings',
      value: () => qualityText(player),
      choices: () => {
        const { playback } = player;
        return playback ? qualityChoices(playback, (name) => (playback.quality = name)) : [];
      },
    },
    {
      id: 'sound',
      text: 'player.sound',
      icon: 'sound',
      value: () => labelOf(player.playback?.sound),
      choices: () => soundChoices(player),
    },
    {
      id: 'captions',
      text: 'player.captions',
      icon: 'captions',
      value: () => labelOf(player.captions.shown) || t('player.captions_off'),
      choices: () => captionsChoices(player),
    },
    {
      id: 'speed',
      text: 'player.speed',
      icon: 'gauge',
      value: () => t('player.rate', { rate: player.video.playbackRate }),
      choices: () =>
        rates.map((rate) => ({
          id: String(rate),
          text: t('player.rate', { rate }),
          checked: rate === player.video.playbackRate,
          pick: () => player.setRate(rate),
        })),
    },
    { id: 'statistics', text: 'player.statistics', icon: 'chart', run: () => player.statistics.toggle() },
    { id: 'shortcuts', text: 'player.keys.title', icon: 'keyboard', run: () => player.help.showModal() },
  ];
}

/** @param {import('./palco-player.js').PalcoPlayer} player */
function qualityText({ playback }) {
  const shown = playback?.shown;
  const label = shown ? qualityLabel(shown) : '';
  return playback?.quality ? label : [t('player.automatic'), label].filter(Boolean).join(' · ');
}

/** @param {import('./track-label.js').Named | null | undefined} track */
function labelOf(track) {
  return track ? trackLabel(track) : '';
}

/**
 * @param {import('./palco-player.js').PalcoPlayer} player
 * @returns {import('./settings-menu.js').Choice[]}
 */
function soundChoices(player) {
  const { sounds = [], sound = null } = player.playback ?? {};
  return sounds.map((each, place) => ({
    id: String(place),
    text: trackLabel(each),
    note: trackNote(each, 'sound'),
    checked: each === sound,
    pick: () => player.chooseSound(each),
  }));
}

/**
 * @param {import('./palco-player.js').PalcoPlayer} player
 * @returns {import('./settings-menu.js').Choice[]} none, if there are no captions
 */
function captionsChoices({ captions }) {
  const { list, shown } = captions;
  if (list.length === 0) return [];
  return [
    { id: 'off', text: t('player.captions_off'), checked: shown === null, pick: () => captions.choose(null) },
    ...list.map((each, place) => ({
      id: String(place),
      text: trackLabel(each),
      note: trackNote(each, 'captions'),
      checked: each === shown,
      pick: () => captions.choose(each),
    })),
  ];
}

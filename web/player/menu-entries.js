/** What the settings menu offers. */
import { t } from '../lib/i18n.js';
import { rates } from './keyboard.js';
import { qualityChoices, qualityLabel } from './quality.js';

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

/** Hands title, picture and the usual actions to the system: media keys, lock screen, headphones. */

/** @param {{ title: string, poster: string | null }} what */
export function describeMedia({ title, poster }) {
  if (!('mediaSession' in navigator)) return;
  const artwork = poster ? [{ src: poster }] : [];
  navigator.mediaSession.metadata = new MediaMetadata({ title, artwork });
}

/**
 * @param {{ title: string, poster: string | null }} what
 * @param {{ seekBy: (seconds: number) => void, seekTo: (time: number) => void, video: HTMLVideoElement }} player
 */
export function announceMedia(what, { seekBy, seekTo, video }) {
  if (!('mediaSession' in navigator)) return;
  describeMedia(what);
  /** @type {[MediaSessionAction, MediaSessionActionHandler][]} */
  const handlers = [
    ['play', () => void video.play()],
    ['pause', () => video.pause()],
    ['seekbackward', ({ seekOffset }) => seekBy(-(seekOffset ?? 10))],
    ['seekforward', ({ seekOffset }) => seekBy(seekOffset ?? 10)],
    ['seekto', ({ seekTime }) => seekTime !== undefined && seekTo(seekTime)],
  ];
  for (const [action, handler] of handlers) {
    try {
      navigator.mediaSession.setActionHandler(action, handler);
    } catch {
      // Not every browser knows every action.
    }
  }
}

/** @param {HTMLVideoElement} video */
export function announcePosition({ duration, playbackRate, currentTime, paused }) {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.playbackState = paused ? 'paused' : 'playing';
  if (!Number.isFinite(duration) || duration <= 0 || currentTime > duration) return;
  navigator.mediaSession.setPositionState?.({ duration, playbackRate, position: currentTime });
}

export function forgetMedia() {
  if ('mediaSession' in navigator) navigator.mediaSession.metadata = null;
}

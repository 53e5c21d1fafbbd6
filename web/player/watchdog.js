/** Looks at the picture several times a second: does it move, and can this device draw it? */
import { DroppedFrames } from './adaptation.js';
import { beyondHole, rangesOf } from './buffer.js';

const now = () => performance.now() / 1000;

export class Watchdog {
  #dropped = new DroppedFrames();
  #droppedAt = 0;
  #stuckSince = 0;
  #lastTime = -1;
  #nudges = 0;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
  }

  /**
   * Jumps over holes in the media and gives a decoder that stands still a push.
   * @param {number} bufferAhead seconds
   * @returns {boolean} true: it stands still
   */
  look(bufferAhead) {
    const { video } = this;
    if (video.paused || video.seeking || video.ended || video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#stuckSince = now();
      return false;
    }
    const stuck = now() - this.#stuckSince;
    const beyond = beyondHole(rangesOf(video.buffered), video.currentTime);
    if (stuck > 0.4 && beyond !== null) {
      video.currentTime = beyond;
    } else if (stuck > 4 && bufferAhead > 1 && this.#nudges < 5) {
      this.#nudges += 1;
      this.#stuckSince = now();
      video.currentTime += 0.1;
    }
    return stuck > 0.5;
  }

  /** Whether this device drops too many frames of what it plays. */
  isTooMuch() {
    const { video } = this;
    if (video.paused || document.hidden || now() - this.#droppedAt < 5) return false;
    this.#droppedAt = now();
    const counts = video.getVideoPlaybackQuality?.();
    if (!counts) return false;
    return this.#dropped.window({ total: counts.totalVideoFrames, dropped: counts.droppedVideoFrames });
  }
}

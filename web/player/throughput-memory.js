/** Throughput measured on this device lately, so that the next video need not begin from nothing. */
import { recall, remember } from '../lib/preferences.js';

/** @returns {number | null} bits per second, not older than an hour */
export function recallThroughput() {
  const [value, time] = (recall('throughput') ?? '').split('@').map(Number);
  return value > 0 && Date.now() - time < 3600_000 ? value : null;
}

/** @param {number} bitsPerSecond */
export function rememberThroughput(bitsPerSecond) {
  remember('throughput', `${Math.round(bitsPerSecond)}@${Date.now()}`);
}

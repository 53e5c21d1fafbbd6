/** Where one stopped watching, kept on this device for this person: a bounded list, the latest last. */
import { keepBelonging, recallBelonging } from '../lib/belongings.js';

const kept = 'positions';
const most = 200;

/**
 * @param {string} id
 * @param {{ position: number, duration: number }} where seconds
 */
export function keepPosition(id, { position, duration }) {
  const record = recallBelonging(kept);
  delete record[id];
  const nearTheEnd = position > duration - Math.max(5, duration * 0.03);
  if (position >= 5 && !nearTheEnd) record[id] = Math.floor(position);
  const ids = Object.keys(record);
  for (const old of ids.slice(0, Math.max(0, ids.length - most))) delete record[old];
  keepBelonging(kept, record);
}

/** @param {string} id */
export function positionOf(id) {
  const position = recallBelonging(kept)[id];
  return typeof position === 'number' ? position : 0;
}

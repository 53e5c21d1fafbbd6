/**
 * AES-128-CBC decryption in plain JavaScript (FIPS 197, SP 800-38A), only for pages without `crypto.subtle`: browsers
 * keep that to secure contexts, and Palco on a home network may well be plain HTTP. Not constant-time, which a key that
 * the viewer holds anyway does not need.
 */

const box = new Uint8Array(256);
const inverseBox = new Uint8Array(256);
/** InvSubBytes and InvMixColumns as four tables of words. */
const tables = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)];

/** @param {number} value in GF(2^8) */
function double(value) {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

/**
 * @param {number} left
 * @param {number} right
 */
function multiply(left, right) {
  let product = 0;
  for (let factor = left, bits = right; bits; bits >>= 1, factor = double(factor)) {
    if (bits & 1) product ^= factor;
  }
  return product;
}

for (let value = 0, p = 1, q = 1; value < 255; value++) {
  // p runs through the powers of the generator 3, q through those of its inverse.
  p = p ^ double(p);
  q ^= q << 1;
  q ^= q << 2;
  q ^= q << 4;
  q &= 0xff;
  if (q & 0x80) q ^= 0x09;
  const turned = q ^ ((q << 1) | (q >> 7)) ^ ((q << 2) | (q >> 6)) ^ ((q << 3) | (q >> 5)) ^
    ((q << 4) | (q >> 4));
  box[p] = (turned ^ 0x63) & 0xff;
}
box[0] = 0x63;
for (let value = 0; value < 256; value++) inverseBox[box[value]] = value;
for (let value = 0; value < 256; value++) {
  const s = inverseBox[value];
  const word = (multiply(s, 14) << 24) | (multiply(s, 9) << 16) | (multiply(s, 13) << 8) | multiply(s, 11);
  for (let turn = 0; turn < 4; turn++) {
    tables[turn][value] = turn === 0 ? word >>> 0 : ((word >>> (8 * turn)) | (word << (32 - 8 * turn))) >>> 0;
  }
}

/** @param {number} word */
function substitute(word) {
  return ((box[word >>> 24] << 24) | (box[(word >>> 16) & 255] << 16) | (box[(word >>> 8) & 255] << 8) |
    box[word & 255]) >>> 0;
}

/** @param {number} word */
function inverseMix(word) {
  return (tables[0][box[word >>> 24]] ^ tables[1][box[(word >>> 16) & 255]] ^
    tables[2][box[(word >>> 8) & 255]] ^
    tables[3][box[word & 255]]) >>> 0;
}

/**
 * The 44 words of the key schedule, in the order of decryption.
 * @param {Uint8Array} key 16 bytes
 */
function schedule(key) {
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const words = new Uint32Array(44);
  for (let place = 0; place < 4; place++) words[place] = view.getUint32(place * 4);
  for (let place = 4, round = 1; place < 44; place++) {
    let word = words[place - 1];
    if (place % 4 === 0) {
      word = substitute(((word << 8) | (word >>> 24)) >>> 0) ^ (round << 24);
      round = double(round);
    }
    words[place] = words[place - 4] ^ word;
  }
  const reversed = new Uint32Array(44);
  for (let round = 0; round <= 10; round++) {
    for (let place = 0; place < 4; place++) {
      const word = words[(10 - round) * 4 + place];
      reversed[round * 4 + place] = round === 0 || round === 10 ? word : inverseMix(word);
    }
  }
  return reversed;
}

/** How many bytes are decrypted before the page gets a chance to do something else. */
const slice = 512 * 1024;

/**
 * @param {Uint8Array} key 16 bytes
 * @param {Uint8Array} iv 16 bytes
 * @param {Uint8Array} data a whole number of blocks
 * @returns {Promise<Uint8Array<ArrayBuffer>>} without the PKCS #7 padding
 */
export async function decryptInScript(key, iv, data) {
  if (key.length !== 16 || iv.length !== 16) throw new RangeError('key and IV are 16 bytes');
  if (data.length === 0 || data.length % 16 !== 0) {
    throw new RangeError('the data is not a whole number of blocks');
  }
  const words = schedule(key);
  const input = new DataView(data.buffer, data.byteOffset, data.length);
  const plain = new Uint8Array(data.length);
  const output = new DataView(plain.buffer);
  const vector = new DataView(iv.buffer, iv.byteOffset, 16);
  const previous = new Uint32Array([0, 4, 8, 12].map((offset) => vector.getUint32(offset)));
  for (let offset = 0; offset < data.length; offset += slice) {
    if (offset > 0) await new Promise((resolve) => setTimeout(resolve));
    decryptBlocks(words, input, output, previous, offset, Math.min(offset + slice, data.length));
  }
  return plain.subarray(0, plain.length - paddingOf(plain));
}

/**
 * @param {Uint32Array} words
 * @param {DataView} input
 * @param {DataView} output
 * @param {Uint32Array} previous the last cipher block, changed here
 * @param {number} start
 * @param {number} end
 */
function decryptBlocks(words, input, output, previous, start, end) {
  const [t0, t1, t2, t3] = tables;
  for (let offset = start; offset < end; offset += 16) {
    const c0 = input.getUint32(offset);
    const c1 = input.getUint32(offset + 4);
    const c2 = input.getUint32(offset + 8);
    const c3 = input.getUint32(offset + 12);
    let a = c0 ^ words[0];
    let b = c1 ^ words[1];
    let c = c2 ^ words[2];
    let d = c3 ^ words[3];
    for (let k = 4; k < 40; k += 4) {
      const na = t0[a >>> 24] ^ t1[(d >>> 16) & 255] ^ t2[(c >>> 8) & 255] ^ t3[b & 255] ^ words[k];
      const nb = t0[b >>> 24] ^ t1[(a >>> 16) & 255] ^ t2[(d >>> 8) & 255] ^ t3[c & 255] ^ words[k + 1];
      const nc = t0[c >>> 24] ^ t1[(b >>> 16) & 255] ^ t2[(a >>> 8) & 255] ^ t3[d & 255] ^ words[k + 2];
      d = t0[d >>> 24] ^ t1[(c >>> 16) & 255] ^ t2[(b >>> 8) & 255] ^ t3[a & 255] ^ words[k + 3];
      a = na;
      b = nb;
      c = nc;
    }
    output.setUint32(offset, last(a, d, c, b) ^ words[40] ^ previous[0]);
    output.setUint32(offset + 4, last(b, a, d, c) ^ words[41] ^ previous[1]);
    output.setUint32(offset + 8, last(c, b, a, d) ^ words[42] ^ previous[2]);
    output.setUint32(offset + 12, last(d, c, b, a) ^ words[43] ^ previous[3]);
    previous[0] = c0;
    previous[1] = c1;
    previous[2] = c2;
    previous[3] = c3;
  }
}

/**
 * The last round has no mixing of columns.
 * @param {number} first
 * @param {number} second
 * @param {number} third
 * @param {number} fourth
 */
function last(first, second, third, fourth) {
  return (inverseBox[first >>> 24] << 24) | (inverseBox[(second >>> 16) & 255] << 16) |
    (inverseBox[(third >>> 8) & 255] << 8) | inverseBox[fourth & 255];
}

/** @param {Uint8Array} plain */
function paddingOf(plain) {
  const count = plain[plain.length - 1];
  const sane = count >= 1 && count <= 16 &&
    plain.subarray(plain.length - count).every((byte) => byte === count);
  if (!sane) throw new Error('wrong key, or damaged data');
  return count;
}

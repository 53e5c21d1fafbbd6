import { decryptInScript } from '../../web/player/aes.js';
import { Decryptor } from '../../web/player/decrypt.js';
import { equal, fails } from './assert.js';

/** @param {number} length */
function bytes(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

/**
 * @param {Uint8Array<ArrayBuffer>} key
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {Uint8Array<ArrayBuffer>} plain
 */
async function encrypt(key, iv, plain) {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-CBC', false, ['encrypt']);
  return new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, imported, plain));
}

/** @param {string} text */
function hex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

for (const length of [0, 1, 15, 16, 17, 31, 4096, 60_001]) {
  Deno.test(`script and WebCrypto agree on ${length} bytes`, async () => {
    const [key, iv, plain] = [bytes(16), bytes(16), bytes(length)];
    const secret = await encrypt(key, iv, plain);
    equal(await new Decryptor(undefined).decrypt(secret, key, iv), plain);
    equal(await new Decryptor(crypto.subtle).decrypt(secret, key, iv), plain);
    equal(await decryptInScript(key, iv, secret), plain);
  });
}

Deno.test('script decrypts the example of SP 800-38A F.2.2', async () => {
  const key = hex('2b7e151628aed2a6abf7158809cf4f3c');
  const iv = hex('000102030405060708090a0b0c0d0e0f');
  const plain = hex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
  const secret = await encrypt(key, iv, plain);
  equal(secret.slice(0, 16), hex('7649abac8119b246cee98e9b12e9197d'));
  equal(await decryptInScript(key, iv, secret), plain);
});

Deno.test('data beyond one slice comes out whole', async () => {
  const [key, iv] = [bytes(16), bytes(16)];
  const plain = new Uint8Array(1_200_003).map((_, place) => place * 7);
  const decrypted = await decryptInScript(key, iv, await encrypt(key, iv, plain));
  equal(decrypted.length, plain.length);
  equal(decrypted.every((byte, place) => byte === plain[place]), true);
});

Deno.test('a view into a larger buffer is read from its own start', async () => {
  const [key, iv, plain] = [bytes(16), bytes(16), bytes(100)];
  const secret = await encrypt(key, iv, plain);
  const larger = new Uint8Array(secret.length + 32);
  larger.set(secret, 16);
  equal(await decryptInScript(key, iv, larger.subarray(16, 16 + secret.length)), plain);
});

Deno.test('a wrong key, half a block and a short key are errors', async () => {
  const [key, iv] = [hex('00'.repeat(16)), hex('00'.repeat(16))];
  const secret = await encrypt(key, iv, hex('01'.repeat(40)));
  await fails(() => decryptInScript(hex('01'.repeat(16)), iv, secret), /wrong key/);
  await fails(() => decryptInScript(key, iv, secret.subarray(0, 40)), /blocks/);
  await fails(() => decryptInScript(key, iv, new Uint8Array()), /blocks/);
  await fails(() => decryptInScript(hex('0011'), iv, secret), /16 bytes/);
});

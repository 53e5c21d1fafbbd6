/** AES-128-CBC with PKCS #7 padding, as HLS encrypts whole segments: by the browser, else in script. */
import { decryptInScript } from './aes.js';

export class Decryptor {
  /** @type {Map<Uint8Array, Promise<CryptoKey>>} */
  #imported = new Map();
  #subtle;

  /** @param {SubtleCrypto | undefined} [subtle] missing where the page is no secure context */
  constructor(subtle = globalThis.crypto?.subtle) {
    this.#subtle = subtle;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} data
   * @param {Uint8Array<ArrayBuffer>} key the same object for the same key, so that it is imported once
   * @param {Uint8Array<ArrayBuffer>} iv
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async decrypt(data, key, iv) {
    if (!this.#subtle) return await decryptInScript(key, iv, data);
    const imported = await this.#import(this.#subtle, key);
    return new Uint8Array(await this.#subtle.decrypt({ name: 'AES-CBC', iv }, imported, data));
  }

  /**
   * @param {SubtleCrypto} subtle
   * @param {Uint8Array<ArrayBuffer>} key
   */
  #import(subtle, key) {
    let imported = this.#imported.get(key);
    if (!imported) {
      imported = subtle.importKey('raw', key, 'AES-CBC', false, ['decrypt']);
      this.#imported.set(key, imported);
    }
    return imported;
  }
}

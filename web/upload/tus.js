/**
 * tus 1.0.0, the client's side: create, ask for the offset, send the rest. What it needs of the world (HTTP, memory,
 * time) is handed in, so that tests cut connections wherever they like.
 */
import { ApiError, problemFrom } from '../lib/api.js';
import { TurnWatch } from './turn.js';

/** @typedef {{ status: number, header: (name: string) => string | null, text: string }} Answer */
/**
 * @typedef {object} Call
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {Blob} [body]
 * @property {AbortSignal} signal
 * @property {(sent: number) => void} [onSent]
 */
/** @typedef {(call: Call) => Promise<Answer>} Transport rejects with ApiError 'offline' when nobody answers */
/** @typedef {{ get: (key: string) => string | null, set: (key: string, url: string | null) => void }} Memory */
/**
 * @typedef {object} Environment
 * @property {Transport} transport
 * @property {Memory} memory
 * @property {(seconds: number, signal: AbortSignal) => Promise<void>} wait
 * @property {string} [endpoint]
 * @property {number} [pieceSize] bytes of one PATCH
 * @property {number} [stallSeconds] how long a network may take nothing before it is asked anew
 * @property {number} [lookEvery] seconds between the questions how far the server is
 */
/**
 * @typedef {object} Report
 * @property {(sent: number) => void} progress
 * @property {(phase: 'uploading' | 'queued' | 'checking' | 'retrying') => void} phase
 */

const version = { 'Tus-Resumable': '1.0.0' };
const megabyte = 1024 * 1024;

export class TusUpload {
  #environment;
  #endpoint;
  #pieceSize;
  #stallSeconds;
  #file;
  #key;
  #metadata;
  /** @type {Promise<unknown> | null} */
  #creation = null;

  /**
   * @param {Blob} file
   * @param {string} key what finds it again after the tab was closed
   * @param {Record<string, string>} metadata
   * @param {Environment} environment
   */
  constructor(file, key, metadata, environment) {
    this.#file = file;
    this.#key = key;
    this.#metadata = metadata;
    this.#environment = environment;
    this.#endpoint = environment.endpoint ?? '/api/v1/uploads';
    this.#pieceSize = environment.pieceSize ?? 64 * megabyte;
    this.#stallSeconds = environment.stallSeconds ?? 30;
  }

  /**
   * Sends until all is there; trouble on the way is waited out, a refusal is thrown.
   * @param {AbortSignal} signal
   * @param {Report} report
   * @returns {Promise<string>} the id of the video
   */
  async run(signal, report) {
    for (let attempt = 0;;) {
      const before = this.offset;
      try {
        return await this.#send(signal, report);
      } catch (error) {
        if (signal.aborted || !(error instanceof ApiError) || !worthRetrying(error)) throw error;
        attempt = this.offset > before ? 0 : attempt + 1;
        if (error.status !== 0 && attempt > 8) throw error;
        report.phase('retrying');
        await this.#environment.wait(error.retryAfter ?? Math.min(15, 2 ** attempt / 2), signal);
        signal.throwIfAborted();
      }
    }
  }

  /** Bytes that the server has for certain. */
  offset = 0;

  /**
   * @param {AbortSignal} signal
   * @param {Report} report
   */
  async #send(signal, report) {
    if (this.#file.size === 0) throw new ApiError(422, 'empty_file');
    const { url, videoId } = await this.#locate(signal);
    report.progress(this.offset);
    if (videoId) return this.#finished(videoId);
    for (;;) {
      const start = this.offset;
      const end = Math.min(start + this.#pieceSize, this.#file.size);
      const stall = new Stall(end > start ? this.#stallSeconds : Infinity);
      const turn = new TurnWatch(() => this.#state(url, signal), report.phase, this.#environment.lookEvery);
      if (start < this.#file.size) report.phase('uploading');
      else turn.begin();
      const answer = await this.#call('PATCH', url, {
        signal: AbortSignal.any([signal, stall.signal]),
        headers: { 'Upload-Offset': String(start), 'Content-Type': 'application/offset+octet-stream' },
        body: this.#file.slice(start, end),
        onSent: (sent) => {
          // With the last byte it is the server's turn, which may take long.
          if (start + sent < end) stall.postpone();
          else stall.end();
          report.progress(start + sent);
          if (start + sent >= this.#file.size) turn.begin();
        },
      }).finally(() => {
        stall.end();
        turn.end();
      });
      if (answer.status === 413 && end - start > megabyte) {
        // Something before the server takes smaller bodies only.
        this.#pieceSize = Math.max(megabyte, Math.floor((end - start) / 4));
        continue;
      }
      this.#accept(answer);
      this.offset = offsetOf(answer, start);
      report.progress(this.offset);
      const id = answer.header('Palco-Video-Id');
      if (id) return this.#finished(id);
      if (this.offset >= this.#file.size && end === start) throw new ApiError(answer.status, 'unexpected');
    }
  }

  /**
   * @param {string} url
   * @param {AbortSignal} signal
   */
  async #state(url, signal) {
    return (await this.#call('GET', url, { signal })).text;
  }

  /** @param {string} videoId */
  #finished(videoId) {
    this.#environment.memory.set(this.#key, null);
    return videoId;
  }

  /**
   * The upload on the server: the remembered one if it is still there, else a new one.
   * @param {AbortSignal} signal
   * @returns {Promise<{ url: string, videoId: string | null }>}
   */
  async #locate(signal) {
    const known = this.#environment.memory.get(this.#key);
    if (known) {
      const answer = await this.#call('HEAD', known, { signal });
      if (answer.status < 300) {
        this.offset = offsetOf(answer, 0);
        return { url: known, videoId: answer.header('Palco-Video-Id') };
      }
      if (![403, 404, 410].includes(answer.status)) this.#accept(answer);
      this.#environment.memory.set(this.#key, null);
    }
    const creation = this.#create();
    this.#creation = creation;
    const answer = await creation;
    signal.throwIfAborted();
    return answer;
  }

  /**
   * Not to be stopped half way: an upload whose address never arrived could not be taken back.
   * @returns {Promise<{ url: string, videoId: string | null }>}
   */
  async #create() {
    const answer = await this.#call('POST', this.#endpoint, {
      signal: AbortSignal.timeout(60_000),
      headers: {
        'Upload-Length': String(this.#file.size),
        'Upload-Metadata': encodeMetadata(this.#metadata),
      },
    });
    this.#accept(answer);
    const url = answer.header('Location');
    if (!url) throw new ApiError(answer.status, 'unexpected');
    this.offset = 0;
    this.#environment.memory.set(this.#key, url);
    return { url, videoId: answer.header('Palco-Video-Id') };
  }

  /**
   * Tells the server to forget it. While it still reads what was on its way it refuses for a moment. If nothing helps,
   * the upload expires there by itself.
   */
  async discard() {
    await this.#creation?.catch(() => {});
    const url = this.#environment.memory.get(this.#key);
    this.#environment.memory.set(this.#key, null);
    if (!url) return;
    for (let attempt = 0; attempt < 8; attempt++) {
      const signal = AbortSignal.timeout(10_000);
      const answer = await this.#call('DELETE', url, { signal }).catch(() => null);
      if (answer && answer.status !== 423 && answer.status < 500) return;
      await this.#environment.wait(2, signal);
    }
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {{ signal: AbortSignal, headers?: Record<string, string>, body?: Blob, onSent?: (sent: number) => void }} rest
   */
  #call(method, url, { signal, headers = {}, body, onSent }) {
    return this.#environment.transport({
      method,
      url,
      headers: { ...version, ...headers },
      body,
      signal,
      onSent,
    });
  }

  /** @param {Answer} answer */
  #accept(answer) {
    if (answer.status < 300) return;
    const error = problemFrom(answer.status, answer.text, answer.header('Retry-After'));
    if (isRefusal(error)) this.#environment.memory.set(this.#key, null);
    throw error;
  }
}

/** A connection may die without a word, behind a router that forgot it; the browser would wait for many minutes. */
class Stall {
  #seconds;
  #control = new AbortController();
  #timer = 0;

  /** @param {number} seconds */
  constructor(seconds) {
    this.#seconds = seconds;
    this.postpone();
  }

  get signal() {
    return this.#control.signal;
  }

  postpone() {
    this.end();
    if (this.#seconds === Infinity) return;
    this.#timer = setTimeout(() => this.#control.abort(new ApiError(0, 'offline')), this.#seconds * 1000);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

/**
 * @param {Answer} answer
 * @param {number} otherwise
 */
function offsetOf(answer, otherwise) {
  const value = Number(answer.header('Upload-Offset') ?? Number.NaN);
  return Number.isFinite(value) ? value : otherwise;
}

/** The content was judged: sending the same bytes again helps nobody. @param {ApiError} error */
function isRefusal({ status }) {
  return status === 422 || status === 415;
}

/** @param {ApiError} error */
function worthRetrying({ status }) {
  return status === 0 || status === 408 || status === 409 || status === 423 || status === 429 ||
    (status >= 500 && status !== 507 && status !== 501);
}

/**
 * `key base64,key base64` (tus: Upload-Metadata).
 * @param {Record<string, string>} metadata
 */
export function encodeMetadata(metadata) {
  return Object.entries(metadata).filter(([, value]) => value !== '').map(([key, value]) => {
    const bytes = new TextEncoder().encode(value);
    return `${key} ${btoa(String.fromCharCode(...bytes))}`;
  }).join(',');
}

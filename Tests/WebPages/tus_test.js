import { ApiError } from '../../web/lib/api.js';
import { encodeMetadata, TusUpload } from '../../web/upload/tus.js';
import { equal, fails, ok } from './assert.js';

/** A tus server in memory that can be told to misbehave. */
class Server {
  /** @type {Map<string, { size: number, data: Uint8Array }>} */
  uploads = new Map();
  /** @type {string[]} */
  calls = [];
  /**
   * A status, 0 for a cut connection, or -1 for one that died without a word.
   * @type {((call: import('../../web/upload/tus.js').Call) => number | null)[]}
   */
  mishaps = [];
  largestBody = Infinity;
  refusal = '';
  /** What it says of an upload, one question after the other; after the last one it has judged. */
  looks = /** @type {(() => ReturnType<typeof reply>)[]} */ ([]);
  #judged = () => {};

  /** @param {import('../../web/upload/tus.js').Call} call */
  answer = async (call) => {
    this.calls.push(call.method);
    const mishap = this.mishaps.shift()?.(call) ?? null;
    if (mishap === -1) {
      const { signal } = call;
      return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (mishap === 0) {
      await this.#keep(call, 0.5);
      throw new ApiError(0, 'offline');
    }
    if (mishap !== null) return reply(mishap, {}, '{"code":"mishap","retry_after":0}');
    if (call.headers['Tus-Resumable'] !== '1.0.0') return reply(412);
    return await this.#act(call);
  };

  /** @param {import('../../web/upload/tus.js').Call} call */
  async #act(call) {
    if (call.method === 'POST') {
      const url = `/api/v1/uploads/${this.uploads.size + 1}`;
      this.uploads.set(url, { size: Number(call.headers['Upload-Length']), data: new Uint8Array() });
      return reply(201, { Location: url });
    }
    const upload = this.uploads.get(call.url);
    if (!upload) return reply(404, {}, '{"code":"upload_not_found"}');
    if (call.method === 'GET') {
      const look = this.looks.shift();
      if (this.looks.length === 0) this.#judged();
      return look ? look() : reply(404);
    }
    if (call.method === 'DELETE') {
      this.uploads.delete(call.url);
      return reply(204);
    }
    if (call.method === 'PATCH') {
      if (Number(call.headers['Upload-Offset']) !== upload.data.length) return reply(409);
      if ((call.body?.size ?? 0) > this.largestBody) return reply(413);
      await this.#keep(call, 1);
    }
    const headers = { 'Upload-Offset': String(upload.data.length) };
    if (upload.data.length < upload.size) return reply(call.method === 'HEAD' ? 200 : 204, headers);
    if (this.looks.length > 0) await new Promise((resolve) => (this.#judged = () => resolve(undefined)));
    if (this.refusal) return reply(422, {}, JSON.stringify({ code: this.refusal }));
    return reply(204, { ...headers, 'Palco-Video-Id': 'video-1' });
  }

  /**
   * @param {import('../../web/upload/tus.js').Call} call
   * @param {number} share of the body that arrives
   */
  async #keep(call, share) {
    const upload = this.uploads.get(call.url);
    if (!upload || !call.body) return;
    const bytes = new Uint8Array(await call.body.arrayBuffer());
    upload.data = new Uint8Array([...upload.data, ...bytes.slice(0, Math.floor(bytes.length * share))]);
    if (bytes.length > 0) call.onSent?.(bytes.length);
  }
}

/**
 * @param {number} status
 * @param {Record<string, string>} [headers]
 * @param {string} [text]
 */
function reply(status, headers = {}, text = '') {
  return { status, header: (/** @type {string} */ name) => headers[name] ?? null, text };
}

const content = Uint8Array.from({ length: 10_000 }, (_, place) => place % 251);

/**
 * @param {Server} server
 * @param {Map<string, string>} [memory]
 * @param {{ pieceSize?: number, size?: number, stallSeconds?: number, lookEvery?: number }} [options]
 */
function upload(server, memory = new Map(), options = {}) {
  const { pieceSize = 4000, size = content.length, stallSeconds, lookEvery } = options;
  /** @type {number[]} */
  const waits = [];
  const tus = new TusUpload(new Blob([content.slice(0, size)]), 'key', { filename: 'a.mp4' }, {
    transport: server.answer,
    memory: {
      get: (key) => memory.get(key) ?? null,
      set: (key, url) => void (url === null ? memory.delete(key) : memory.set(key, url)),
    },
    wait: (seconds) => {
      waits.push(seconds);
      return Promise.resolve();
    },
    pieceSize,
    stallSeconds,
    lookEvery,
  });
  /** @type {string[]} */
  const phases = [];
  const report = {
    progress: () => {},
    phase: (/** @type {string} */ phase) => void (phases.at(-1) !== phase && phases.push(phase)),
  };
  return {
    tus,
    memory,
    waits,
    phases,
    run: (signal = new AbortController().signal) => tus.run(signal, report),
  };
}

Deno.test('an upload is created and sent in pieces, and nothing is remembered after it', async () => {
  const server = new Server();
  const { run, memory, phases } = upload(server);
  equal(await run(), 'video-1');
  equal(server.calls, ['POST', 'PATCH', 'PATCH', 'PATCH']);
  equal([...server.uploads.values()][0].data, content);
  equal(memory.size, 0);
  equal(phases.at(-1), 'checking');
});

Deno.test('after a cut connection it asks for the offset and sends only the rest', async () => {
  const server = new Server();
  server.mishaps = [() => null, () => 0, () => 0, () => null];
  const { run, waits, phases } = upload(server);
  equal(await run(), 'video-1');
  equal([...server.uploads.values()][0].data, content);
  equal(server.calls.slice(0, 5), ['POST', 'PATCH', 'HEAD', 'HEAD', 'PATCH']);
  equal(waits.length, 2);
  ok(phases.includes('retrying'));
});

Deno.test('a connection that died without a word is given up, and the upload goes on over another', async () => {
  const server = new Server();
  server.mishaps = [() => null, () => null, () => -1];
  const { run, waits } = upload(server, new Map(), { stallSeconds: 0.05 });
  equal(await run(), 'video-1');
  equal([...server.uploads.values()][0].data, content);
  equal(server.calls, ['POST', 'PATCH', 'PATCH', 'HEAD', 'PATCH', 'PATCH']);
  equal(waits.length, 1);
});

Deno.test('a new page with the same file goes on where the closed one stopped', async () => {
  const server = new Server();
  const stop = new AbortController();
  const first = upload(server);
  server.mishaps = [() => null, () => null, () => {
    stop.abort();
    return 0;
  }];
  await fails(() => first.run(stop.signal), /offline/);
  const second = upload(server, first.memory);
  server.calls = [];
  equal(await second.run(), 'video-1');
  equal(server.calls[0], 'HEAD');
  equal(server.uploads.size, 1);
  equal([...server.uploads.values()][0].data, content);
});

Deno.test('an upload that the server forgot begins anew', async () => {
  const server = new Server();
  const { run } = upload(server, new Map([['key', '/api/v1/uploads/gone']]));
  equal(await run(), 'video-1');
  equal(server.calls.slice(0, 2), ['HEAD', 'POST']);
});

Deno.test('a wrong offset and a server that restarts are got over', async () => {
  const server = new Server();
  server.mishaps = [() => null, () => 409, () => null, () => 502, () => 503];
  equal(await upload(server).run(), 'video-1');
  equal([...server.uploads.values()][0].data, content);
});

Deno.test('smaller pieces are sent when something on the way takes no large ones', async () => {
  const server = new Server();
  server.largestBody = 1024 * 1024;
  const large = new Blob([new Uint8Array(3 * 1024 * 1024)]);
  const memory = { get: () => null, set: () => {} };
  const tus = new TusUpload(large, 'key', {}, {
    transport: server.answer,
    memory,
    wait: () => Promise.resolve(),
  });
  const report = { progress: () => {}, phase: () => {} };
  equal(await tus.run(new AbortController().signal, report), 'video-1');
  equal([...server.uploads.values()][0].data.length, large.size);
});

Deno.test('a refused file is an error with its code, is not tried again and not remembered', async () => {
  const server = new Server();
  server.refusal = 'not_a_video';
  const { run, memory, waits } = upload(server);
  const error = /** @type {ApiError} */ (await fails(run, /not_a_video/));
  equal([error.status, error.code], [422, 'not_a_video']);
  equal([memory.size, waits.length], [0, 0]);
});

/** @param {string} state */
function told(state) {
  return () => reply(200, {}, JSON.stringify({ id: '1', offset: 10_000, length: 10_000, state }));
}

Deno.test('until the answer comes one is told whether the file waits for its turn or is checked', async () => {
  const server = new Server();
  server.looks = ['waiting', 'waiting', 'checking', 'waiting', 'finished'].map(told);
  const { run, phases } = upload(server, new Map(), { lookEvery: 0.001 });
  equal(await run(), 'video-1');
  equal(phases, ['uploading', 'checking', 'queued', 'checking', 'queued']);
  equal(server.calls, ['POST', 'PATCH', 'PATCH', 'PATCH', 'GET', 'GET', 'GET', 'GET', 'GET']);
});

Deno.test('a question about the turn that fails harms nobody', async () => {
  const server = new Server();
  const broken = () => {
    throw new ApiError(0, 'offline');
  };
  const strange = ['<html>', 'null', '{"state":7}'].map((text) => () => reply(200, {}, text));
  server.looks = [() => reply(404), broken, ...strange, told('waiting'), told('finished')];
  const { run, phases, waits } = upload(server, new Map(), { lookEvery: 0.001 });
  equal(await run(), 'video-1');
  equal([phases.at(-1), waits.length], ['queued', 0]);
});

Deno.test('an upload that had arrived before asks for its turn too', async () => {
  const server = new Server();
  const memory = new Map([['key', '/api/v1/uploads/7']]);
  server.uploads.set('/api/v1/uploads/7', { size: content.length, data: content });
  server.looks = [told('waiting'), told('finished')];
  const head = server.answer;
  server.answer = async (call) =>
    call.method === 'HEAD' ? reply(200, { 'Upload-Offset': String(content.length) }) : await head(call);
  const { run, phases } = upload(server, memory, { lookEvery: 0.001 });
  equal(await run(), 'video-1');
  equal(phases, ['checking', 'queued']);
});

Deno.test('an empty file is refused before anything is sent', async () => {
  const server = new Server();
  const error =
    /** @type {ApiError} */ (await fails(upload(server, new Map(), { size: 0 }).run, /empty_file/));
  equal([error.code, server.calls.length], ['empty_file', 0]);
});

Deno.test('a server that keeps failing ends the attempts', async () => {
  const server = new Server();
  server.mishaps = Array.from({ length: 40 }, () => () => 500);
  const { run, waits } = upload(server);
  await fails(run, /mishap/);
  equal(waits.length, 8);
});

Deno.test('discarding tells the server and forgets', async () => {
  const server = new Server();
  server.uploads.set('/api/v1/uploads/9', { size: 5, data: new Uint8Array() });
  const { tus, memory } = upload(server, new Map([['key', '/api/v1/uploads/9']]));
  await tus.discard();
  equal([memory.size, server.uploads.size], [0, 0]);
});

Deno.test('discarding tries again while the server still reads', async () => {
  const server = new Server();
  server.uploads.set('/api/v1/uploads/9', { size: 5, data: new Uint8Array() });
  server.mishaps = [() => 423, () => 0, () => 503];
  const { tus, waits } = upload(server, new Map([['key', '/api/v1/uploads/9']]));
  await tus.discard();
  equal([server.uploads.size, waits.length], [0, 3]);
});

Deno.test('an upload that is cancelled while it is created is taken back', async () => {
  const server = new Server();
  const { tus } = upload(server);
  const stop = new AbortController();
  const running = tus.run(stop.signal, { progress: () => {}, phase: () => {} });
  stop.abort();
  await tus.discard();
  await fails(() => running, /AbortError/);
  equal([server.uploads.size, server.calls.join(' ')], [0, 'POST DELETE']);
});

Deno.test('metadata is base64 of UTF-8', () => {
  equal(
    encodeMetadata({ filename: 'Ñandú.mp4', filetype: '', title: 'Привет' }),
    'filename w5FhbmTDui5tcDQ=,title 0J/RgNC40LLQtdGC',
  );
});

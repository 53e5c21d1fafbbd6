/** A feed of films with several sounds, with captions, and without a picture. */
import { RecordedFeed } from '../../web/player/feed.js';
import { equal, fails } from './assert.js';

const list = '#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:4,\n0.m4s\n#EXT-X-ENDLIST\n';

/**
 * A server of its own for each test; the files are changed by the test while it runs.
 * @param {Record<string, string>} files by path below the grant; 401 without the right one
 * @param {(address: (grant: string) => string, state: { files: Record<string, string>, grant: string }) => Promise<void>} body
 */
async function withFiles(files, body) {
  const state = { files, grant: 'one' };
  const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, (request) => {
    const [, grant, path] = new URL(request.url).pathname.match(/^\/play\/([^/]+)(\/.*)$/) ?? [];
    if (grant !== state.grant) return new Response(null, { status: 401 });
    const found = state.files[path];
    return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
  });
  try {
    await body((grant) => `http://127.0.0.1:${server.addr.port}/play/${grant}/master.m3u8`, state);
  } finally {
    await server.shutdown();
  }
}

function sounds() {
  return `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="es",LANGUAGE="es",DEFAULT=NO,URI="audio/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="en",LANGUAGE="en",DEFAULT=YES,URI="audio1/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="other",NAME="ru",LANGUAGE="ru",DEFAULT=YES,URI="audio2/index.m3u8"
`;
}

function captions() {
  return `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="en",LANGUAGE="en",URI="captions0/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="ru",LANGUAGE="ru",URI="captions1/index.m3u8"
`;
}

/** @param {string} [media] */
function film(media = sounds() + captions()) {
  return `#EXTM3U
${media}#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,CODECS="avc1.64001f,mp4a.40.2",AUDIO="audio",SUBTITLES="subtitles"
720p/index.m3u8
`;
}

function captionsList() {
  return `#EXTM3U\n#EXTINF:600,\ncaptions.vtt\n#EXT-X-ENDLIST\n`;
}

const { signal } = new AbortController();

Deno.test('the sounds of a film are the renditions of one track, in the order of the film', () =>
  withFiles({ '/master.m3u8': film(), '/audio1/index.m3u8': list }, async (address) => {
    const feed = new RecordedFeed(address('one'));
    const [picture, sound, ...more] = await feed.open(signal);
    equal([picture.kind, sound.kind, more.length], ['video', 'audio', 0]);
    equal(sound.renditions.map((rendition) => rendition.sound?.language), ['es', 'en']);
    equal(sound.renditions.map((rendition) => rendition.sound?.isDefault), [false, true]);
    equal(new Set(sound.renditions.map((rendition) => rendition.mime)).size, 1);
    equal(picture.renditions[0].sound, undefined);
    const [{ uri }] = await feed.timeline(sound.renditions[1], signal);
    equal(new URL(uri).pathname, '/play/one/audio1/0.m4s');
  }));

const radio = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="1",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=130000,CODECS="mp4a.40.2",AUDIO="audio"
audio/index.m3u8
`;

Deno.test('a film without a picture is one track of sound, and its playlist is used once', () =>
  withFiles({ '/master.m3u8': radio, '/audio/index.m3u8': list }, async (address) => {
    const tracks = await new RecordedFeed(address('one')).open(signal);
    equal(tracks.map(({ kind, renditions }) => [kind, renditions.length, renditions[0].mime]), [
      ['audio', 1, 'audio/mp4; codecs="mp4a.40.2"'],
    ]);
  }));

Deno.test('a film without a picture may be its variants alone', () =>
  withFiles({
    '/master.m3u8': '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=130000,CODECS="mp4a.40.2"\naudio/index.m3u8\n',
  }, async (address) => {
    const tracks = await new RecordedFeed(address('one')).open(signal);
    equal(tracks.map(({ kind, renditions }) => [kind, renditions[0].mime]), [
      ['audio', 'audio/mp4; codecs="mp4a.40.2"'],
    ]);
  }));

Deno.test('captions are those of the group that the pictures name, and each is one file', () =>
  withFiles({
    '/master.m3u8': film().replace('"subtitles",NAME="ru"', '"signs",NAME="ru"'),
    '/captions0/index.m3u8': captionsList(),
  }, async (address) => {
    const feed = new RecordedFeed(address('one'));
    equal(feed.captions, []);
    await feed.open(signal);
    equal(feed.captions.map(({ name }) => name), ['en']);
    const file = new URL(await feed.captionsFile(feed.captions[0], signal));
    equal(file.pathname, '/play/one/captions0/captions.vtt');
    await fails(() => feed.captionsFile({ name: 'ru' }, signal), /missing/);
  }));

Deno.test('captions that come later are found by looking again', () =>
  withFiles({ '/master.m3u8': film(sounds()) }, async (address, state) => {
    const feed = new RecordedFeed(address('one'));
    await feed.open(signal);
    const before = feed.captions;
    equal(before, []);
    state.files['/master.m3u8'] = film();
    await feed.refresh(signal);
    equal(feed.captions.map(({ name }) => name), ['en', 'ru']);
    equal(before === feed.captions, false);
  }));

Deno.test('with a fresh grant captions have fresh addresses', () =>
  withFiles({ '/master.m3u8': film() }, async (address, state) => {
    const feed = new RecordedFeed(address('one'));
    await feed.open(signal);
    const [english] = feed.captions;
    state.grant = 'two';
    state.files = { '/master.m3u8': film(), '/captions0/index.m3u8': captionsList() };
    await fails(() => feed.captionsFile(english, signal), /expired/);
    await feed.renew(address('two'), signal);
    equal(new URL(await feed.captionsFile(english, signal)).pathname, '/play/two/captions0/captions.vtt');
  }));

Deno.test('a list of captions that is not at its end says nothing about the film', () =>
  withFiles({
    '/master.m3u8': film(),
    '/captions0/index.m3u8': captionsList().replace('#EXT-X-ENDLIST\n', ''),
  }, async (address, state) => {
    const feed = new RecordedFeed(address('one'));
    const [picture] = await feed.open(signal);
    await feed.captionsFile(feed.captions[0], signal);
    equal(feed.growing, false);
    state.files['/720p/index.m3u8'] = list.replace('#EXT-X-ENDLIST\n', '');
    await feed.timeline(picture.renditions[0], signal);
    equal(feed.growing, true);
  }));

import {
  parseAttributes,
  parseMaster,
  parseMedia,
  PlaylistError,
  vectorForSequence,
} from '../../web/player/playlist.js';
import { equal, fails, near, ok } from './assert.js';

const url = 'https://palco.test/api/v1/videos/1/hls/master.m3u8?token=abc';

const master = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="audio",DEFAULT=YES,LANGUAGE="es",URI="audio/index.m3u8?token=abc"
#EXT-X-STREAM-INF:BANDWIDTH=2800000,AVERAGE-BANDWIDTH=2400000,RESOLUTION=1280x720,FRAME-RATE=25.000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="sound"
720p/index.m3u8?token=abc

#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=426x240,CODECS="avc1.42c015,mp4a.40.2",AUDIO="sound"
240p/index.m3u8?token=abc
`;

Deno.test('attributes keep commas within quotes', () => {
  const attributes = parseAttributes('BANDWIDTH=1,CODECS="a,b",RESOLUTION=2x3,URI="x=1,y"');
  equal(Object.fromEntries(attributes), { BANDWIDTH: '1', CODECS: 'a,b', RESOLUTION: '2x3', URI: 'x=1,y' });
});

Deno.test('a master playlist lists variants by the names of their folders, and the sound', () => {
  const { variants, audio } = parseMaster(master, url);
  equal(variants.map((variant) => variant.name), ['720p', '240p']);
  equal(variants[0], {
    name: '720p',
    uri: 'https://palco.test/api/v1/videos/1/hls/720p/index.m3u8?token=abc',
    bandwidth: 2800000,
    averageBandwidth: 2400000,
    codecs: ['avc1.64001f', 'mp4a.40.2'],
    width: 1280,
    height: 720,
    frameRate: 25,
    audioGroup: 'sound',
    subtitleGroup: null,
  });
  equal(variants[1].averageBandwidth, 400000);
  equal(audio[0].uri, 'https://palco.test/api/v1/videos/1/hls/audio/index.m3u8?token=abc');
  equal([audio[0].group, audio[0].language, audio[0].isDefault], ['sound', 'es', true]);
});

const alternatives = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Original, 5.1",LANGUAGE="es-419",DEFAULT=YES,URI="audio/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="es (2)",LANGUAGE="es",CHARACTERISTICS="public.accessibility.describes-video",URI="audio1/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="en",LANGUAGE="en",FORCED=YES,URI="captions0/index.m3u8?token=abc"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="1",DEFAULT=YES,FORCED=NO,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",URI="captions1/index.m3u8"
#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="cc",NAME="CC1",INSTREAM-ID="CC1"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64001f,mp4a.40.2",AUDIO="audio",SUBTITLES="subtitles"
720p/index.m3u8
`;

Deno.test('sounds and captions have their language and what is special about them', () => {
  const { audio, subtitles, variants } = parseMaster(alternatives, url);
  const facts = (
    /** @type {import('../../web/player/playlist.js').Alternative} */ {
      name,
      language,
      isDefault,
      isForced,
      describes,
    },
  ) =>
    [
      name,
      language,
      isDefault && 'default',
      isForced && 'forced',
      describes && 'describes',
    ].filter(Boolean);
  equal(audio.map(facts), [['Original, 5.1', 'es-419', 'default'], ['es (2)', 'es', 'describes']]);
  equal(subtitles.map(facts), [['en', 'en', 'forced'], ['1', 'default', 'describes']]);
  equal(subtitles.map(({ group }) => group), ['subtitles', 'subtitles']);
  equal(subtitles[0].uri, 'https://palco.test/api/v1/videos/1/hls/captions0/index.m3u8?token=abc');
  equal([variants[0].audioGroup, variants[0].subtitleGroup], ['audio', 'subtitles']);
});

Deno.test('variants of the same folder get names of their own', () => {
  const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv/b.m3u8\n';
  equal(parseMaster(text, url).variants.map((variant) => variant.name), ['v', 'v-2']);
});

const media = `#EXTM3U
#EXT-X-TARGETDURATION:5
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4?token=abc"
#EXT-X-KEY:METHOD=AES-128,URI="key?token=abc",IV=0x000102030405060708090a0b0c0d0e0f
#EXTINF:4.04,
0.m4s?token=abc
#EXT-X-KEY:METHOD=AES-128,URI="key?token=abc"
#EXTINF:3.96,title, with comma
1.m4s?token=abc
#EXT-X-KEY:METHOD=NONE
#EXTINF:1,
2.m4s
#EXT-X-ENDLIST
`;

Deno.test('a media playlist keeps exact times, keys and the init segment', () => {
  const playlist = parseMedia(media, 'https://palco.test/hls/720p/index.m3u8');
  const [first, second, third] = playlist.segments;
  equal([playlist.ended, playlist.targetDuration, playlist.segments.length], [true, 5, 3]);
  near(playlist.duration, 9);
  near(second.start, 4.04);
  equal([first.sequence, first.uri], [7, 'https://palco.test/hls/720p/0.m4s?token=abc']);
  equal(first.key?.iv, Uint8Array.from({ length: 16 }, (_, place) => place));
  equal(second.key, { uri: 'https://palco.test/hls/720p/key?token=abc', iv: null });
  equal(third.key, null);
  equal(first.init, { uri: 'https://palco.test/hls/720p/init.mp4?token=abc', byteRange: null, key: null });
});

Deno.test('byte ranges go on where the last one ended', () => {
  const text =
    `#EXTM3U\n#EXT-X-MAP:URI="all.mp4",BYTERANGE="100@0"\n#EXTINF:4,\n#EXT-X-BYTERANGE:50@100\nall.mp4
#EXTINF:4,\n#EXT-X-BYTERANGE:60\nall.mp4\n`;
  const { segments } = parseMedia(text, url);
  equal(segments.map((segment) => segment.byteRange), [{ length: 50, offset: 100 }, {
    length: 60,
    offset: 150,
  }]);
  equal(segments[0].init?.byteRange, { length: 100, offset: 0 });
});

Deno.test('line ends of Windows and a byte order mark do no harm', () => {
  equal(parseMedia('\uFEFF' + media.replaceAll('\n', '\r\n'), url).segments.length, 3);
});

Deno.test('the sequence number stands for a missing IV, most significant byte first', () => {
  equal([...vectorForSequence(0x01020304)].slice(10), [0, 0, 1, 2, 3, 4]);
  equal([...vectorForSequence(2 ** 32 + 5)].slice(8), [0, 0, 0, 1, 0, 0, 0, 5]);
});

/** What is refused, and by which words. @type {Record<string, [string, RegExp]>} */
const noMasters = {
  'HTML instead of a playlist': ['<!doctype html>', /does not start with #EXTM3U/],
  'no variants': ['#EXTM3U\n', /no variants/],
  'a variant on another server': [
    '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://evil.example/720p/index.m3u8\n',
    /none of its server/,
  ],
  'captions on another server': [
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="a",NAME="a",URI="//evil.example/a.m3u8"\n',
    /none of its server/,
  ],
  'sound on another server': [
    '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="//evil.example/a.m3u8"\n',
    /none of its server/,
  ],
};

for (const [what, [text, reason]] of Object.entries(noMasters)) {
  Deno.test(`a master playlist is refused: ${what}`, async () => {
    ok(await fails(() => parseMaster(text, url), reason) instanceof PlaylistError);
  });
}

/** @type {Record<string, [string, RegExp]>} */
const noMedia = {
  'no segments': ['#EXTM3U\n#EXT-X-ENDLIST\n', /no segments/],
  'a segment without a duration': ['#EXTM3U\n0.m4s\n', /no EXTINF/],
  'encryption we do not know': [
    '#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:4,\n0.m4s\n',
    /SAMPLE-AES is not supported/,
  ],
  'an IV that is no number': [
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0xZZ\n#EXTINF:4,\n0.m4s\n',
    /IV is not/,
  ],
  'an init segment without an address': [
    '#EXTM3U\n#EXT-X-MAP:BYTERANGE="1@0"\n#EXTINF:4,\n0.m4s\n',
    /MAP has no URI/,
  ],
  'a segment on another server': ['#EXTM3U\n#EXTINF:4,\n//evil.example/0.m4s\n', /none of its server/],
  'a key on another server': [
    '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="https://evil.example/k"\n#EXTINF:4,\n0.m4s\n',
    /none of its server/,
  ],
  'an init segment on another port': [
    '#EXTM3U\n#EXT-X-MAP:URI="https://palco.test:8443/i"\n#EXTINF:4,\n0.m4s\n',
    /none of its server/,
  ],
  'a segment that is no address of the web': ['#EXTM3U\n#EXTINF:4,\ndata:,x\n', /none of its server/],
};

for (const [what, [text, reason]] of Object.entries(noMedia)) {
  Deno.test(`a media playlist is refused: ${what}`, async () => {
    ok(await fails(() => parseMedia(text, url), reason) instanceof PlaylistError);
  });
}

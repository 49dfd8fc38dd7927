import { parse, types } from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { violationsOf } from '../testing/hls-rules.ts';
import { formatErrorCode } from '../testing/properties.ts';
import { encodeMediaPlaylist } from './media-playlist.ts';
import type { MediaPlaylist } from './media-playlist.ts';
import { encodeMultivariantPlaylist } from './multivariant-playlist.ts';

const EPOCH_MS = Date.UTC(2026, 10, 26, 20, 0, 0, 5);
const INIT = { uri: 'r-init0.mp4' };
const PARTS = [0, 1, 2, 3, 4].map((index) => ({
  uri: `r-9.${index}.m4s`,
  durationS: 0.4,
  independent: index === 0,
}));

const PLAIN: MediaPlaylist = {
  targetDurationS: 2,
  mediaSequence: 7,
  segments: [
    { uri: 'r-7.m4s', durationS: 2, map: INIT, programDateTimeMs: EPOCH_MS },
    { uri: 'r-8.m4s', durationS: 1.96, map: INIT },
  ],
};

const LOW_LATENCY: MediaPlaylist = {
  targetDurationS: 2,
  mediaSequence: 7,
  discontinuitySequence: 3,
  independentSegments: true,
  partTargetS: 0.4,
  serverControl: { canBlockReload: true, holdBackS: 6, partHoldBackS: 1.2, canSkipUntilS: 12 },
  segments: [
    { uri: 'r-7.m4s', durationS: 2, map: INIT, programDateTimeMs: EPOCH_MS },
    { uri: 'r-8.m4s', durationS: 2, map: INIT, programDateTimeMs: EPOCH_MS + 2000 },
    { uri: 'r-9.m4s', durationS: 2, map: INIT, programDateTimeMs: EPOCH_MS + 4000, parts: PARTS },
  ],
  openHead: { discontinuity: true, map: { uri: 'r-init1.mp4' }, programDateTimeMs: EPOCH_MS + 60_000 },
  openParts: [{ uri: 'r-10.0.m4s', durationS: 0.36, independent: true }],
  preloadHint: { uri: 'r-10.1.m4s' },
  renditionReports: [
    { uri: '../a_720p/live.m3u8', lastMsn: 10, lastPart: 0 },
    { uri: '../a_480p/live.m3u8', lastMsn: 9 },
  ],
};

const VOD: MediaPlaylist = {
  targetDurationS: 5.2,
  mediaSequence: 0,
  type: 'VOD',
  independentSegments: true,
  segments: [
    {
      uri: '0.mp4',
      durationS: 5.005,
      byteRange: { bytes: 90_000, offset: 1000 },
      map: { uri: '0.mp4', byteRange: { bytes: 1000, offset: 0 } },
      programDateTimeMs: EPOCH_MS,
    },
    {
      uri: '0.mp4',
      durationS: 4,
      byteRange: { bytes: 80_000, offset: 91_000 },
      map: { uri: '0.mp4', byteRange: { bytes: 1000, offset: 0 } },
    },
    {
      uri: '1.mp4',
      durationS: 3.000_011,
      discontinuity: true,
      byteRange: { bytes: 5, offset: 900 },
      map: { uri: '1.mp4', byteRange: { bytes: 900, offset: 0 } },
    },
  ],
  endList: true,
};

describe('encodeMediaPlaylist', () => {
  it.each([
    [
      'plain',
      PLAIN,
      `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="r-init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:00:00.005Z
#EXTINF:2.0,
r-7.m4s
#EXTINF:1.96,
r-8.m4s
`,
    ],
    [
      'of low latency',
      LOW_LATENCY,
      `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,HOLD-BACK=6.0,PART-HOLD-BACK=1.2
#EXT-X-PART-INF:PART-TARGET=0.4
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-DISCONTINUITY-SEQUENCE:3
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="r-init0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:00:00.005Z
#EXTINF:2.0,
r-7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:00:02.005Z
#EXTINF:2.0,
r-8.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:00:04.005Z
#EXT-X-PART:DURATION=0.4,URI="r-9.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.4,URI="r-9.1.m4s"
#EXT-X-PART:DURATION=0.4,URI="r-9.2.m4s"
#EXT-X-PART:DURATION=0.4,URI="r-9.3.m4s"
#EXT-X-PART:DURATION=0.4,URI="r-9.4.m4s"
#EXTINF:2.0,
r-9.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="r-init1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:01:00.005Z
#EXT-X-PART:DURATION=0.36,URI="r-10.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="r-10.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../a_720p/live.m3u8",LAST-MSN=10,LAST-PART=0
#EXT-X-RENDITION-REPORT:URI="../a_480p/live.m3u8",LAST-MSN=9
`,
    ],
    [
      'on demand, with byte ranges',
      VOD,
      `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="0.mp4",BYTERANGE="1000@0"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T20:00:00.005Z
#EXT-X-BYTERANGE:90000@1000
#EXTINF:5.005,
0.mp4
#EXT-X-BYTERANGE:80000@91000
#EXTINF:4.0,
0.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="1.mp4",BYTERANGE="900@0"
#EXT-X-BYTERANGE:5@900
#EXTINF:3.00001,
1.mp4
#EXT-X-ENDLIST
`,
    ],
  ])('%s, which others read and no rule forbids', (_name, playlist, text) => {
    expect(encodeMediaPlaylist(playlist)).toBe(text);
    expect(violationsOf(text)).toEqual([]);
    const read = parse(text);
    if (!(read instanceof types.MediaPlaylist)) throw new Error('not read as a media playlist');
    expect(read).toMatchObject({ mediaSequenceBase: playlist.mediaSequence, endlist: playlist.endList === true });
    const whole = read.segments.filter(({ uri }) => uri !== '');
    expect(whole.map(({ uri, duration }) => [uri, duration])).toEqual(
      playlist.segments.map(({ uri, durationS }) => [uri, Number(durationS.toFixed(5))]),
    );
    expect(whole.map(({ map }) => map?.uri)).toEqual(playlist.segments.map(({ map }) => map?.uri));
    expect(whole.map(({ byterange }) => byterange)).toMatchObject(
      playlist.segments.map(({ byteRange }) => byteRange && { length: byteRange.bytes, offset: byteRange.offset }),
    );
  });

  it('hls-parser finds parts, hints and reports', () => {
    const read = parse(encodeMediaPlaylist(LOW_LATENCY));
    if (!(read instanceof types.MediaPlaylist)) throw new Error('not read as a media playlist');
    expect(read).toMatchObject({
      partTargetDuration: 0.4,
      lowLatencyCompatibility: { canBlockReload: true, canSkipUntil: 12, holdBack: 6, partHoldBack: 1.2 },
      renditionReports: [
        { uri: '../a_720p/live.m3u8', lastMSN: 10, lastPart: 0 },
        { uri: '../a_480p/live.m3u8', lastMSN: 9 },
      ],
    });
    expect(read.segments.map(({ parts }) => parts.length)).toEqual([0, 0, 5, 2]);
    expect(read.segments.at(-1)?.parts.map(({ uri, hint, independent }) => [uri, hint, independent === true])).toEqual([
      ['r-10.0.m4s', false, true],
      ['r-10.1.m4s', true, false],
    ]);
  });

  it('a delta update says what it leaves out, and its map once more', () => {
    const text = encodeMediaPlaylist({ ...LOW_LATENCY, segments: LOW_LATENCY.segments.slice(2), skippedSegments: 2 });
    expect(text).toContain('#EXT-X-VERSION:9\n');
    expect(text).toContain('#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n#EXT-X-MAP:URI="r-init0.mp4"\n');
    const read = parse(text);
    expect(read).toMatchObject({ skip: 2 });
  });

  it.each([
    ['decimals', [{ uri: 'a.ts', durationS: 1 }], 3],
    ['byte ranges', [{ uri: 'a.ts', durationS: 1, byteRange: { bytes: 1, offset: 0 } }], 4],
    ['a map', [{ uri: 'a.m4s', durationS: 1, map: INIT }], 6],
    ['a gap', [{ uri: 'a.ts', durationS: 1, gap: true }], 3],
  ])('%s need version %3$d', (_name, segments, version) => {
    const text = encodeMediaPlaylist({ targetDurationS: 1, mediaSequence: 0, segments });
    expect(text).toContain(`#EXT-X-VERSION:${version}\n`);
    expect(violationsOf(text)).toEqual([]);
    expect(text.includes('#EXT-X-GAP\n')).toBe(segments.some((segment) => 'gap' in segment));
  });

  it('is a playlist without segments too', () => {
    const text = encodeMediaPlaylist({ targetDurationS: 0.1, mediaSequence: 0, segments: [], serverControl: {} });
    expect(text).toBe('#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n');
  });

  it.each([
    ['an address with a line end', { uri: 'a\n#EXT-X-ENDLIST', durationS: 1 }],
    ['an address with a quote', { uri: 'a"', durationS: 1 }],
    ['an address that is a comment', { uri: '#a', durationS: 1 }],
    ['no address', { uri: '', durationS: 1 }],
    ['a quote in a map', { uri: 'a', durationS: 1, map: { uri: '"' } }],
    ['a duration that is none', { uri: 'a', durationS: Number.NaN }],
    ['an endless duration', { uri: 'a', durationS: Number.POSITIVE_INFINITY }],
    ['a negative duration', { uri: 'a', durationS: -1 }],
    ['a range of parts of bytes', { uri: 'a', durationS: 1, byteRange: { bytes: 1.5, offset: 0 } }],
    ['a date that is none', { uri: 'a', durationS: 1, programDateTimeMs: 1e20 }],
  ])('refuses %s', (_name, segment) => {
    const playlist = { targetDurationS: 1, mediaSequence: 0, segments: [segment] };
    expect(formatErrorCode(() => encodeMediaPlaylist(playlist))).toBe('malformed');
  });

  it('refuses a target that is no number', () => {
    expect(formatErrorCode(() => encodeMediaPlaylist({ ...PLAIN, targetDurationS: Number.NaN }))).toBe('malformed');
    expect(formatErrorCode(() => encodeMediaPlaylist({ ...PLAIN, mediaSequence: -1 }))).toBe('malformed');
  });
});

describe('encodeMultivariantPlaylist', () => {
  it('says what it takes to play each variant', () => {
    const text = encodeMultivariantPlaylist({
      independentSegments: true,
      variants: [
        {
          uri: 'live.m3u8?session=a.b',
          bandwidthBps: 2_500_000.4,
          averageBandwidthBps: 2_000_000,
          codecs: ['avc1.64001f', 'mp4a.40.2'],
          width: 1280,
          height: 720,
          frameRate: 29.97,
          name: '720p',
        },
        { uri: '../a_audio/live.m3u8', bandwidthBps: 64_000, codecs: [] },
      ],
    });
    expect(text).toBe(`#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2500001,AVERAGE-BANDWIDTH=2000000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,NAME="720p"
live.m3u8?session=a.b
#EXT-X-STREAM-INF:BANDWIDTH=64000
../a_audio/live.m3u8
`);
    const read = parse(text);
    if (!(read instanceof types.MasterPlaylist)) throw new Error('not read as a multivariant playlist');
    expect(read.variants).toMatchObject([
      { bandwidth: 2_500_001, averageBandwidth: 2_000_000, resolution: { width: 1280, height: 720 }, frameRate: 29.97 },
      { bandwidth: 64_000, uri: '../a_audio/live.m3u8' },
    ]);
  });

  it.each([
    ['a name with a quote', { uri: 'a', bandwidthBps: 1, name: '"' }],
    ['a name of two lines', { uri: 'a', bandwidthBps: 1, name: 'a\rb' }],
    ['no bandwidth', { uri: 'a', bandwidthBps: Number.NaN }],
    ['a frame rate of 0', { uri: 'a', bandwidthBps: 1, frameRate: 0 }],
    ['half a pixel', { uri: 'a', bandwidthBps: 1, width: 1.5, height: 2 }],
  ])('refuses %s', (_name, variant) => {
    expect(formatErrorCode(() => encodeMultivariantPlaylist({ variants: [variant] }))).toBe('malformed');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { VIDEO_FOUR_CC, videoCodecOf } from './video-codec.ts';
import { encodeVideoTagHeader } from './video-header-encode.ts';
import { hasCompositionTime, parseVideoTagHeader, VIDEO_PACKET_TYPES } from './video-header.ts';
import type { EnhancedVideoTagHeader, LegacyVideoTagHeader } from './video-header.ts';

const legacy = { form: 'legacy', frameType: 'key', codecId: 7, codec: 'h264', compositionTimeMs: 0 } as const;
const enhanced = { form: 'enhanced', frameType: 'key', nanosecondOffset: 0, compositionTimeMs: 0 } as const;

const table: [
  string,
  string,
  Omit<LegacyVideoTagHeader, 'headerBytes'> | Omit<EnhancedVideoTagHeader, 'headerBytes'>,
][] = [
  ['AVC sequence header', '17 00 000000', { ...legacy, packetType: 'sequenceStart' }],
  ['AVC key frame, 80 ms', '17 01 000050', { ...legacy, packetType: 'codedFrames', compositionTimeMs: 80 }],
  [
    'AVC frame, -1 ms',
    '27 01 ffffff',
    { ...legacy, frameType: 'inter', packetType: 'codedFrames', compositionTimeMs: -1 },
  ],
  ['AVC end of sequence', '17 02 000000', { ...legacy, packetType: 'sequenceEnd' }],
  ['HEVC as codec id 12', '1c 01 000000', { ...legacy, codecId: 12, codec: 'h265', packetType: 'codedFrames' }],
  ['AV1 as codec id 13', '1d 00 000000', { ...legacy, codecId: 13, codec: 'av1', packetType: 'sequenceStart' }],
  [
    'Sorenson H.263',
    '32',
    { ...legacy, frameType: 'disposableInter', codecId: 2, codec: 'h263', packetType: 'codedFrames' },
  ],
  ['AVC seek command', '57 01', { ...legacy, frameType: 'command', packetType: 'codedFrames', command: 1 }],
  ['HEVC SequenceStart', '90 68766331', { ...enhanced, packetType: 'sequenceStart', fourCc: 'hvc1', codec: 'h265' }],
  [
    'HEVC CodedFrames',
    'a1 68766331 000028',
    {
      ...enhanced,
      frameType: 'inter',
      packetType: 'codedFrames',
      fourCc: 'hvc1',
      codec: 'h265',
      compositionTimeMs: 40,
    },
  ],
  ['HEVC CodedFramesX', '93 68766331', { ...enhanced, packetType: 'codedFramesX', fourCc: 'hvc1', codec: 'h265' }],
  ['HEVC SequenceEnd', '92 68766331', { ...enhanced, packetType: 'sequenceEnd', fourCc: 'hvc1', codec: 'h265' }],
  ['AVC CodedFrames', '91 61766331 000000', { ...enhanced, packetType: 'codedFrames', fourCc: 'avc1', codec: 'h264' }],
  [
    'AV1 CodedFrames, no composition time',
    '91 61763031',
    { ...enhanced, packetType: 'codedFrames', fourCc: 'av01', codec: 'av1' },
  ],
  [
    'AV1 in MPEG-2 TS',
    '95 61763031',
    { ...enhanced, packetType: 'mpeg2tsSequenceStart', fourCc: 'av01', codec: 'av1' },
  ],
  ['VP9', '91 76703039', { ...enhanced, packetType: 'codedFrames', fourCc: 'vp09', codec: 'vp9' }],
  [
    'VVC',
    '91 76766331 000001',
    { ...enhanced, packetType: 'codedFrames', fourCc: 'vvc1', codec: 'h266', compositionTimeMs: 1 },
  ],
  [
    'Metadata, frame type ignored',
    'd4 68766331',
    { ...enhanced, frameType: 'command', packetType: 'metadata', fourCc: 'hvc1', codec: 'h265' },
  ],
  [
    'seek command',
    'd1 00',
    { ...enhanced, frameType: 'command', packetType: 'codedFrames', codec: 'unknown', command: 0 },
  ],
  [
    'nanosecond offset',
    '97 02 0f423f 03 68766331',
    { ...enhanced, nanosecondOffset: 999_999, packetType: 'codedFramesX', fourCc: 'hvc1', codec: 'h265' },
  ],
  ['unknown FourCC', '91 78787878', { ...enhanced, packetType: 'codedFrames', fourCc: 'xxxx', codec: 'unknown' }],
];

describe('video tag header', () => {
  it.each(table)('%s', (_name, bytes, header) => {
    const body = hex(bytes);
    expect(parseVideoTagHeader(concat(body, hex('eeee')))).toStrictEqual({ ...header, headerBytes: body.length });
    expect(toHex(encodeVideoTagHeader(header))).toBe(toHex(body));
  });

  it('skips ModEx of other types and sizes', () => {
    const expected = { ...enhanced, packetType: 'codedFramesX', fourCc: 'avc1', codec: 'h264' } as const;
    expect(parseVideoTagHeader(hex('97 00 ee 13 61766331'))).toStrictEqual({ ...expected, headerBytes: 8 });
    const long = concat(hex('97 ff 012b'), new Uint8Array(300), hex('17 02 000005 03 61766331'));
    expect(parseVideoTagHeader(long)).toStrictEqual({ ...expected, nanosecondOffset: 5, headerBytes: long.length });
  });

  it.each([
    [
      'oneTrack',
      '96 01 68766331 03 000028 aabb',
      [{ trackId: 3, fourCc: 'hvc1', codec: 'h265', compositionTimeMs: 40, payload: hex('aabb') }],
      10,
    ],
    [
      'manyTracks',
      '96 11 61766331 00 000004 000001aa 01 000003 000002',
      [
        { trackId: 0, fourCc: 'avc1', codec: 'h264', compositionTimeMs: 1, payload: hex('aa') },
        { trackId: 1, fourCc: 'avc1', codec: 'h264', compositionTimeMs: 2, payload: hex('') },
      ],
      13,
    ],
    [
      'manyTracksManyCodecs',
      '96 20 61763031 00 000001 aa 76703039 01 000001 bb',
      [
        { trackId: 0, fourCc: 'av01', codec: 'av1', compositionTimeMs: 0, payload: hex('aa') },
        { trackId: 1, fourCc: 'vp09', codec: 'vp9', compositionTimeMs: 0, payload: hex('bb') },
      ],
      10,
    ],
  ])('multitrack %s', (type, bytes, tracks, headerBytes) => {
    const header = parseVideoTagHeader(hex(bytes));
    expect(header).toMatchObject({ codec: tracks[0]?.codec, headerBytes, multitrack: { type, tracks } });
    expect(toHex(encodeVideoTagHeader(header))).toBe(bytes.replaceAll(' ', ''));
  });

  it.each([
    ['empty', '', 'truncated'],
    ['AVC without packet type', '17', 'truncated'],
    ['AVC without composition time', '17 01 0000', 'truncated'],
    ['AVC packet type 3', '17 03 000000', 'unsupported'],
    ['frame type 0', '07 01 000000', 'unsupported'],
    ['enhanced frame type 6', 'e1 68766331', 'unsupported'],
    ['FourCC cut off', '90 687663', 'truncated'],
    ['packet type 8', '98 68766331', 'unsupported'],
    ['ModEx cut off', '97 02 0000', 'truncated'],
    ['nanosecond offset of 2 bytes', '97 01 0000 03 68766331', 'malformed'],
    ['multitrack type 3', '96 31 68766331 00 000000', 'unsupported'],
    ['multitrack in multitrack', '96 06 68766331 00', 'unsupported'],
    ['multitrack without tracks', '96 11 68766331', 'truncated'],
    ['track longer than the body', '96 13 68766331 00 ffffff aa', 'truncated'],
    ['command without its byte', '57', 'truncated'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => parseVideoTagHeader(hex(bytes)))).toBe(code);
  });

  it('bounds ModEx and tracks', () => {
    const modifiers = concat(hex('97'), ...Array.from({ length: 17 }, () => hex('00 ee 17')));
    expect(formatErrorCode(() => parseVideoTagHeader(modifiers))).toBe('too_large');
    const tracks = concat(hex('96 13 68766331'), ...Array.from({ length: 257 }, () => hex('00 000000')));
    expect(formatErrorCode(() => parseVideoTagHeader(tracks))).toBe('too_large');
  });

  it('decode(encode(x)) is x', () => {
    const track = fc.record({
      trackId: fc.nat(255),
      fourCc: fc.constantFrom(...VIDEO_FOUR_CC.keys()),
      time: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }),
      payload: fc.uint8Array({ maxLength: 20 }),
    });
    const header = fc.record({
      frameType: fc.constantFrom('key' as const, 'inter' as const, 'generatedKey' as const),
      packetType: fc.constantFrom(...VIDEO_PACKET_TYPES),
      nanosecondOffset: fc.nat(999_999),
      type: fc.constantFrom(undefined, 'oneTrack' as const, 'manyTracks' as const, 'manyTracksManyCodecs' as const),
      drawn: fc.array(track, { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(header, ({ frameType, packetType, nanosecondOffset, type, drawn }) => {
        const shared = drawn[0]?.fourCc ?? '';
        const tracks = drawn
          .slice(0, type === undefined || type === 'oneTrack' ? 1 : 4)
          .map(({ trackId, fourCc, time, payload }) => {
            const own = type === 'manyTracksManyCodecs' ? fourCc : shared;
            const codec = videoCodecOf(own);
            return {
              trackId,
              fourCc: own,
              codec,
              compositionTimeMs: hasCompositionTime(codec, packetType) ? time : 0,
              payload,
            };
          });
        const fourCc = type === 'manyTracksManyCodecs' ? undefined : shared;
        const base = {
          form: 'enhanced',
          frameType,
          packetType,
          nanosecondOffset,
          fourCc,
          codec: videoCodecOf(shared),
          compositionTimeMs: tracks[0]?.compositionTimeMs ?? 0,
        } as const;
        const value: Omit<EnhancedVideoTagHeader, 'headerBytes'> =
          type === undefined ? base : { ...base, multitrack: { type, tracks } };
        const { headerBytes, ...decoded } = parseVideoTagHeader(encodeVideoTagHeader(value));
        expect(decoded).toStrictEqual(value);
        expect(headerBytes).toBeGreaterThan(4);
      }),
    );
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors(
      parseVideoTagHeader,
      hostileBytes(...table.map(([, bytes]) => hex(bytes)), hex('96 11 61766331 00 000004 000001aa 01 000003 000002')),
    );
  });
});

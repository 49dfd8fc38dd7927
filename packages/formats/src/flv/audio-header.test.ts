import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { AUDIO_FOUR_CC, audioCodecOf } from './audio-codec.ts';
import { encodeAudioTagHeader } from './audio-header-encode.ts';
import { parseAudioTagHeader } from './audio-header.ts';
import type { EnhancedAudioTagHeader, LegacyAudioTagHeader } from './audio-header.ts';
import { encodeMultichannelConfig, parseMultichannelConfig } from './multichannel-config.ts';
import type { MultichannelConfig } from './multichannel-config.ts';

const legacy = {
  form: 'legacy',
  sampleRateHz: 44_100,
  sampleBits: 16,
  channels: 2,
  packetType: 'codedFrames',
} as const;
const enhanced = { form: 'enhanced', nanosecondOffset: 0 } as const;

const table: [
  string,
  string,
  Omit<LegacyAudioTagHeader, 'headerBytes'> | Omit<EnhancedAudioTagHeader, 'headerBytes'>,
][] = [
  ['AAC sequence header', 'af 00', { ...legacy, soundFormat: 10, codec: 'aac', packetType: 'sequenceStart' }],
  ['AAC raw', 'af 01', { ...legacy, soundFormat: 10, codec: 'aac' }],
  ['MP3, 22 kHz, mono', '2a', { ...legacy, soundFormat: 2, codec: 'mp3', sampleRateHz: 22_050, channels: 1 }],
  ['G.711 A-law', '72', { ...legacy, soundFormat: 7, codec: 'g711a', sampleRateHz: 5512, channels: 1 }],
  ['PCM of 8 bits', '3d', { ...legacy, soundFormat: 3, codec: 'pcm', sampleBits: 8 }],
  ['Speex', 'b6', { ...legacy, soundFormat: 11, codec: 'speex', sampleRateHz: 11_025, channels: 1 }],
  ['reserved format 12', 'cf', { ...legacy, soundFormat: 12, codec: 'unknown' }],
  ['Opus SequenceStart', '90 4f707573', { ...enhanced, packetType: 'sequenceStart', fourCc: 'Opus', codec: 'opus' }],
  ['FLAC CodedFrames', '91 664c6143', { ...enhanced, packetType: 'codedFrames', fourCc: 'fLaC', codec: 'flac' }],
  ['AC-3 SequenceEnd', '92 61632d33', { ...enhanced, packetType: 'sequenceEnd', fourCc: 'ac-3', codec: 'ac3' }],
  [
    'MultichannelConfig',
    '94 6d703461',
    { ...enhanced, packetType: 'multichannelConfig', fourCc: 'mp4a', codec: 'aac' },
  ],
  [
    'nanosecond offset',
    '97 02 000001 01 2e6d7033',
    { ...enhanced, nanosecondOffset: 1, packetType: 'codedFrames', fourCc: '.mp3', codec: 'mp3' },
  ],
];

describe('audio tag header', () => {
  it.each(table)('%s', (_name, bytes, header) => {
    const body = hex(bytes);
    expect(parseAudioTagHeader(concat(body, hex('eeee')))).toStrictEqual({ ...header, headerBytes: body.length });
    expect(toHex(encodeAudioTagHeader(header))).toBe(toHex(body));
  });

  it.each([
    ['oneTrack', '95 01 4f707573 02 aabb', [{ trackId: 2, fourCc: 'Opus', codec: 'opus', payload: hex('aabb') }], 7],
    [
      'manyTracksManyCodecs',
      '95 21 4f707573 00 000001 aa 6d703461 01 000002 bbcc',
      [
        { trackId: 0, fourCc: 'Opus', codec: 'opus', payload: hex('aa') },
        { trackId: 1, fourCc: 'mp4a', codec: 'aac', payload: hex('bbcc') },
      ],
      10,
    ],
  ])('multitrack %s', (type, bytes, tracks, headerBytes) => {
    const header = parseAudioTagHeader(hex(bytes));
    expect(header).toMatchObject({ codec: 'opus', headerBytes, multitrack: { type, tracks } });
    expect(toHex(encodeAudioTagHeader(header))).toBe(bytes.replaceAll(' ', ''));
  });

  it.each([
    ['empty', '', 'truncated'],
    ['AAC without packet type', 'af', 'truncated'],
    ['AAC packet type 2', 'af 02', 'unsupported'],
    ['reserved packet type 3', '93 4f707573', 'unsupported'],
    ['packet type 8', '98 4f707573', 'unsupported'],
    ['FourCC cut off', '90 4f70', 'truncated'],
    ['multitrack in multitrack', '95 05 4f707573 00', 'unsupported'],
    ['track longer than the body', '95 11 4f707573 00 ffffff aa', 'truncated'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => parseAudioTagHeader(hex(bytes)))).toBe(code);
  });

  it('decode(encode(x)) is x', () => {
    const header = fc.record({
      fourCc: fc.constantFrom(...AUDIO_FOUR_CC.keys()),
      packetType: fc.constantFrom(
        'sequenceStart' as const,
        'codedFrames' as const,
        'sequenceEnd' as const,
        'multichannelConfig' as const,
      ),
      nanosecondOffset: fc.nat(999_999),
      tracks: fc.option(
        fc.array(fc.record({ trackId: fc.nat(255), payload: fc.uint8Array({ maxLength: 20 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
      ),
    });
    fc.assert(
      fc.property(header, ({ tracks, ...rest }) => {
        const codec = audioCodecOf(rest.fourCc);
        const multitrack =
          tracks === null
            ? {}
            : {
                multitrack: {
                  type: 'manyTracks' as const,
                  tracks: tracks.map((track) => ({ ...track, fourCc: rest.fourCc, codec })),
                },
              };
        const value = { form: 'enhanced', ...rest, codec, ...multitrack } as const;
        const { headerBytes: _headerBytes, ...decoded } = parseAudioTagHeader(encodeAudioTagHeader(value));
        expect(decoded).toStrictEqual(value);
      }),
    );
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors(parseAudioTagHeader, hostileBytes(...table.map(([, bytes]) => hex(bytes))));
    assertOnlyFormatErrors(parseMultichannelConfig, hostileBytes(hex('02 06 000102030405')));
  });
});

describe('multichannel config', () => {
  it.each<[string, string, MultichannelConfig]>([
    ['unspecified', '00 06', { order: 'unspecified', channels: 6 }],
    ['native 5.1', '01 06 0000003f', { order: 'native', channels: 6, channelFlags: 0x3f }],
    ['custom', '02 02 01 fe', { order: 'custom', channels: 2, mapping: [1, 0xfe] }],
  ])('%s', (_name, bytes, config) => {
    expect(parseMultichannelConfig(hex(bytes))).toStrictEqual(config);
    expect(toHex(encodeMultichannelConfig(config))).toBe(bytes.replaceAll(' ', ''));
  });

  it('is consumed exactly', () => {
    expect(formatErrorCode(() => parseMultichannelConfig(hex('00 06 00')))).toBe('trailing_bytes');
    expect(formatErrorCode(() => parseMultichannelConfig(hex('02 06 00')))).toBe('truncated');
    expect(formatErrorCode(() => parseMultichannelConfig(hex('03 06')))).toBe('unsupported');
  });
});

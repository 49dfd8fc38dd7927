import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import { AAC_LC_2_1, AAC_LC_5_1, AAC_LC_STEREO } from '../../testing/real-samples.ts';
import { channelsOf, encodeAudioSpecificConfig, parseAudioSpecificConfig } from './audio-specific-config.ts';
import type { AudioSpecificConfig } from './audio-specific-config.ts';
import { aacProfileName } from './tables.ts';

const lc = { objectType: 2, sampleRateHz: 44_100, channelConfiguration: 2, frameLength960: false, ps: false };

const table: { name: string; bytes: string; config: AudioSpecificConfig; profile: string; channels: number }[] = [
  { name: 'LC, 44.1 kHz, stereo', bytes: '1210', config: lc, profile: 'LC', channels: 2 },
  { name: 'LC, 960 samples', bytes: '1214', config: { ...lc, frameLength960: true }, profile: 'LC', channels: 2 },
  {
    name: 'LC, a rate not in the table',
    bytes: '1780520810',
    config: { ...lc, sampleRateHz: 42_000 },
    profile: 'LC',
    channels: 2,
  },
  {
    name: 'HE, explicit',
    bytes: '2b920800',
    config: { ...lc, sampleRateHz: 22_050, sbr: { signaling: 'explicit', sampleRateHz: 44_100 } },
    profile: 'HE',
    channels: 2,
  },
  {
    name: 'HE v2, explicit',
    bytes: 'eb8a0800',
    config: {
      ...lc,
      sampleRateHz: 22_050,
      channelConfiguration: 1,
      ps: true,
      sbr: { signaling: 'explicit', sampleRateHz: 44_100 },
    },
    profile: 'HEv2',
    channels: 2,
  },
  {
    name: 'HE, backward compatible',
    bytes: '139056e5a0',
    config: { ...lc, sampleRateHz: 22_050, sbr: { signaling: 'backwardCompatible', sampleRateHz: 44_100 } },
    profile: 'HE',
    channels: 2,
  },
  {
    name: 'HE v2, backward compatible',
    bytes: '138856e5a54880',
    config: {
      ...lc,
      sampleRateHz: 22_050,
      channelConfiguration: 1,
      ps: true,
      sbr: { signaling: 'backwardCompatible', sampleRateHz: 44_100 },
    },
    profile: 'HEv2',
    channels: 2,
  },
];

describe('AudioSpecificConfig', () => {
  it.each(table)('$name', ({ bytes, config, profile, channels }) => {
    expect(parseAudioSpecificConfig(hex(bytes))).toStrictEqual(config);
    expect(toHex(encodeAudioSpecificConfig(config))).toBe(bytes);
    expect([aacProfileName(config), channelsOf(config)]).toStrictEqual([profile, channels]);
  });

  it('reads what ffmpeg writes, which ends by saying that there is no SBR', () => {
    expect(parseAudioSpecificConfig(AAC_LC_STEREO)).toStrictEqual(lc);
    const surround = parseAudioSpecificConfig(AAC_LC_5_1);
    expect([surround.sampleRateHz, channelsOf(surround)]).toStrictEqual([48_000, 6]);
  });

  it('reads channels out of a program config element', () => {
    const config = parseAudioSpecificConfig(AAC_LC_2_1);
    expect(config.programConfig).toMatchObject({ front: [{ pair: true, tag: 0 }], lfeTags: [0], channels: 3 });
    expect(new TextDecoder().decode(config.programConfig?.comment)).toBe('Lavc59.37.100');
    expect(toHex(AAC_LC_2_1).startsWith(toHex(encodeAudioSpecificConfig(config)))).toBe(true);
  });

  it('reads the part all object types share, also of escaped ones', () => {
    // 31, then 10: object type 42, USAC.
    expect(parseAudioSpecificConfig(hex('f94620'))).toMatchObject({
      objectType: 42,
      sampleRateHz: 48_000,
      channelConfiguration: 1,
    });
    expect(parseAudioSpecificConfig(hex('b98c8000'))).toMatchObject({ objectType: 23, sampleRateHz: 48_000 });
  });

  it('decode(encode(x)) is x', () => {
    const rate = fc.oneof(fc.constantFrom(48_000, 44_100, 7_350), fc.nat(0xff_ffff));
    const tag = fc.nat(15);
    const elements = fc.array(fc.record({ pair: fc.boolean(), tag }), { maxLength: 15 });
    const program = fc
      .record({
        instanceTag: tag,
        objectType: fc.nat(3),
        sampleRateIndex: tag,
        front: elements,
        side: elements,
        back: elements,
        lfeTags: fc.array(tag, { maxLength: 3 }),
        dataTags: fc.array(tag, { maxLength: 7 }),
        coupling: fc.array(fc.record({ independent: fc.boolean(), tag }), { maxLength: 15 }),
        comment: fc.uint8Array({ maxLength: 30 }),
        mixdown: fc.option(
          fc.record({
            monoMixdownTag: tag,
            stereoMixdownTag: tag,
            matrixMixdown: fc.record({ index: fc.nat(3), pseudoSurround: fc.boolean() }),
          }),
        ),
      })
      .map(({ mixdown, ...rest }) => {
        const channels = [...rest.front, ...rest.side, ...rest.back].reduce(
          (sum, { pair }) => sum + (pair ? 2 : 1),
          rest.lfeTags.length,
        );
        return { channelConfiguration: 0, programConfig: { ...rest, ...mixdown, channels } };
      });
    const layout = fc.oneof(fc.record({ channelConfiguration: fc.integer({ min: 1, max: 15 }) }), program);
    const extension = fc.oneof(
      fc.constant({ ps: false }),
      fc.record({
        ps: fc.boolean(),
        sbr: fc.record({
          signaling: fc.constantFrom('explicit' as const, 'backwardCompatible' as const),
          sampleRateHz: rate,
        }),
      }),
    );
    const general = fc.record({
      objectType: fc.constantFrom(1, 2, 3, 4),
      sampleRateHz: rate,
      frameLength960: fc.boolean(),
    });
    const delay = fc.oneof(fc.constant({}), fc.record({ coreCoderDelay: fc.nat(0x3fff) }));
    const config = fc
      .tuple(general, layout, extension, delay)
      .map((parts): AudioSpecificConfig => Object.assign({}, ...parts));
    assertRoundTrip(config, { encode: encodeAudioSpecificConfig, decode: parseAudioSpecificConfig });
  });

  it('refuses', () => {
    expect(formatErrorCode(() => parseAudioSpecificConfig(hex('')))).toBe('truncated');
    expect(formatErrorCode(() => parseAudioSpecificConfig(hex('12')))).toBe('truncated');
    expect(formatErrorCode(() => parseAudioSpecificConfig(hex('1690')))).toBe('malformed');
    expect(formatErrorCode(() => encodeAudioSpecificConfig({ ...lc, objectType: 6 }))).toBe('unsupported');
    expect(formatErrorCode(() => encodeAudioSpecificConfig({ ...lc, channelConfiguration: 0 }))).toBe('malformed');
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors(parseAudioSpecificConfig, hostileBytes(AAC_LC_2_1, ...table.map(({ bytes }) => hex(bytes))));
  });
});

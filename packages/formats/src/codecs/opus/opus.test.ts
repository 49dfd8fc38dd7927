import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { encodeOpusHead, parseOpusHead } from './head.ts';

const u8 = fc.nat(255);

describe('Opus', () => {
  it('reads the heads of libopus', () => {
    expect(parseOpusHead(real.OPUS_MONO)).toStrictEqual({
      version: 1,
      channels: 1,
      preSkip: 312,
      inputSampleRateHz: 48_000,
      outputGain: 0,
      mappingFamily: 0,
    });
    expect(parseOpusHead(real.OPUS_5_1).mapping).toStrictEqual({
      streamCount: 4,
      coupledCount: 2,
      channels: [0, 4, 1, 2, 3, 5],
    });
    expect(toHex(encodeOpusHead(parseOpusHead(real.OPUS_5_1)))).toBe(toHex(real.OPUS_5_1));
  });

  it('decode(encode(x)) is x', () => {
    const fields = {
      version: fc.constant(1),
      preSkip: fc.nat(0xffff),
      inputSampleRateHz: fc.integer({ min: 0, max: 0xffff_ffff }),
      outputGain: fc.integer({ min: -0x8000, max: 0x7fff }),
    };
    const plain = fc.record({ ...fields, channels: fc.integer({ min: 1, max: 2 }), mappingFamily: fc.constant(0) });
    const mapped = fc
      .record({
        ...fields,
        mappingFamily: fc.integer({ min: 1, max: 255 }),
        streamCount: u8,
        coupledCount: u8,
        map: fc.array(u8, { minLength: 1, maxLength: 255 }),
      })
      .map(({ streamCount, coupledCount, map, ...rest }) => ({
        ...rest,
        channels: map.length,
        mapping: { streamCount, coupledCount, channels: map },
      }));
    assertRoundTrip(fc.oneof(plain, mapped), { encode: encodeOpusHead, decode: parseOpusHead });
  });

  it('refuses other heads', () => {
    expect(formatErrorCode(() => parseOpusHead(hex('4f70757354616773')))).toBe('malformed');
    expect(formatErrorCode(() => parseOpusHead(hex('4f70757348656164 10 02 0000 80bb0000 0000 00')))).toBe(
      'unsupported',
    );
    expect(formatErrorCode(() => parseOpusHead(hex('4f70757348656164 01 00 0000 80bb0000 0000 00')))).toBe('malformed');
    expect(formatErrorCode(() => parseOpusHead(hex('4f70757348656164 01 06 0000 80bb0000 0000 01 04')))).toBe(
      'truncated',
    );
    expect(
      formatErrorCode(() =>
        encodeOpusHead({ channels: 2, preSkip: 0, inputSampleRateHz: 0, outputGain: 0, mappingFamily: 1 }),
      ),
    ).toBe('malformed');
    assertOnlyFormatErrors(parseOpusHead, hostileBytes(real.OPUS_MONO, real.OPUS_5_1));
  });
});

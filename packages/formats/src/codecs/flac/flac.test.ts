import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { encodeFlacStreamInfo, parseFlacStreamInfo } from './stream-info.ts';

describe('FLAC', () => {
  it('reads STREAMINFO alone and behind its signature', () => {
    const info = parseFlacStreamInfo(real.FLAC_STEREO);
    expect(info).toMatchObject({
      sampleRateHz: 48_000,
      channels: 2,
      bitsPerSample: 16,
      totalSamples: 9600,
      minBlockSamples: 4608,
    });
    const whole = encodeFlacStreamInfo(info);
    expect(toHex(whole)).toBe(`664c614380000022${toHex(real.FLAC_STEREO)}`);
    expect(parseFlacStreamInfo(whole)).toStrictEqual(info);
  });

  it('decode(encode(x)) is x', () => {
    const info = fc.record({
      minBlockSamples: fc.nat(0xffff),
      maxBlockSamples: fc.nat(0xffff),
      minFrameBytes: fc.nat(0xff_ffff),
      maxFrameBytes: fc.nat(0xff_ffff),
      sampleRateHz: fc.nat(0xf_ffff),
      channels: fc.integer({ min: 1, max: 8 }),
      bitsPerSample: fc.integer({ min: 1, max: 32 }),
      totalSamples: fc.integer({ min: 0, max: 2 ** 36 - 1 }),
      md5: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    });
    assertRoundTrip(info, { encode: encodeFlacStreamInfo, decode: parseFlacStreamInfo });
  });

  it('refuses other beginnings', () => {
    expect(formatErrorCode(() => parseFlacStreamInfo(hex('4f676753')))).toBe('malformed');
    expect(formatErrorCode(() => parseFlacStreamInfo(hex('664c6143 04000022')))).toBe('malformed');
    expect(formatErrorCode(() => parseFlacStreamInfo(hex('664c6143 00000022 1200')))).toBe('truncated');
    assertOnlyFormatErrors(
      parseFlacStreamInfo,
      hostileBytes(real.FLAC_STEREO, concat(hex('664c614380000022'), real.FLAC_STEREO)),
    );
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { rbspOf } from '../nal-unit.ts';
import { encodeAvcConfig, parseAvcConfig } from './config.ts';
import { parseH264Sps } from './sps.ts';

const unit = fc.uint8Array({ maxLength: 40 });
const u8 = fc.nat(255);

describe('H.264', () => {
  it.each([
    ['Baseline', real.AVC_BASELINE_320X180],
    ['High', real.AVC_HIGH_1280X720],
    ['interlaced', real.AVC_INTERLACED_1920X1080],
    ['4:2:2', real.AVC_HIGH422_642X358],
  ])('the record of x264 %s comes back byte for byte', (_name, bytes) => {
    expect(toHex(encodeAvcConfig(parseAvcConfig(bytes)))).toBe(toHex(bytes));
  });

  it('decode(encode(x)) is x', () => {
    const plain = {
      profileCompatibility: u8,
      levelIdc: u8,
      nalLengthBytes: fc.constantFrom(1, 2, 4),
      sps: fc.array(unit, { maxLength: 31 }),
      pps: fc.array(unit, { maxLength: 40 }),
    };
    const depth = fc.integer({ min: 8, max: 15 });
    const extension = fc.record({
      chromaFormat: fc.nat(3),
      bitDepthLuma: depth,
      bitDepthChroma: depth,
      spsExt: fc.array(unit, { maxLength: 3 }),
    });
    const config = fc.oneof(
      fc.record({ ...plain, profileIdc: fc.constantFrom(66, 77, 88, 100, 244) }),
      fc.record({ ...plain, profileIdc: fc.constantFrom(100, 110, 122, 144), extension }),
    );
    assertRoundTrip(config, { encode: encodeAvcConfig, decode: parseAvcConfig });
  });

  it('reads an SPS through emulation prevention, cropping and scaling lists', () => {
    expect(toHex(rbspOf(hex('67 0000030000030103 000004'), 1))).toBe('000000000103000004');
    const [sps] = parseAvcConfig(real.AVC_HIGH422_642X358).sps;
    expect(parseH264Sps(sps ?? hex(''))).toStrictEqual({
      profileIdc: 122,
      constraints: 0,
      levelIdc: 30,
      chromaFormatIdc: 2,
      bitDepthLuma: 10,
      bitDepthChroma: 10,
      width: 642,
      height: 358,
    });
  });

  it('refuses what is no SPS or no picture', () => {
    expect(formatErrorCode(() => parseH264Sps(hex('')))).toBe('malformed');
    expect(formatErrorCode(() => parseH264Sps(hex('68ebe3')))).toBe('malformed');
    expect(formatErrorCode(() => parseH264Sps(hex('6742c01f')))).toBe('truncated');
    // Baseline, then ue fields 0, and a width of 2^31 macroblocks.
    expect(formatErrorCode(() => parseH264Sps(hex('6742c01f f8 000000008000000000000000ff')))).toBe('malformed');
    expect(formatErrorCode(() => parseAvcConfig(hex('00640028ffe100')))).toBe('malformed');
    expect(formatErrorCode(() => parseAvcConfig(hex('01640028fee100')))).toBe('malformed');
    expect(formatErrorCode(() => parseAvcConfig(hex('01640028ffe1ffff67')))).toBe('truncated');
  });

  it('refuses to write more than the record holds', () => {
    const config = parseAvcConfig(real.AVC_HIGH_1280X720);
    expect(
      formatErrorCode(() => encodeAvcConfig({ ...config, sps: Array.from({ length: 32 }, () => hex('67')) })),
    ).toBe('too_large');
    expect(formatErrorCode(() => encodeAvcConfig({ ...config, pps: [new Uint8Array(65_536)] }))).toBe('too_large');
  });

  it('random and damaged bytes throw FormatError only', () => {
    const { sps } = parseAvcConfig(real.AVC_HIGH422_642X358);
    const interlaced = parseAvcConfig(real.AVC_INTERLACED_1920X1080).sps;
    assertOnlyFormatErrors(parseAvcConfig, hostileBytes(real.AVC_HIGH_1280X720, real.AVC_HIGH422_642X358));
    assertOnlyFormatErrors(parseH264Sps, hostileBytes(...sps, ...interlaced));
  });
});

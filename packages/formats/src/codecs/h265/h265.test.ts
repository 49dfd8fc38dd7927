import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { hevcConfigOf } from './config-of.ts';
import { encodeHevcConfig, parseHevcConfig } from './config.ts';
import { parseH265Sps } from './sps.ts';

const unit = fc.uint8Array({ maxLength: 40 });
const u8 = fc.nat(255);

describe('H.265', () => {
  it.each([
    ['Main', real.HEVC_MAIN_1920X1080],
    ['Main10', real.HEVC_MAIN10_1278X718],
  ])('the record of x265 %s comes back byte for byte', (_name, bytes) => {
    expect(toHex(encodeHevcConfig(parseHevcConfig(bytes)))).toBe(toHex(bytes));
  });

  it('decode(encode(x)) is x', () => {
    const depth = fc.integer({ min: 8, max: 15 });
    const array = fc.record({
      complete: fc.boolean(),
      nalUnitType: fc.nat(63),
      units: fc.array(unit, { maxLength: 5 }),
    });
    const config = fc.record({
      profileSpace: fc.nat(3),
      tierFlag: fc.boolean(),
      profileIdc: fc.nat(31),
      profileCompatibilityFlags: fc.integer({ min: 0, max: 0xffff_ffff }),
      constraintFlags: fc.uint8Array({ minLength: 6, maxLength: 6 }),
      levelIdc: u8,
      minSpatialSegmentation: fc.nat(0xfff),
      parallelismType: fc.nat(3),
      chromaFormatIdc: fc.nat(3),
      bitDepthLuma: depth,
      bitDepthChroma: depth,
      averageFrameRate: fc.nat(0xffff),
      constantFrameRate: fc.nat(3),
      temporalLayers: fc.nat(7),
      temporalIdNested: fc.boolean(),
      nalLengthBytes: fc.constantFrom(1, 2, 4),
      arrays: fc.array(array, { maxLength: 5 }),
    });
    assertRoundTrip(config, { encode: encodeHevcConfig, decode: parseHevcConfig });
  });

  it('reads an SPS, its conformance window applied', () => {
    const sps = parseHevcConfig(real.HEVC_MAIN10_1278X718).arrays[1]?.units[0] ?? hex('');
    const expected = {
      profileSpace: 0,
      tierFlag: false,
      profileIdc: 2,
      levelIdc: 93,
      chromaFormatIdc: 1,
      bitDepthLuma: 10,
      bitDepthChroma: 10,
      width: 1278,
      height: 718,
    };
    expect(parseH265Sps(sps)).toStrictEqual(expected);
    expect(formatErrorCode(() => parseH265Sps(sps.subarray(0, 10)))).toBe('truncated');
    expect(formatErrorCode(() => parseH265Sps(hex('4401c172')))).toBe('malformed');
  });

  it.each([
    ['Main', real.HEVC_MAIN_1920X1080],
    ['Main10', real.HEVC_MAIN10_1278X718],
  ])('the record of x265 %s is made out of its parameter sets', (_name, bytes) => {
    const [vps = [], sps = [], pps = []] = parseHevcConfig(bytes).arrays.map(({ units }) => units);
    const made = hevcConfigOf({ vps, sps, pps });
    expect(toHex(encodeHevcConfig(made))).toBe(toHex(bytes));
    expect(formatErrorCode(() => hevcConfigOf({ vps, sps: [], pps }))).toBe('malformed');
    expect(formatErrorCode(() => hevcConfigOf({ vps, sps: [hex('4201')], pps }))).toBe('truncated');
    assertOnlyFormatErrors((unit) => hevcConfigOf({ vps, sps: [unit], pps }), hostileBytes(...sps));
  });

  it('bounds NAL units', () => {
    const head = real.HEVC_MAIN_1920X1080.slice(0, 22);
    expect(formatErrorCode(() => parseHevcConfig(concat(head, hex('01 a1 ffff'), new Uint8Array(200_000))))).toBe(
      'too_large',
    );
    const config = parseHevcConfig(real.HEVC_MAIN_1920X1080);
    const units = Array.from({ length: 1025 }, () => hex(''));
    expect(
      formatErrorCode(() => encodeHevcConfig({ ...config, arrays: [{ complete: true, nalUnitType: 33, units }] })),
    ).toBe('too_large');
  });

  it('random and damaged bytes throw FormatError only', () => {
    const units = parseHevcConfig(real.HEVC_MAIN10_1278X718).arrays[1]?.units ?? [];
    assertOnlyFormatErrors(parseHevcConfig, hostileBytes(real.HEVC_MAIN_1920X1080, real.HEVC_MAIN10_1278X718));
    assertOnlyFormatErrors(parseH265Sps, hostileBytes(...units));
  });
});

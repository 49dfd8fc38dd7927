import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../bytes/bit-writer.ts';
import { concat, hex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { avcConfigOf } from './config-of.ts';
import { encodeAvcConfig, parseAvcConfig } from './config.ts';
import { h264SliceType, nalReferenceIdc, nalUnitType } from './nal-unit.ts';

/** A slice whose header begins with these two ue(v) codes. */
function slice(header: string, firstMacroblock: string, sliceType: string): Uint8Array {
  const writer = new BitWriter();
  for (const digit of firstMacroblock + sliceType) writer.bit(digit === '1');
  return concat(hex(header), writer.finish());
}

describe('NAL units of H.264', () => {
  it.each([
    ['65', 5, 3],
    ['67', 7, 3],
    ['41', 1, 2],
    ['01', 1, 0],
    ['06', 6, 0],
    ['', 0, 0],
  ])('%s is of type %d, referred to %d', (digits, type, reference) => {
    expect([nalUnitType(hex(digits)), nalReferenceIdc(hex(digits))]).toStrictEqual([type, reference]);
  });

  it.each([
    ['the first P slice', slice('41', '1', '1'), 'P'],
    ['a B slice', slice('01', '1', '010'), 'B'],
    ['an I slice', slice('65', '1', '011'), 'I'],
    ['an SP slice', slice('41', '1', '00100'), 'SP'],
    ['an SI slice', slice('41', '1', '00101'), 'SI'],
    ['only P slices', slice('41', '1', '00110'), 'P'],
    ['only B slices', slice('01', '1', '00111'), 'B'],
    ['only I slices', slice('65', '1', '0001000'), 'I'],
    ['a later one', slice('41', '00000000101101100', '010'), 'B'],
    ['one through emulation prevention', hex('01 000003 01 000003 00 80'), 'B'],
    ['a partition', slice('42', '1', '1'), 'P'],
    ['an SPS', hex('67 42'), undefined],
    ['no bytes', hex(''), undefined],
  ])('slice type of %s', (_name, unit, type) => {
    expect(h264SliceType(unit)).toBe(type);
  });

  it('random and damaged bytes throw FormatError only', () => {
    expect(formatErrorCode(() => h264SliceType(hex('41')))).toBe('truncated');
    expect(formatErrorCode(() => h264SliceType(hex('41 00000000 00')))).toBe('malformed');
    assertOnlyFormatErrors(h264SliceType, hostileBytes(slice('41', '1', '00110')));
  });
});

describe('avcConfigOf', () => {
  it.each([
    ['Baseline', real.AVC_BASELINE_320X180],
    ['High', real.AVC_HIGH_1280X720],
    ['interlaced', real.AVC_INTERLACED_1920X1080],
    ['4:2:2', real.AVC_HIGH422_642X358],
  ])('makes the record of x264 %s out of its parameter sets', (_name, bytes) => {
    const record = parseAvcConfig(bytes);
    const made = avcConfigOf(record.sps, record.pps);
    expect(made).toStrictEqual(record);
    expect(encodeAvcConfig(made)).toStrictEqual(bytes);
  });

  it('wants an SPS', () => {
    expect(formatErrorCode(() => avcConfigOf([], []))).toBe('malformed');
    expect(formatErrorCode(() => avcConfigOf([hex('67 42')], []))).toBe('truncated');
  });
});

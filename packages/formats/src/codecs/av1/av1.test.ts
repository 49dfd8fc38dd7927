import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import * as real from '../../testing/real-samples.ts';
import { av1ConfigOf } from './config-of.ts';
import { encodeAv1Config, parseAv1Config } from './config.ts';
import { findAv1SequenceHeader, parseAv1SequenceHeader } from './sequence-header.ts';

const unit = fc.uint8Array({ maxLength: 40 });

describe('AV1', () => {
  it.each([
    ['SVT-AV1', real.AV1_MAIN_640X360],
    ['libaom', real.AV1_MAIN_10BIT_426X240],
  ])('the record of %s comes back byte for byte', (_name, bytes) => {
    expect(toHex(encodeAv1Config(parseAv1Config(bytes)))).toBe(toHex(bytes));
  });

  it('decode(encode(x)) is x', () => {
    const fields = {
      seqProfile: fc.nat(7),
      seqLevelIdx0: fc.nat(31),
      seqTier0: fc.nat(1),
      highBitdepth: fc.boolean(),
      twelveBit: fc.boolean(),
      monochrome: fc.boolean(),
      chromaSubsamplingX: fc.nat(1),
      chromaSubsamplingY: fc.nat(1),
      chromaSamplePosition: fc.nat(3),
      configObus: unit,
    };
    const config = fc.oneof(fc.record(fields), fc.record({ ...fields, initialPresentationDelayMinusOne: fc.nat(15) }));
    assertRoundTrip(config, { encode: encodeAv1Config, decode: parseAv1Config });
  });

  it('reads the sequence header, past timing, decoder model and operating points', () => {
    const { configObus } = parseAv1Config(real.AV1_MAIN_640X360);
    expect(findAv1SequenceHeader(configObus)).toStrictEqual({
      seqProfile: 0,
      seqLevelIdx0: 1,
      seqTier0: 0,
      width: 640,
      height: 360,
    });
    expect(findAv1SequenceHeader(hex('12 00'))).toBeUndefined();
    // By the tables of 5.5: profile 0; timing with equal intervals (uvlc 1); decoder model, delays of 1 bit; two operating
    // points, the first of level 4.0 tier 1 with a model and a display delay; 4-bit sizes 15 x 9.
    const digits = ['000', '0', '0', '1', '0'.repeat(64), '1', '010', '1', '00000', '0'.repeat(42), '1', '00001'];
    const points = ['0'.repeat(12), '01000', '1', '1', '0', '0', '0', '1', '0000', '0'.repeat(12), '00000', '0', '0'];
    const all = [...digits, ...points, '0011', '0011', '1110', '1000'].join('');
    const bytes = Uint8Array.from({ length: Math.ceil(all.length / 8) }, (_, index) =>
      Number.parseInt(all.slice(index * 8, index * 8 + 8).padEnd(8, '0'), 2),
    );
    expect(parseAv1SequenceHeader(bytes)).toStrictEqual({
      seqProfile: 0,
      seqLevelIdx0: 8,
      seqTier0: 1,
      width: 15,
      height: 9,
    });
  });

  it.each([
    ['another version', '82000c00', 'malformed'],
    ['a short record', '81000c', 'truncated'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => parseAv1Config(hex(bytes)))).toBe(code);
  });

  it.each([
    ['forbidden bit', '8a 00', 'malformed'],
    ['size past the end', '0a 05 00', 'truncated'],
    ['leb128 of nine bytes', '0a 808080808080808080', 'malformed'],
    ['leb128 above 32 bits', '0a ffffffffff7f', 'malformed'],
    ['1,025 OBUs', '1200'.repeat(1025), 'too_large'],
  ])('refuses OBUs: %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => findAv1SequenceHeader(hex(bytes)))).toBe(code);
  });

  it.each([
    ['SVT-AV1', real.AV1_MAIN_640X360],
    ['libaom, 10 bits', real.AV1_MAIN_10BIT_426X240],
    // ffmpeg 5.1, libaom 3.6, 32x32: `format=yuv444p12le`, `gray`, `gbrp`, `yuv422p`.
    ['libaom, 4:4:4 of 12 bits', hex('814060000a0a4000000227fe6d7cb020')],
    ['libaom, grey', hex('81001c000a090000000227fe6d7c91')],
    ['libaom, RGB', hex('812000000a0c2000000227fe6d7c9010d002')],
    ['libaom, 4:2:2', hex('814008000a0a4000000227fe6d7c8080')],
  ])('the record of %s is made out of its sequence header', (_name, record) => {
    const { configObus } = parseAv1Config(record);
    expect(toHex(encodeAv1Config(av1ConfigOf(configObus)))).toBe(toHex(record));
  });

  it('makes a record of a temporal unit, or of a header without a size, and wants a header', () => {
    const record = parseAv1Config(real.AV1_MAIN_640X360);
    const bare = concat(hex('08'), record.configObus.subarray(2));
    expect(av1ConfigOf(bare)).toStrictEqual(record);
    expect(av1ConfigOf(concat(hex('12 00'), record.configObus, hex('32 01 10')))).toStrictEqual(record);
    expect(formatErrorCode(() => av1ConfigOf(hex('12 00')))).toBe('malformed');
    expect(formatErrorCode(() => av1ConfigOf(record.configObus.subarray(0, 6)))).toBe('truncated');
    assertOnlyFormatErrors(av1ConfigOf, hostileBytes(record.configObus, bare));
  });

  it('random and damaged bytes throw FormatError only', () => {
    const samples = [real.AV1_MAIN_640X360, real.AV1_MAIN_10BIT_426X240];
    assertOnlyFormatErrors(parseAv1Config, hostileBytes(...samples));
    assertOnlyFormatErrors(findAv1SequenceHeader, hostileBytes(...samples.map((sample) => sample.subarray(4))));
    assertOnlyFormatErrors(parseAv1SequenceHeader, hostileBytes(...samples.map((sample) => sample.subarray(6))));
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import * as real from '../testing/real-samples.ts';
import { encodeAv1Config, parseAv1Config } from './av1/config.ts';
import { findAv1SequenceHeader, parseAv1SequenceHeader } from './av1/sequence-header.ts';
import { encodeFlacStreamInfo, parseFlacStreamInfo } from './flac/stream-info.ts';
import { encodeAvcConfig, parseAvcConfig } from './h264/config.ts';
import { parseH264Sps } from './h264/sps.ts';
import { encodeHevcConfig, parseHevcConfig } from './h265/config.ts';
import { parseH265Sps } from './h265/sps.ts';
import { rbspOf } from './nal-unit.ts';
import { encodeOpusHead, parseOpusHead } from './opus/head.ts';

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

  it('random and damaged bytes throw FormatError only', () => {
    const samples = [real.AV1_MAIN_640X360, real.AV1_MAIN_10BIT_426X240];
    assertOnlyFormatErrors(parseAv1Config, hostileBytes(...samples));
    assertOnlyFormatErrors(findAv1SequenceHeader, hostileBytes(...samples.map((sample) => sample.subarray(4))));
    assertOnlyFormatErrors(parseAv1SequenceHeader, hostileBytes(...samples.map((sample) => sample.subarray(6))));
  });
});

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

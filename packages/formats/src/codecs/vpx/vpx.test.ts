import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtpPacket } from '../../rtp/packet.ts';
import { unpackVp8 } from '../../rtp/vp8.ts';
import { unpackVp9 } from '../../rtp/vp9.ts';
import { concat, hex, toHex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import { VP8_RTP, VP9_RTP } from '../../testing/real-rtp.ts';
import { parseVp8KeyFrame } from '../vp8/key-frame.ts';
import { parseVp9KeyFrame } from '../vp9/frame-header.ts';
import { vpConfigOf } from './config-of.ts';
import { encodeVpConfig, parseVpConfig } from './config.ts';

const u8 = fc.nat(255);
const VP8_KEY = unpackVp8(VP8_RTP.slice(0, 2).map((packet) => parseRtpPacket(packet).payload)).frame;
const VP9_KEY = unpackVp9(VP9_RTP.slice(0, 2).map((packet) => parseRtpPacket(packet).payload)).frame;
/** ffmpeg 5.1, libvpx-vp9: `format=yuv444p10le -color_range pc -colorspace bt709`, its vpcC beside it; and `format=gbrp`. */
const VP9_444_10BIT = hex('b124c1a114000f800fb011c120e0c2c0');
const VP9_444_10BIT_VPCC = hex('01000000030aa70101010000');
const VP9_RGB = hex('a2498342e001f001f60838241c184a00');

const UNKNOWN_COLOUR = { colourPrimaries: 2, transferCharacteristics: 2, matrixCoefficients: 2 };

describe('key frames', () => {
  it('say their size', () => {
    expect(parseVp8KeyFrame(VP8_KEY)).toStrictEqual({ version: 0, width: 32, height: 32 });
    // Scaling in the two bits above each side.
    expect(parseVp8KeyFrame(hex('560000 9d012a 8042 e081'))).toStrictEqual({ version: 3, width: 640, height: 480 });
    expect(parseVp9KeyFrame(VP9_KEY)).toStrictEqual({
      profile: 0,
      bitDepth: 8,
      colorSpace: 0,
      fullRange: false,
      subsamplingX: 1,
      subsamplingY: 1,
      width: 64,
      height: 48,
    });
    expect(parseVp9KeyFrame(VP9_444_10BIT)).toStrictEqual({
      profile: 3,
      bitDepth: 10,
      colorSpace: 2,
      fullRange: true,
      subsamplingX: 0,
      subsamplingY: 0,
      width: 32,
      height: 32,
    });
    expect(parseVp9KeyFrame(VP9_RGB)).toMatchObject({
      profile: 1,
      bitDepth: 8,
      colorSpace: 7,
      fullRange: true,
      width: 32,
    });
  });

  it.each([
    ['an inter frame of VP8', parseVp8KeyFrame, '570000 9d012a 8042 e081', 'malformed'],
    ['VP8 without its start code', parseVp8KeyFrame, '560000 9d012b 8042 e081', 'malformed'],
    ['VP8 cut short', parseVp8KeyFrame, '560000 9d012a 8042 e0', 'truncated'],
    ['no VP8', parseVp8KeyFrame, '', 'truncated'],
    ['an inter frame of VP9', parseVp9KeyFrame, '86 498342', 'malformed'],
    ['an earlier frame of VP9', parseVp9KeyFrame, '88 498342', 'malformed'],
    ['VP9 without its marker', parseVp9KeyFrame, '02 498342', 'malformed'],
    ['VP9 without its sync code', parseVp9KeyFrame, '82 498343 0000', 'malformed'],
    ['RGB in profile 0', parseVp9KeyFrame, '82 498342 e0 00000000', 'malformed'],
    ['VP9 cut short', parseVp9KeyFrame, '82 498342 00 0000', 'truncated'],
    ['no VP9', parseVp9KeyFrame, '', 'truncated'],
  ])('refuses %s', (_name, parse, bytes, code) => {
    expect(formatErrorCode(() => parse(hex(bytes)))).toBe(code);
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors(parseVp8KeyFrame, hostileBytes(VP8_KEY.subarray(0, 16)));
    assertOnlyFormatErrors(parseVp9KeyFrame, hostileBytes(VP9_KEY.subarray(0, 16), VP9_444_10BIT, VP9_RGB));
    assertOnlyFormatErrors((bytes) => vpConfigOf('vp9', bytes), hostileBytes(VP9_KEY.subarray(0, 16), VP9_444_10BIT));
  });
});

describe('VPCodecConfigurationRecord', () => {
  it('comes back byte for byte, with or without version and flags', () => {
    expect(toHex(encodeVpConfig(parseVpConfig(VP9_444_10BIT_VPCC)))).toBe(toHex(VP9_444_10BIT_VPCC));
    expect(parseVpConfig(VP9_444_10BIT_VPCC.subarray(4))).toStrictEqual(parseVpConfig(VP9_444_10BIT_VPCC));
    expect(parseVpConfig(concat(VP9_444_10BIT_VPCC.subarray(0, 10), hex('0002 aabb')))).toStrictEqual(
      parseVpConfig(VP9_444_10BIT_VPCC),
    );
  });

  it('is made of a key frame as ffmpeg makes it', () => {
    // ffmpeg's vpcC of libvpx-vp9, 64x48.
    expect(toHex(encodeVpConfig(vpConfigOf('vp9', VP9_KEY)))).toBe('01000000000a820202020000');
    expect(encodeVpConfig(vpConfigOf('vp9', VP9_444_10BIT))).toStrictEqual(VP9_444_10BIT_VPCC);
    expect(vpConfigOf('vp9', VP9_RGB)).toMatchObject({ chromaSubsampling: 3, matrixCoefficients: 0, fullRange: true });
    expect(vpConfigOf('vp8', VP8_KEY)).toStrictEqual({
      profile: 0,
      level: 0,
      bitDepth: 8,
      chromaSubsampling: 1,
      fullRange: false,
      ...UNKNOWN_COLOUR,
    });
  });

  it.each([
    [256, 144, 10],
    [640, 360, 21],
    [1280, 720, 31],
    [1920, 1080, 40],
    [3840, 2160, 50],
    [7680, 4320, 60],
  ])('takes the lowest level for %d x %d', (width, height, level) => {
    // Profile 0: marker, profile, key frame shown; sync code; colour space 0, range 0; the sides less one.
    const sides = (BigInt(width - 1) << 16n) | BigInt(height - 1);
    const frame = hex(`82 498342 0${sides.toString(16).padStart(8, '0')}0`);
    expect(vpConfigOf('vp9', frame)).toMatchObject({ level });
  });

  it('has no number for 4:4:0, and has 4:2:2', () => {
    expect(formatErrorCode(() => vpConfigOf('vp9', hex('a2 498342 20 00000000 00')))).toBeUndefined();
    const chroma = (digits: string): unknown =>
      vpConfigOf('vp9', hex(`a2 498342 ${digits} 00000000 00`)).chromaSubsampling;
    expect(chroma('08')).toBe(2);
    expect(formatErrorCode(() => chroma('04'))).toBe('unsupported');
  });

  it('decode(encode(x)) is x; hostile bytes throw FormatError only', () => {
    const config = fc.record({
      profile: u8,
      level: u8,
      bitDepth: fc.integer({ min: 8, max: 15 }),
      chromaSubsampling: fc.nat(7),
      fullRange: fc.boolean(),
      colourPrimaries: u8,
      transferCharacteristics: u8,
      matrixCoefficients: u8,
    });
    assertRoundTrip(config, { encode: encodeVpConfig, decode: parseVpConfig });
    assertOnlyFormatErrors(parseVpConfig, hostileBytes(VP9_444_10BIT_VPCC));
    expect(formatErrorCode(() => parseVpConfig(hex('01000000 00 0a 72 02 02 02 0000')))).toBe('malformed');
    expect(formatErrorCode(() => parseVpConfig(hex('00 0a 82 02 02 02 0001')))).toBe('truncated');
  });
});

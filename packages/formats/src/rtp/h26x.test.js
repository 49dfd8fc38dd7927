import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nalUnitType } from '../codecs/h264/nal-unit.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { h264Unit, h265Unit, packOptions } from '../testing/nal-arbitrary.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { H264_RTP, H265_RTP } from '../testing/real-rtp.ts';
import { packH264, unpackH264 } from './h264.ts';
import { packH265, unpackH265 } from './h265.ts';
import { parseRtpPacket } from './packet.ts';
const SMALL = { maxPayloadBytes: 64, headroomBytes: 0 };
/** A NAL unit of this header and `count` bytes 00, 01, 02, … */
function unit(header, count) {
  return concat(
    hex(header),
    Uint8Array.from({ length: count }, (_, index) => index),
  );
}
function digits(bytes) {
  return bytes.map(toHex);
}
/** Of the captured packets, the first frame's: they have one timestamp. */
function firstFrame(packets) {
  const parsed = packets.map(parseRtpPacket);
  return parsed.filter(({ timestamp }) => timestamp === parsed[0]?.timestamp).map(({ payload }) => payload);
}
/** Each payload after its headroom of zeros, none longer than allowed. */
function payloadsOf(packets, options) {
  for (const packet of packets) {
    expect(packet.length).toBeLessThanOrEqual(options.headroomBytes + options.maxPayloadBytes);
    expect(packet.subarray(0, options.headroomBytes).every((byte) => byte === 0)).toBe(true);
  }
  return packets.map((packet) => packet.subarray(options.headroomBytes));
}
describe('H.264 payloads', () => {
  it.each([
    ['a slice alone', [hex('65 88')], ['6588']],
    [
      'parameter sets and the first slice in a STAP-A of the highest NRI',
      [hex('27 01'), hex('28 02'), hex('65 88 03'), hex('65 44')],
      ['78 0002 2701 0002 2802 0003 658803', '6544'],
    ],
    ['a forbidden bit, which goes on', [hex('87 01'), hex('08 02')], ['98 0002 8701 0002 0802']],
    [
      'a slice that does not fit, in fragments of even size',
      [hex('67 01'), unit('41', 70)],
      ['6701', `5c81 ${toHex(unit('', 35))}`, `5c41 ${toHex(unit('', 70).subarray(35))}`],
    ],
    ['a full payload', [unit('41', 63)], [toHex(unit('41', 63))]],
  ])('%s', (_name, units, payloads) => {
    const packed = packH264(units, { ...SMALL, mode: 1 });
    expect(digits(packed)).toStrictEqual(payloads.map((payload) => toHex(hex(payload))));
    expect(digits(unpackH264(packed))).toStrictEqual(digits(units));
  });
  it('leaves out empty units; nothing gives nothing', () => {
    expect(packH264([hex(''), hex('65')], { ...SMALL, mode: 1 })).toStrictEqual([hex('65')]);
    expect(packH264([], { ...SMALL, mode: 1 })).toStrictEqual([]);
    expect(unpackH264([])).toStrictEqual([]);
  });
  it('in mode 0 has a NAL unit a payload, which must fit', () => {
    const units = [hex('67 01'), hex('68 02'), unit('65', 63)];
    expect(digits(packH264(units, { ...SMALL, mode: 0 }))).toStrictEqual(digits(units));
    expect(formatErrorCode(() => packH264([unit('65', 64)], { ...SMALL, mode: 0 }))).toBe('too_large');
  });
  it('wants room for a payload', () => {
    expect(() => packH264([], { maxPayloadBytes: 63, headroomBytes: 0, mode: 1 })).toThrow('assertion');
  });
  it('unpack(pack(x)) is x, with headroom, within the bound', () => {
    fc.assert(
      fc.property(fc.array(h264Unit, { maxLength: 10 }), packOptions, (units, options) => {
        const packets = packH264(units, { ...options, mode: 1 });
        expect(digits(unpackH264(payloadsOf(packets, options)))).toStrictEqual(digits(units));
      }),
    );
  });
  it('reads what ffmpeg packs', () => {
    const units = unpackH264(firstFrame(H264_RTP));
    expect(units.map((one) => [nalUnitType(one), one.length])).toStrictEqual([
      [7, 22],
      [8, 6],
      [5, 163],
    ]);
    expect(digits(unpackH264(packH264(units, { ...SMALL, mode: 1 })))).toStrictEqual(digits(units));
  });
  it.each([
    ['no bytes', [''], 'unsupported'],
    ['type 0', ['00'], 'unsupported'],
    ['STAP-B', ['79 0000 0001 65'], 'unsupported'],
    ['FU-B', ['7d 85 0000 00'], 'unsupported'],
    ['a STAP-A past its end', ['78 0003 6588'], 'truncated'],
    ['a STAP-A cut in a length', ['78 0001 65 00'], 'truncated'],
    ['a STAP-A of an empty unit', ['78 0000'], 'malformed'],
    ['a STAP-A in a STAP-A', ['78 0004 78 0001 65'], 'malformed'],
    ['a FU-A in a STAP-A', ['78 0003 7c 85 00'], 'malformed'],
    ['a FU-A without a header', ['7c'], 'truncated'],
    ['a fragment without a first one', ['7c 05 00'], 'malformed'],
    ['a second first fragment', ['7c 85 00', '7c 85 00'], 'malformed'],
    ['no last fragment', ['7c 85 00'], 'truncated'],
    ['a unit inside a fragmented one', ['7c 85 00', '41 00'], 'malformed'],
    ['1,025 units', [`78 ${'0001 65'.repeat(1025)}`], 'too_large'],
  ])('refuses %s', (_name, payloads, code) => {
    expect(formatErrorCode(() => unpackH264(payloads.map(hex)))).toBe(code);
  });
  it('takes a fragment that is first and last', () => {
    expect(digits(unpackH264([hex('7c c5 0102')]))).toStrictEqual(['650102']);
  });
  it('random and damaged bytes throw FormatError only', () => {
    const samples = firstFrame(H264_RTP);
    assertOnlyFormatErrors((bytes) => unpackH264([bytes]), hostileBytes(...samples));
    assertOnlyFormatErrors((bytes) => unpackH264([bytes, ...samples]), hostileBytes(...samples));
  });
});
describe('H.265 payloads', () => {
  it.each([
    ['a slice alone', [hex('2601 88')], ['260188']],
    [
      'parameter sets and the first slice, of the lowest layer and temporal id',
      [hex('4009 01'), hex('420b 02'), hex('260a 88 03'), hex('260a 44')],
      ['6009 0003 400901 0003 420b02 0004 260a8803', '260a44'],
    ],
    [
      'a slice that does not fit, in fragments of even size',
      [unit('26f9', 70)],
      [`62f9 93 ${toHex(unit('', 35))}`, `62f9 53 ${toHex(unit('', 70).subarray(35))}`],
    ],
    ['a layer above 31', [hex('4181 01'), hex('4181 02')], ['6181 0003 418101 0003 418102']],
  ])('%s', (_name, units, payloads) => {
    const packed = packH265(units, SMALL);
    expect(digits(packed)).toStrictEqual(payloads.map((payload) => toHex(hex(payload))));
    expect(digits(unpackH265(packed))).toStrictEqual(digits(units));
  });
  it('unpack(pack(x)) is x, with headroom, within the bound', () => {
    fc.assert(
      fc.property(fc.array(h265Unit, { maxLength: 10 }), packOptions, (units, options) => {
        const packets = packH265(units, options);
        expect(digits(unpackH265(payloadsOf(packets, options)))).toStrictEqual(digits(units));
      }),
    );
    expect(packH265([hex('26'), hex('')], SMALL)).toStrictEqual([]);
  });
  it('reads what ffmpeg packs', () => {
    const units = unpackH265(firstFrame(H265_RTP));
    expect(units.map((one) => [(one[0] ?? 0) >> 1, one.length])).toStrictEqual([
      [32, 24],
      [33, 40],
      [34, 6],
      [20, 152],
    ]);
    expect(digits(unpackH265(packH265(units, SMALL)))).toStrictEqual(digits(units));
  });
  it.each([
    ['one byte', ['26'], 'truncated'],
    ['PACI', ['6401 0000'], 'unsupported'],
    ['an aggregation packet past its end', ['6001 0003 2601'], 'truncated'],
    ['one in another', ['6001 0007 6001 0003 260100'], 'unsupported'],
    ['a unit of one byte in it', ['6001 0001 26'], 'truncated'],
    ['a fragment without a header', ['6201'], 'truncated'],
    ['a fragment without a first one', ['6201 13 00'], 'malformed'],
    ['no last fragment', ['6201 93 00'], 'truncated'],
    ['1,025 units', [`6001 ${'0002 2601'.repeat(1025)}`], 'too_large'],
  ])('refuses %s', (_name, payloads, code) => {
    expect(formatErrorCode(() => unpackH265(payloads.map(hex)))).toBe(code);
  });
  it('random and damaged bytes throw FormatError only', () => {
    const samples = firstFrame(H265_RTP);
    assertOnlyFormatErrors((bytes) => unpackH265([bytes]), hostileBytes(...samples));
    assertOnlyFormatErrors((bytes) => unpackH265([bytes, ...samples]), hostileBytes(...samples));
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { writeObu } from '../codecs/av1/obu.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { packOptions } from '../testing/nal-arbitrary.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { AV1_INTER_UNIT, AV1_KEY_UNIT } from '../testing/real-rtp.ts';
import { packAv1, unpackAv1 } from './av1.ts';
const SMALL = { maxPayloadBytes: 64, headroomBytes: 1 };
const KEY = { ...SMALL, keyframe: true };
const INTER = { ...SMALL, keyframe: false };
function packed(unit, options = INTER) {
  return packAv1(hex(unit), options).map((packet) => toHex(packet.subarray(1)));
}
describe('AV1 payloads', () => {
  it('sends OBUs without sizes, counted up to three, and no delimiter, tile list or padding', () => {
    expect(packed('12 00 32 02 1122')).toStrictEqual(['10301122']);
    expect(packed('12 00 0a 01 aa 32 02 1122 7a 01 00 42 01 00', KEY)).toStrictEqual(['28' + '0208aa' + '301122']);
    expect(packed('0a 00 1a 00 22 00 22 00')).toStrictEqual(['00' + '0108' + '0118' + '0120' + '0120']);
    expect(packed('36 48 02 1122')).toStrictEqual(['1034481122']);
    expect(packed('12 00')).toStrictEqual([]);
    expect(packed('30 1122')).toStrictEqual(['10301122']); // the last one may have no size
  });
  it('fragments what does not fit', () => {
    const body = '55'.repeat(100);
    expect(packed(`0a 02 aabb 32 64 ${body}`, KEY)).toStrictEqual([
      `68 03 08aabb 30 ${'55'.repeat(58)}`.replaceAll(' ', ''),
      `90 ${'55'.repeat(42)}`.replaceAll(' ', ''),
    ]);
  });
  it.each([
    ['lengths, W 0', ['00 01 10 03 30 1122'], '32021122'],
    ['sizes left in', ['10 32 02 1122'], '32021122'],
    ['an extension', ['10 34 48 1122'], '3648021122'],
    ['three packets', ['50 30 11', 'd0 22', '90 33'], '3203112233'],
    ['fragments next to whole ones', ['60 02 08 aa 30 11', 'a0 01 22 30 33'], '0a01aa' + '32021122' + '320133'],
    ['an element of nothing', ['20 00 30 11'], '320111'],
  ])('reads %s', (_name, payloads, frame) => {
    expect(toHex(unpackAv1(payloads.map(hex)).frame)).toBe(frame);
  });
  it.each([
    ['a shown key frame', '10 30 10', true],
    ['a hidden key frame', '10 30 00', false],
    ['an inter frame', '10 30 30', false],
    ['an earlier frame shown', '10 18 80', false],
    ['a frame header', '10 18 10', true],
    ['no frame', '10 08 00', false],
    ['a still picture', '20 02 08 18 30 80', true],
  ])('%s', (_name, payload, keyframe) => {
    expect(unpackAv1([hex(payload)]).keyframe).toBe(keyframe);
  });
  it.each([
    ['no bytes', [''], 'truncated'],
    ['no element', ['10'], undefined],
    ['no element, W 0', ['00'], 'truncated'],
    ['a length past the end', ['20 05 30'], 'truncated'],
    ['a length of nine bytes', ['20 ffffffffffffffff7f'], 'malformed'],
    ['a forbidden bit', ['10 80'], 'malformed'],
    ['the rest of nothing', ['90 30'], 'malformed'],
    ['no rest', ['50 30', '10 30'], 'malformed'],
    ['no last fragment', ['50 30'], 'truncated'],
    ['1,025 elements', [`00 ${'01 30'.repeat(1025)}`], 'too_large'],
    ['1,025 OBUs', Array.from({ length: 1025 }, () => '10 30'), 'too_large'],
  ])('answers %s', (_name, payloads, code) => {
    expect(formatErrorCode(() => unpackAv1(payloads.map(hex)))).toBe(code);
  });
  it('takes what libaom makes there and back', () => {
    const withoutDelimiter = [AV1_KEY_UNIT.subarray(2), AV1_INTER_UNIT.subarray(2)];
    for (const [index, unit] of [AV1_KEY_UNIT, AV1_INTER_UNIT].entries()) {
      const packets = packAv1(unit, { ...SMALL, keyframe: index === 0 });
      expect((packets[0]?.[1] ?? 0) & 0x08).toBe(index === 0 ? 0x08 : 0);
      const unpacked = unpackAv1(packets.map((packet) => packet.subarray(1)));
      expect(unpacked.keyframe).toBe(index === 0);
      expect(toHex(unpacked.frame)).toBe(toHex(withoutDelimiter[index] ?? hex('')));
    }
  });
  it('unpack(pack(x)) is x within the bound; hostile bytes throw FormatError only', () => {
    const obu = fc
      .record({
        type: fc.constantFrom(1, 3, 4, 5, 6, 7),
        extension: fc.option(fc.nat(255), { nil: undefined }),
        payload: fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 30 }),
          fc.uint8Array({ minLength: 100, maxLength: 2000 }),
        ),
      })
      .map((value) => {
        const writer = new ByteWriter();
        writeObu(writer, value);
        return writer.finish();
      });
    fc.assert(
      fc.property(
        fc.array(obu, { minLength: 1, maxLength: 12 }),
        packOptions,
        fc.boolean(),
        (obus, options, keyframe) => {
          const unit = concat(...obus);
          const packets = packAv1(unit, { ...options, keyframe });
          for (const packet of packets)
            expect(packet.length).toBeLessThanOrEqual(options.headroomBytes + options.maxPayloadBytes);
          const parts = packets.map((packet) => packet.subarray(options.headroomBytes));
          expect(toHex(unpackAv1(parts).frame)).toBe(toHex(unit));
        },
      ),
    );
    const samples = packAv1(AV1_KEY_UNIT, { maxPayloadBytes: 200, headroomBytes: 0, keyframe: true });
    assertOnlyFormatErrors((bytes) => unpackAv1([bytes, ...samples]), hostileBytes(...samples));
    assertOnlyFormatErrors((bytes) => unpackAv1([bytes]), hostileBytes(hex('28 02 08 aa 30 1122')));
    assertOnlyFormatErrors((bytes) => packAv1(bytes, KEY), hostileBytes(AV1_KEY_UNIT, AV1_INTER_UNIT));
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../testing/hex.ts';
import { packOptions } from '../testing/nal-arbitrary.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { VP8_RTP, VP9_RTP } from '../testing/real-rtp.ts';
import { parseRtpPacket } from './packet.ts';
import { packVp8, unpackVp8 } from './vp8.ts';
import { packVp9, unpackVp9 } from './vp9.ts';
const SMALL = { maxPayloadBytes: 64, headroomBytes: 2 };
function payloads(packets) {
  return packets.map((packet) => parseRtpPacket(packet).payload);
}
function counted(first, count) {
  return Uint8Array.from({ length: count }, (_, index) => (index === 0 ? first : index));
}
describe('VP8 payloads', () => {
  it('cuts a frame evenly, each part with the picture id', () => {
    const frame = counted(0x11, 100);
    const packets = packVp8(frame, { ...SMALL, pictureId: 0x7abc });
    expect(packets.map(toHex)).toStrictEqual([
      `0000 9080fabc${toHex(frame.subarray(0, 50))}`.replace(' ', ''),
      `0000 8080fabc${toHex(frame.subarray(50))}`.replace(' ', ''),
    ]);
    expect(unpackVp8(packets.map((packet) => packet.subarray(2)))).toStrictEqual({ frame, keyframe: false });
  });
  it.each([
    ['no extension', '10 aa', 'aa', true],
    ['a short picture id', '90 80 11 aa', 'aa', true],
    ['a long picture id', '90 80 8111 aa', 'aa', true],
    ['all there is', '90 f0 8111 22 33 aa', 'aa', true],
    ['a temporal id only', '90 20 33 aa', 'aa', true],
    ['a key index only', '90 10 33 aa', 'aa', true],
    ['an inter frame', '10 01', '01', false],
    ['no frame', '10', '', false],
  ])('reads a descriptor of %s', (_name, bytes, frame, keyframe) => {
    expect(unpackVp8([hex(bytes)])).toStrictEqual({ frame: hex(frame), keyframe });
  });
  it('reads what ffmpeg packs', () => {
    const [first, second, third] = payloads(VP8_RTP);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three packets');
    const key = unpackVp8([first, second]);
    expect([key.keyframe, key.frame.length]).toStrictEqual([true, 158]);
    expect(unpackVp8([third]).keyframe).toBe(false);
  });
  it.each([
    ['no bytes', [''], 'truncated'],
    ['an extension past the end', ['90'], 'truncated'],
    ['a picture id past the end', ['90 80 81'], 'truncated'],
    ['no first payload', ['00 aa'], 'malformed'],
    ['a later partition first', ['11 aa'], 'malformed'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => unpackVp8(bytes.map(hex)))).toBe(code);
  });
  it('unpack(pack(x)) is x; hostile bytes throw FormatError only', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 3000 }),
        packOptions,
        fc.nat(0x7fff),
        (frame, options, pictureId) => {
          const packets = packVp8(frame, { ...options, pictureId });
          for (const packet of packets)
            expect(packet.length).toBeLessThanOrEqual(options.headroomBytes + options.maxPayloadBytes);
          const parts = packets.map((packet) => packet.subarray(options.headroomBytes));
          expect(toHex(unpackVp8(parts).frame)).toBe(toHex(frame));
        },
      ),
    );
    assertOnlyFormatErrors((bytes) => unpackVp8([bytes, bytes]), hostileBytes(...payloads(VP8_RTP)));
  });
});
describe('VP9 payloads', () => {
  it('marks begin and end, and what refers to earlier frames', () => {
    const frame = counted(0x86, 100);
    const inter = packVp9(frame, { ...SMALL, pictureId: 0x7abc, keyframe: false });
    expect(inter.map((packet) => toHex(packet.subarray(2, 5)))).toStrictEqual(['c8fabc', 'c4fabc']);
    const key = packVp9(counted(0x82, 40), { ...SMALL, pictureId: 1, keyframe: true });
    expect(key.map((packet) => toHex(packet.subarray(2, 5)))).toStrictEqual(['8c8001']);
    expect(unpackVp9(inter.map((packet) => packet.subarray(2)))).toStrictEqual({ frame, keyframe: false });
  });
  it.each([
    ['nothing else', '0c 82', true],
    ['a short picture id', '8c 11 82', true],
    ['a long picture id', '8c 8111 82', true],
    ['layers, not flexible', 'ac 11 22 33 82', true],
    ['layers, flexible', 'bc 11 22 82', true],
    ['a reference, flexible', 'dc 11 02 86', false],
    ['three references, flexible', 'dc 11 03 05 06 86', false],
    ['no reference, not flexible', 'cc 11 86', false],
    ['a structure of nothing', '0e 00 82', true],
    ['a structure of three sizes', '0e 50 01400 0b4 028001 68 050002d0 82', true],
    ['a structure of a group', '0e 08 03 00 04 01 08 01 02 82', true],
    ['a structure of all', '0e 18 014000b4 01 04 01 82', true],
    ['a shown earlier frame', '0c 88', false],
  ])('reads a descriptor of %s', (_name, bytes, keyframe) => {
    const unpacked = unpackVp9([hex(bytes)]);
    expect([unpacked.frame.length, unpacked.keyframe]).toStrictEqual([1, keyframe]);
  });
  it('joins the spatial layers of a picture to a superframe', () => {
    // Two layers, the second one in two packets; index of annex B with sizes of four bytes.
    const layers = ['a8 11 10 33 82aa', 'a8 11 12 33 86', 'a4 11 12 33 bb'];
    layers[0] = layers[0]?.replace('a8', 'ac') ?? '';
    expect(toHex(unpackVp9(layers.map(hex)).frame)).toBe('82aa86bb' + 'd9' + '02000000' + '02000000' + 'd9');
  });
  it('reads what ffmpeg packs', () => {
    const [first, second, third] = payloads(VP9_RTP);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three packets');
    const key = unpackVp9([first, second]);
    expect([key.keyframe, key.frame.length]).toStrictEqual([true, 153]);
    expect(unpackVp9([third]).keyframe).toBe(false);
  });
  it.each([
    ['no payloads', [], 'truncated'],
    ['no bytes', [''], 'truncated'],
    ['no frame marker', ['0c 02'], 'malformed'],
    ['four references', ['dc 11 03 05 07 06 86'], 'malformed'],
    ['a structure past the end', ['0e 50 0140'], 'truncated'],
    ['no first payload', ['04 82'], 'malformed'],
    ['two first payloads', ['08 82', '08 82'], 'malformed'],
    ['no last payload', ['08 82'], 'truncated'],
    ['nine layers', Array.from({ length: 9 }, () => '0c 82'), 'too_large'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => unpackVp9(bytes.map(hex)))).toBe(code);
  });
  it('unpack(pack(x)) is x; hostile bytes throw FormatError only', () => {
    const frames = fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => {
      bytes[0] = 0x82 | ((bytes[0] ?? 0) & 0x04);
      return bytes;
    });
    fc.assert(
      fc.property(frames, packOptions, fc.nat(0x7fff), (frame, options, pictureId) => {
        const keyframe = ((frame[0] ?? 0) & 0x04) === 0;
        const packets = packVp9(frame, { ...options, pictureId, keyframe });
        for (const packet of packets)
          expect(packet.length).toBeLessThanOrEqual(options.headroomBytes + options.maxPayloadBytes);
        const unpacked = unpackVp9(packets.map((packet) => packet.subarray(options.headroomBytes)));
        expect([toHex(unpacked.frame), unpacked.keyframe]).toStrictEqual([toHex(frame), keyframe]);
      }),
    );
    assertOnlyFormatErrors(
      (bytes) => unpackVp9([bytes]),
      hostileBytes(...payloads(VP9_RTP), hex('0e 18 014000b4 01 04 01 82')),
    );
  });
});

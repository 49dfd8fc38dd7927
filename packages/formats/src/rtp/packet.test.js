import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, assertRoundTrip, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { H264_RTP } from '../testing/real-rtp.ts';
import { encodeRtpPacket, isRtcp, parseRtpPacket } from './packet.ts';
const HEADER = { marker: true, payloadType: 96, sequence: 0x0102, timestamp: 0x0a0b0c0d, ssrc: 0xfffefdfc };
const PLAIN = '80e0 0102 0a0b0c0d fffefdfc';
const EXTENDED = PLAIN.replace('80', '90');
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const extension = fc.oneof(
  fc.record({ id: fc.integer({ min: 1, max: 14 }), data: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  fc.record({ id: fc.integer({ min: 1, max: 255 }), data: fc.uint8Array({ maxLength: 255 }) }),
);
const packet = fc.record({
  marker: fc.boolean(),
  payloadType: fc.nat(127),
  sequence: fc.nat(0xffff),
  timestamp: u32,
  ssrc: u32,
  extensions: fc.array(extension, { maxLength: 5 }),
  payload: fc.uint8Array({ maxLength: 50 }),
});
describe('RTP packets', () => {
  it.each([
    ['no extension', { payload: hex('aabb') }, `${PLAIN} aabb`],
    ['no payload', {}, PLAIN],
    ['an unmarked one', { marker: false }, PLAIN.replace('e0', '60')],
    ['elements of one header byte', { extensions: [{ id: 3, data: hex('0708') }] }, `${EXTENDED} bede 0001 31 0708 00`],
    [
      'elements of two, for a long one',
      { extensions: [{ id: 3, data: new Uint8Array(17) }], payload: hex('ff') },
      `${EXTENDED} 1000 0005 03 11 ${'00'.repeat(17)} 00 ff`,
    ],
    [
      'elements of two, for an empty one',
      { extensions: [{ id: 1, data: hex('') }] },
      `${EXTENDED} 1000 0001 0100 0000`,
    ],
    [
      'elements of two, for a high id',
      { extensions: [{ id: 15, data: hex('aa') }] },
      `${EXTENDED} 1000 0001 0f01aa 00`,
    ],
  ])('%s', (_name, fields, bytes) => {
    const value = { ...HEADER, extensions: [], payload: hex(''), ...fields };
    expect(toHex(encodeRtpPacket(value))).toBe(toHex(hex(bytes)));
    expect(parseRtpPacket(hex(bytes))).toStrictEqual(value);
  });
  it.each([
    ['contributing sources', `${PLAIN.replace('80', '82')} 11111111 22222222 aa`, { payload: hex('aa') }],
    ['padding', `${PLAIN.replace('80', 'a0')} aa 000003`, { payload: hex('aa') }],
    ['nothing but padding, as Chrome probes', `${PLAIN.replace('80', 'a0')} 000003`, {}],
    ['an extension of another form', `${EXTENDED} abcd 0001 01020304 aa`, { payload: hex('aa') }],
    [
      'application bits in the form of two',
      `${EXTENDED} 100f 0001 0101aa00`,
      { extensions: [{ id: 1, data: hex('aa') }] },
    ],
    ['padding between elements', `${EXTENDED} bede 0001 00 10aa 00`, { extensions: [{ id: 1, data: hex('aa') }] }],
    ['id 15, which ends the list', `${EXTENDED} bede 0001 10aa f0ff`, { extensions: [{ id: 1, data: hex('aa') }] }],
    [
      'id 0 with a length, which ends it',
      `${EXTENDED} bede 0001 10aa 01ff`,
      { extensions: [{ id: 1, data: hex('aa') }] },
    ],
  ])('reads %s', (_name, bytes, fields) => {
    expect(parseRtpPacket(hex(bytes))).toStrictEqual({ ...HEADER, extensions: [], payload: hex(''), ...fields });
  });
  it('reads a packet of ffmpeg, its payload as a view', () => {
    const [bytes = hex('')] = H264_RTP;
    const { payload, ...rest } = parseRtpPacket(bytes);
    expect(rest).toMatchObject({ marker: false, payloadType: 96, extensions: [] });
    expect([payload.buffer === bytes.buffer, payload.byteOffset - bytes.byteOffset]).toStrictEqual([true, 12]);
  });
  it.each([
    ['version 1', '40e0 0102 0a0b0c0d fffefdfc', 'malformed'],
    ['an end in the header', '80e0 0102 0a0b', 'truncated'],
    ['sources past the end', PLAIN.replace('80', '81'), 'truncated'],
    ['an extension past the end', `${EXTENDED} bede 0002 10aa0000`, 'truncated'],
    ['an element past the end', `${EXTENDED} bede 0001 13aabbcc`, 'truncated'],
    ['padding of 0', `${PLAIN.replace('80', 'a0')} aa00`, 'malformed'],
    ['padding longer than the payload', `${PLAIN.replace('80', 'a0')} aa03`, 'malformed'],
    ['padding without a payload', PLAIN.replace('80', 'a0'), 'malformed'],
    ['65 extensions', `${EXTENDED} bede 0021 ${'10aa'.repeat(65)} 0000`, 'too_large'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => parseRtpPacket(hex(bytes)))).toBe(code);
  });
  it.each([
    ['65 of them', Array.from({ length: 65 }, () => ({ id: 1, data: hex('aa') }))],
    ['an id above 255', [{ id: 256, data: hex('aa') }]],
    ['id 0', [{ id: 0, data: hex('aa') }]],
    ['256 bytes', [{ id: 1, data: new Uint8Array(256) }]],
  ])('does not write extensions: %s', (_name, extensions) => {
    expect(formatErrorCode(() => encodeRtpPacket({ ...HEADER, payload: hex(''), extensions }))).toBe('too_large');
  });
  it('decode(encode(x)) is x; hostile bytes throw FormatError only', () => {
    assertRoundTrip(packet, { encode: encodeRtpPacket, decode: parseRtpPacket });
    assertOnlyFormatErrors(
      parseRtpPacket,
      hostileBytes(...H264_RTP, hex(`${EXTENDED} bede 0001 31 0708 00 aa`), hex(`${EXTENDED} 1000 0001 0101aa00`)),
    );
  });
  it.each([
    ['80c8', true],
    ['81c9', true],
    ['80c0', true],
    ['80df', true],
    ['80e0', false],
    ['80bf', false],
    ['8060', false],
    ['40c8', false],
    ['80', false],
    ['', false],
  ])('isRtcp of %s is %s', (bytes, expected) => {
    expect(isRtcp(hex(bytes))).toBe(expected);
  });
});

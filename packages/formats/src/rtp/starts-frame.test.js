import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex } from '../testing/hex.ts';
import { H264_RTP, H265_RTP, VP8_RTP, VP9_RTP } from '../testing/real-rtp.ts';
import { parseRtpPacket } from './packet.ts';
import { startsFrame } from './starts-frame.ts';
const CODECS = ['h264', 'h265', 'vp8', 'vp9', 'av1'];
describe('startsFrame', () => {
  it.each([
    ['h264', 'the first slice', '65 80', true],
    ['h264', 'a later slice', '65 40', false],
    ['h264', 'a parameter set', '67', true],
    ['h264', 'a STAP-A of sets', '78 0002 6701', true],
    ['h264', 'a STAP-A of a later slice', '78 0002 6540', false],
    ['h264', 'the first fragment', '7c 85 80', true],
    ['h264', 'the first fragment of a later slice', '7c 85 40', false],
    ['h264', 'a later fragment', '7c 05 80', false],
    ['h264', 'an unknown type', '7f', false],
    ['h264', 'a fragment without a header', '7c', false],
    ['h265', 'the first slice', '2601 80', true],
    ['h265', 'a later slice', '2601 40', false],
    ['h265', 'a parameter set', '4001', true],
    ['h265', 'an aggregation packet of sets', '6001 0003 400101', true],
    ['h265', 'an aggregation packet of a later slice', '6001 0003 260140', false],
    ['h265', 'the first fragment', '6201 93 80', true],
    ['h265', 'a later fragment', '6201 13 80', false],
    ['h265', 'PACI', '6401', false],
    ['vp8', 'the first partition', '10 aa', true],
    ['vp8', 'a later partition', '11 aa', false],
    ['vp8', 'the rest', '00 aa', false],
    ['vp9', 'the beginning', '08 82', true],
    ['vp9', 'the rest', '04 82', false],
    ['vp9', 'the lowest layer', 'a8 11 20 33 82', true],
    ['vp9', 'a higher layer', 'a8 11 22 33 82', false],
    ['av1', 'an OBU', '10 30', true],
    ['av1', 'the rest of an OBU', '90 30', false],
  ])('%s, %s (%s): %s', (codec, _name, payload, expected) => {
    expect(startsFrame(codec, hex(payload))).toBe(expected);
  });
  it.each([
    ['h264', H264_RTP, [true, true, false, true]],
    ['h265', H265_RTP, [true, true, false, true]],
    ['vp8', VP8_RTP, [true, false, true]],
    ['vp9', VP9_RTP, [true, false, true]],
  ])('of the %s packets of ffmpeg', (codec, packets, expected) => {
    expect(packets.map((packet) => startsFrame(codec, parseRtpPacket(packet).payload))).toStrictEqual(expected);
  });
  it('is false for no bytes, and never throws', () => {
    for (const codec of CODECS) expect(startsFrame(codec, hex(''))).toBe(false);
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), fc.uint8Array({ maxLength: 30 }), (codec, payload) => {
        expect(typeof startsFrame(codec, payload)).toBe('boolean');
      }),
    );
  });
});

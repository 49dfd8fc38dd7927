import {
  FormatError,
  packAv1,
  parseAvcConfig,
  parseRtpPacket,
  parseVideoTagHeader,
  RTP_HEADER_BYTES,
} from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import {
  AV1_INTER_UNIT,
  AV1_KEY_UNIT,
  H264_RTP,
  H265_RTP,
  VP8_RTP,
  VP9_RTP,
} from '../../../../formats/src/testing/real-rtp.ts';
import { opusConfig, opusFrame, VideoConverter } from './convert.ts';
import { codedBytes, VideoPacketizer } from './packetize.ts';
/** The payloads of each frame. */
function framesOf(packets) {
  const frames = [[]];
  for (const { payload, marker } of packets.map((bytes) => parseRtpPacket(bytes))) {
    frames.at(-1)?.push(payload);
    if (marker) frames.push([]);
  }
  return frames.filter((frame) => frame.length > 0);
}
const REAL = {
  h264: framesOf(H264_RTP),
  h265: framesOf(H265_RTP),
  vp8: framesOf(VP8_RTP),
  vp9: framesOf(VP9_RTP),
  av1: [AV1_KEY_UNIT, AV1_INTER_UNIT].map((unit, index) =>
    packAv1(unit, { maxPayloadBytes: 100, headroomBytes: 0, keyframe: index === 0 }),
  ),
};
const CODECS = Object.keys(REAL);
const kinds = (packets) =>
  packets.map(({ codec, config, keyframe, dtsMs, ptsMs }) => {
    const kind = config ? 'config' : keyframe ? 'key' : 'inter';
    return `${codec} ${kind} ${dtsMs}${ptsMs === dtsMs ? '' : '!'}`;
  });
describe('VideoConverter', () => {
  it.each(CODECS)('makes media packets of %s', (codec) => {
    const [key = [], inter = []] = REAL[codec];
    const converter = new VideoConverter(codec);
    const packets = [
      ...converter.convert(key, 1000),
      ...converter.convert(inter, 1040),
      ...converter.convert(key, 1080),
    ];
    expect(kinds(packets)).toEqual([
      `${codec} config 1000`,
      `${codec} key 1000`,
      `${codec} inter 1040`,
      `${codec} key 1080`,
    ]);
  });
  it.each(CODECS)('gives nothing of %s before a key frame', (codec) => {
    const [, inter = []] = REAL[codec];
    expect(new VideoConverter(codec).convert(inter, 0)).toEqual([]);
  });
  it.each(CODECS)('round trip of %s: what was made can be sent, and is the same when it comes', (codec) => {
    const [key = [], inter = []] = REAL[codec];
    const [first, second] = [new VideoConverter(codec), new VideoConverter(codec)];
    const packetizer = new VideoPacketizer(1);
    for (const frame of [key, inter, inter, key]) {
      const packets = first.convert(frame, 7);
      const again = [];
      for (const packet of packets) {
        if (packet.config) packetizer.configure(packet);
        else {
          const payloads = packetizer.frame(packet);
          expect(payloads.length).toBeGreaterThan(0);
          again.push(
            ...second.convert(
              payloads.map((bytes) => bytes.subarray(RTP_HEADER_BYTES)),
              7,
            ),
          );
        }
      }
      expect(again).toEqual(packets);
    }
  });
  it('says that the size changed before the key frame it changes with, once', () => {
    const converter = new VideoConverter('h264');
    const sps = (level) => Uint8Array.of(0x67, 0x42, 0xc0, level, 0xda, 0x02, 0x80, 0xf6, 0x40);
    const pps = Uint8Array.of(0x68, 0xce, 0x3c, 0x80);
    const idr = Uint8Array.of(0x65, 0x88, 0x80);
    const slice = Uint8Array.of(0x41, 0x9a, 1);
    const told = [
      [sps(30), pps, idr],
      [slice],
      [idr], // parameter sets stay true
      [sps(30), pps, idr],
      [sps(31), pps, slice], // not before a key frame
      [sps(31)],
      [pps],
      [Uint8Array.of(9, 0xf0), idr], // a delimiter is for byte streams
      [slice],
    ].map((units, index) => converter.convert(units, index));
    expect(told.map(kinds)).toEqual([
      ['h264 config 0', 'h264 key 0'],
      ['h264 inter 1'],
      ['h264 key 2'],
      ['h264 key 3'],
      ['h264 inter 4'],
      [],
      [],
      ['h264 config 7', 'h264 key 7'],
      ['h264 inter 8'],
    ]);
    const levels = told.flat().filter(({ config }) => config);
    expect(levels.map((packet) => parseAvcConfig(codedBytes(packet)).levelIdc)).toEqual([30, 31]);
    expect([...codedBytes(told[7]?.[1])]).toEqual([0, 0, 0, 3, ...idr]);
  });
  it.each([
    { codec: 'h264', payload: [0x7c, 0x05, 1] },
    { codec: 'h265', payload: [0x62] },
    { codec: 'vp8', payload: [0x90, 0x80] },
    { codec: 'vp9', payload: [0xff] },
    { codec: 'av1', payload: [0x80, 1] },
  ])('throws FormatError for $codec that is none', ({ codec, payload }) => {
    expect(() => new VideoConverter(codec).convert([Uint8Array.from(payload)], 0)).toThrow(FormatError);
  });
  it('names the classic codec for H.264 and FourCCs for the others', () => {
    const forms = CODECS.map((codec) => {
      const [config] = new VideoConverter(codec).convert(REAL[codec][0] ?? [], 0);
      const header = parseVideoTagHeader(config?.payload ?? new Uint8Array());
      return header.form === 'enhanced' ? header.fourCc : header.form;
    });
    expect(forms).toEqual(['legacy', 'hvc1', 'vp08', 'vp09', 'av01']);
  });
});
describe('Opus', () => {
  it('is two channels at 48 kHz', () => {
    expect(opusConfig(20)).toMatchObject({ codec: 'opus', config: true, dtsMs: 20 });
    expect(Buffer.from(opusConfig(20).payload).toString('hex')).toMatch(/4f707573486561640102/); // OpusHead, version 1, two channels
    const frame = opusFrame(Uint8Array.of(0xfc, 1, 2), 40);
    expect(frame).toMatchObject({ codec: 'opus', config: false, dtsMs: 40, kind: 'audio' });
    expect([...frame.payload.slice(-3)]).toEqual([0xfc, 1, 2]);
  });
});

import { describe, expect, it } from 'vitest';
import type { MediaPacket } from '../flv/media-packet.ts';
import { aacFrame, avcFrame, flvPacket } from '../testing/flv-packets.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import * as real from '../testing/real-samples.ts';
import { TsMuxer } from './muxer.ts';
import { TS_PACKET_BYTES, TsPackets } from './packets.ts';

const AVC = flvPacket('video', '17 00 000000', real.AVC_BASELINE_320X180);
const AVC_SPS = '6742c00cd901419f9f011000000300100000030320f142a480';
const AVC_PPS = '68cb83cb20';
const AAC = flvPacket('audio', 'af 00', real.AAC_LC_STEREO);

interface TsPacket {
  pid: number;
  isStart: boolean;
  counter: number;
  /** Without its length. */
  adaptation?: string;
  payload: Uint8Array;
}

function packetsOf(segment: Uint8Array): TsPacket[] {
  expect(segment.length % TS_PACKET_BYTES).toBe(0);
  return Array.from({ length: segment.length / TS_PACKET_BYTES }, (_, index) => {
    const bytes = segment.subarray(index * TS_PACKET_BYTES, (index + 1) * TS_PACKET_BYTES);
    const [sync = 0, high = 0, low = 0, control = 0, length = 0] = bytes;
    expect(sync).toBe(0x47);
    const hasAdaptation = (control & 0x20) !== 0;
    const payload = bytes.subarray(hasAdaptation ? 5 + length : 4);
    return {
      pid: ((high & 0x1f) << 8) | low,
      isStart: (high & 0x40) !== 0,
      counter: control & 0x0f,
      ...(hasAdaptation && { adaptation: toHex(bytes.subarray(5, 5 + length)) }),
      payload,
    };
  });
}

/** Payload of each unit of a PID. */
function unitsOf(packets: readonly TsPacket[], pid: number): string[] {
  const units: Uint8Array[] = [];
  for (const packet of packets.filter((each) => each.pid === pid)) {
    if (packet.isStart) units.push(packet.payload);
    else units.push(concat(units.pop() ?? hex(''), packet.payload));
  }
  return units.map(toHex);
}

describe('TsMuxer', () => {
  it('writes tables, a byte stream with parameter sets, and ADTS', () => {
    const muxer = new TsMuxer({ video: AVC, audio: AAC });
    const packets = packetsOf(
      muxer.segment([avcFrame(1000, { key: true, compositionMs: 40, bytes: 6 }), aacFrame(1010, 2), avcFrame(1040)]),
    );
    expect(packets.map(({ pid }) => pid)).toEqual([0, 0x1000, 0x100, 0x100, 0x101]);
    const [pat = '', pmt = ''] = packets.map(({ payload }) => toHex(payload));
    // The CRC is what ffmpeg writes behind the same section.
    expect(pat.replace(/(ff)+$/, '')).toBe('0000b00d0001c100000001f0002ab104b2');
    expect(pmt.replace(/(ff)+$/, '').slice(0, -8)).toBe('0002b0170001c10000e100f0001be100f0000fe101f000');
    // Random access, and the clock: 1000 ms.
    expect(packets[2]?.adaptation).toMatch(/^500000afc87e00(ff)*$/);
    expect(unitsOf(packets, 0x100)[0]).toBe(
      // PTS 1040 ms + 63000 ticks, DTS 1000 ms + 63000 ticks.
      `000001e0003f84c00a${time(3, 156_600)}${time(1, 153_000)}` +
        `0000000109f000000001${AVC_SPS}00000001${AVC_PPS}000000016565`,
    );
    expect(unitsOf(packets, 0x101)).toEqual([
      `000001c00011848005${time(2, 1010 * 90 + 63_000)}fff1508001 3ffcaaaa`.replace(' ', ''),
    ]);
  });

  it('goes on counting over segments, and fills every packet', () => {
    const muxer = new TsMuxer({ video: AVC, audio: AAC });
    const all: TsPacket[] = [];
    const sizes = [...Array.from({ length: 400 }, (_, index) => index + 5), 60_000, 70_000];
    for (const [index, bytes] of sizes.entries()) {
      const packets = packetsOf(muxer.segment([avcFrame(index * 40, { bytes })]));
      expect(unitsOf(packets, 0x100)[0]).toMatch(new RegExp(`0000000109f000000001(41){${bytes - 4}}$`));
      all.push(...packets);
    }
    for (const pid of [0, 0x1000, 0x100]) {
      const counters = all.filter((packet) => packet.pid === pid).map(({ counter }) => counter);
      expect(counters).toEqual(counters.map((_, index) => index % 16));
    }
  });

  it('keeps the parameter sets and delimiters of frames that have their own', () => {
    const units = hex(`00000002 0910 00000003 674242 00000002 6565`);
    const key = flvPacket('video', '17 01 000000', units);
    const [unit] = unitsOf(packetsOf(new TsMuxer({ video: AVC }).segment([key])), 0x100);
    expect(unit?.slice(28)).toBe('0000000109f00000000167424200000001 6565'.replace(' ', ''));
  });

  it('writes H.265 with its parameter sets', () => {
    const video = flvPacket('video', '90 68766331', real.HEVC_MAIN_1920X1080);
    const frame = flvPacket('video', '93 68766331', hex('00000003 2601aa'));
    const packets = packetsOf(new TsMuxer({ video }).segment([frame]));
    expect(toHex(packets[1]?.payload ?? hex('')).slice(26, 36)).toBe('24e100f000');
    expect(unitsOf(packets, 0x100)[0]).toMatch(
      /00000001460150000000014001.*000000014201.*000000014401.*000000012601aa$/,
    );
  });

  it('puts audio frames together, and carries the clock with them when there is no video', () => {
    const frames: MediaPacket[] = Array.from({ length: 20 }, (_, index) => aacFrame(index * 23, 100));
    const packets = packetsOf(new TsMuxer({ audio: AAC }).segment(frames));
    expect(packets.filter(({ isStart, pid }) => isStart && pid === 0x101).map(({ adaptation }) => adaptation)).toEqual([
      expect.stringMatching(/^50000000007e00/),
      expect.stringMatching(/^50/),
      expect.stringMatching(/^50/),
    ]);
    expect(
      unitsOf(packets, 0x101)
        .join('')
        .match(/fff15080/g),
    ).toHaveLength(20);
  });

  it('wraps its 33 bits', () => {
    const lateMs = Math.ceil(2 ** 33 / 90);
    const packets = packetsOf(new TsMuxer({ video: AVC }).segment([{ ...avcFrame(0), dtsMs: lateMs, ptsMs: lateMs }]));
    expect(packets[2]?.adaptation).toMatch(/^100000000e7e00/);
    expect(unitsOf(packets, 0x100)[0]).toContain(time(2, lateMs * 90 - 2 ** 33 + 63_000));
  });

  it.each([
    ['AV1', { video: flvPacket('video', '90 61763031', real.AV1_MAIN_640X360) }],
    ['Opus', { audio: flvPacket('audio', '90 4f707573', real.OPUS_MONO) }],
    ['AAC whose layout ADTS has no number for', { audio: flvPacket('audio', 'af 00', real.AAC_LC_2_1) }],
  ])('refuses %s', (_name, tracks) => {
    expect(formatErrorCode(() => new TsMuxer(tracks))).toBe('unsupported');
  });

  it('a frame that cannot be read loses its segment only', () => {
    const muxer = new TsMuxer({ video: AVC, audio: AAC });
    const good = avcFrame(0, { key: true });
    expect(formatErrorCode(() => muxer.segment([good, flvPacket('video', '27 01 000000', hex('00000009 41'))]))).toBe(
      'truncated',
    );
    expect(formatErrorCode(() => muxer.segment([aacFrame(0, 9000)]))).toBe('too_large');
    expect(packetsOf(muxer.segment([good])).map(({ pid }) => pid)).toEqual([0, 0x1000, 0x100]);
  });

  it('damaged configurations and frames throw FormatError only', () => {
    assertOnlyFormatErrors((bytes) => {
      const video = flvPacket('video', '17 00 000000', bytes);
      new TsMuxer({ video }).segment([flvPacket('video', '17 01 000000', bytes)]);
    }, hostileBytes(real.AVC_HIGH_1280X720));
    const muxer = new TsMuxer({ video: AVC, audio: AAC });
    assertOnlyFormatErrors(
      (bytes) => muxer.segment([flvPacket('video', '27 01 000000', bytes), flvPacket('audio', 'af 01', bytes)]),
      hostileBytes(hex('00000002 6501 00000001 66')),
    );
  });
});

describe('TsPackets', () => {
  it.each([183, 184, 185, 366, 367, 368])('fills up the packets of %d bytes', (sizeBytes) => {
    const packets = new TsPackets();
    const bytes = new Uint8Array(sizeBytes).fill(0xaa);
    packets.write({ pid: 5, bytes });
    const read = packetsOf(packets.take());
    expect(unitsOf(read, 5)).toEqual([toHex(bytes)]);
    expect(read).toHaveLength(Math.ceil(sizeBytes / 184));
  });
});

/** A time stamp of 33 bits, its prefix before it. */
function time(prefix: number, ticks: number): string {
  const bits = `${prefix.toString(2).padStart(4, '0')}${ticks
    .toString(2)
    .padStart(33, '0')
    .replace(/^(.{3})(.{15})(.{15})$/, '$11$21$31')}`;
  return BigInt(`0b${bits}`).toString(16).padStart(10, '0');
}

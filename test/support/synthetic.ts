import type { WireTag } from './flv-wire.ts';

// FLV tags that only look like H.264 and AAC: for tests of the way, not of the picture.

const fill = (bytes: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, i) => (seed + i) & 0xff));

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15) with an SPS and PPS of a few bytes; `level` tells two apart. */
export function videoHeader(timestamp = 0, level = 31): WireTag {
  const sps = [0x67, 0x42, 0, level, 0x95, 0xa0, 0x14, 0x01, 0x6e, 0x40];
  const pps = [0x68, 0xce, 0x3c, 0x80];
  const record = [1, 0x42, 0, level, 0xff, 0xe1, 0, sps.length, ...sps, 1, 0, pps.length, ...pps];
  return { type: 'video', timestamp, body: Buffer.from([0x17, 0, 0, 0, 0, ...record]) };
}

/** AudioSpecificConfig: AAC-LC, 44.1 kHz, mono. */
export function audioHeader(timestamp = 0): WireTag {
  return { type: 'audio', timestamp, body: Buffer.from([0xaf, 0, 0x12, 0x08]) };
}

export function videoFrame(timestamp: number, { isKey = false, seed = 0, bytes = 200 } = {}): WireTag {
  const nal = Buffer.concat([Buffer.of(isKey ? 0x65 : 0x41), fill(bytes, seed)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(nal.length);
  return { type: 'video', timestamp, body: Buffer.concat([Buffer.of(isKey ? 0x17 : 0x27, 1, 0, 0, 0), size, nal]) };
}

export function audioFrame(timestamp: number, seed = 0): WireTag {
  return { type: 'audio', timestamp, body: Buffer.concat([Buffer.of(0xaf, 1), fill(30, seed)]) };
}

/** A key frame every `keyEvery` frames, `stepMs` apart, from `startMs`; wraps at 32 bits as an encoder's clock does. */
export function videoFrames(
  count: number,
  {
    startMs = 0,
    stepMs = 40,
    keyEvery = 25,
    bytes = 200,
  }: { startMs?: number; stepMs?: number; keyEvery?: number; bytes?: number } = {},
): WireTag[] {
  return Array.from({ length: count }, (_, index) =>
    videoFrame((startMs + index * stepMs) % 2 ** 32, { isKey: index % keyEvery === 0, seed: index, bytes }),
  );
}

import { encodeVideoTagHeader, FLV_TAG_VIDEO, type MediaPacket, packetFromTag } from '@kaibo/formats';

const SPS = [0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40];
const PPS = [0x68, 0xce, 0x3c, 0x80];

/** NAL unit headers: what others build on, and what nobody does. */
const UNIT = { key: 0x65, reference: 0x41, disposable: 0x01 } as const;

/** A configuration that the packetizer can read; `level` makes one differ from another. */
export function h264Config(dtsMs: number, level = 0x1e): MediaPacket {
  const sps = SPS.with(3, level);
  const record = [1, 0x42, 0xc0, level, 0xff, 0xe1, 0, sps.length, ...sps, 1, 0, PPS.length, ...PPS];
  return h264Packet('sequenceStart', { dtsMs, ptsMs: dtsMs, isKey: true, body: record });
}

/** A frame of one slice of `bytes`. */
export function h264Frame(
  kind: keyof typeof UNIT,
  { dtsMs, ptsMs = dtsMs, bytes = 10 }: { dtsMs: number; ptsMs?: number; bytes?: number },
): MediaPacket {
  const body = new Uint8Array(4 + bytes);
  new DataView(body.buffer).setUint32(0, bytes);
  body.set([UNIT[kind], 0x88], 4);
  return h264Packet('codedFrames', { dtsMs, ptsMs, isKey: kind === 'key', body });
}

function h264Packet(
  packetType: 'sequenceStart' | 'codedFrames',
  { dtsMs, ptsMs, isKey, body }: { dtsMs: number; ptsMs: number; isKey: boolean; body: ArrayLike<number> },
): MediaPacket {
  const header = encodeVideoTagHeader({
    form: 'legacy',
    codec: 'h264',
    codecId: 7,
    frameType: isKey ? 'key' : 'inter',
    packetType,
    compositionTimeMs: ptsMs - dtsMs,
  });
  return packetFromTag({
    type: FLV_TAG_VIDEO,
    timestampMs: dtsMs,
    body: Uint8Array.of(...header, ...Array.from(body)),
  });
}

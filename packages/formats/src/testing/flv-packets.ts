import { packetFromTag } from '../flv/media-packet.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { concat, hex } from './hex.ts';

/** A packet of these header digits and bytes behind them. */
export function flvPacket(kind: 'video' | 'audio', header: string, body = hex(''), timestampMs = 0): MediaPacket {
  return packetFromTag({ type: kind === 'video' ? 9 : 8, timestampMs, body: concat(hex(header), body) });
}

/** An H.264 frame of one NAL unit, `bytes` long with its length. */
export function avcFrame(
  dtsMs: number,
  { key = false, compositionMs = 0, bytes = 8 }: { key?: boolean; compositionMs?: number; bytes?: number } = {},
): MediaPacket {
  const composition = (compositionMs & 0xff_ffff).toString(16).padStart(6, '0');
  const data = new Uint8Array(bytes).fill(key ? 0x65 : 0x41, 4);
  new DataView(data.buffer).setUint32(0, bytes - 4);
  return flvPacket('video', `${key ? '17' : '27'} 01 ${composition}`, data, dtsMs);
}

/** An AAC frame of nonsense. */
export function aacFrame(dtsMs: number, bytes = 5): MediaPacket {
  return flvPacket('audio', 'af 01', new Uint8Array(bytes).fill(0xaa), dtsMs);
}

import type { RtmpMessage } from './message.ts';

/** What we send with, told to the peer once: large enough that most frames are one or two chunks. */
export const OUT_CHUNK_SIZE = 60_000;
const EXTENDED_TIMESTAMP = 0xffffff;
const TYPE_3 = 0xc0;
const HEADER_BYTES = 12;

export interface OutgoingMessage extends Omit<RtmpMessage, 'payload'> {
  /** Below 64, so that the basic header is one byte. */
  chunkStreamId: number;
  payload: Uint8Array;
  /** Left out, `OUT_CHUNK_SIZE`; a client's connect comes before it can tell the server of another than the default. */
  chunkBytes?: number;
}

/** Size of `writeMessage`'s output. */
export function messageBytes(payloadBytes: number, timestampMs: number, chunkBytes = OUT_CHUNK_SIZE): number {
  const extendedBytes = timestampMs >>> 0 >= EXTENDED_TIMESTAMP ? 4 : 0;
  const chunks = Math.max(1, Math.ceil(payloadBytes / chunkBytes));
  return HEADER_BYTES + extendedBytes + payloadBytes + (chunks - 1) * (1 + extendedBytes);
}

/**
 * Writes one message as a type 0 chunk and type 3 continuations (RTMP 1.0, 5.3.1.2): absolute time, nothing that depends
 * on an earlier message, so that every viewer can be sent the same bytes. Returns the offset after it.
 */
export function writeMessage(target: Buffer, start: number, message: OutgoingMessage): number {
  const { chunkStreamId, payload, chunkBytes = OUT_CHUNK_SIZE } = message;
  const timestampMs = message.timestampMs >>> 0;
  const extended = timestampMs >= EXTENDED_TIMESTAMP;
  let offset = target.writeUInt8(chunkStreamId, start);
  offset = target.writeUIntBE(extended ? EXTENDED_TIMESTAMP : timestampMs, offset, 3);
  offset = target.writeUIntBE(payload.length, offset, 3);
  offset = target.writeUInt8(message.type, offset);
  offset = target.writeUInt32LE(message.streamId, offset);
  if (extended) offset = target.writeUInt32BE(timestampMs, offset);
  for (let sent = 0; sent < payload.length; sent += chunkBytes) {
    if (sent > 0) {
      offset = target.writeUInt8(TYPE_3 | chunkStreamId, offset);
      if (extended) offset = target.writeUInt32BE(timestampMs, offset);
    }
    const chunk = payload.subarray(sent, sent + chunkBytes);
    target.set(chunk, offset);
    offset += chunk.length;
  }
  return offset;
}

export function encodeMessage(message: OutgoingMessage): Buffer {
  const target = Buffer.allocUnsafe(messageBytes(message.payload.length, message.timestampMs, message.chunkBytes));
  writeMessage(target, 0, message);
  return target;
}

import { encodeMessage } from './chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE } from './message.ts';

/** RTMP 1.0, 5.4: protocol control messages go on chunk stream 2, message stream 0. */
function control(type: number, payload: Buffer): Buffer {
  return encodeMessage({ type, chunkStreamId: CHUNK_STREAM.control, streamId: 0, timestampMs: 0, payload });
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

export function setChunkSize(bytes: number): Buffer {
  return control(MESSAGE.setChunkSize, u32(bytes));
}

/** `bytes`: all received so far, modulo 2^32 (RTMP 1.0, 5.4.3). */
export function acknowledgement(bytes: number): Buffer {
  return control(MESSAGE.acknowledgement, u32(bytes));
}

export function windowAckSize(bytes: number): Buffer {
  return control(MESSAGE.windowAckSize, u32(bytes));
}

/** Limit type 2 is dynamic (RTMP 1.0, 5.4.5). */
export function setPeerBandwidth(bytes: number): Buffer {
  return control(MESSAGE.setPeerBandwidth, Buffer.concat([u32(bytes), Buffer.of(2)]));
}

/** RTMP 1.0, 7.1.7. `value` is a message stream id or, for ping, a time. */
export function userControl(event: number, value: number): Buffer {
  const head = Buffer.allocUnsafe(2);
  head.writeUInt16BE(event);
  return control(MESSAGE.userControl, Buffer.concat([head, u32(value)]));
}

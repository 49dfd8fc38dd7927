import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';

const FIN_TEXT = 0x81;
/** Says that the frame's message is compressed (RFC 7692, section 7.2.1). */
const RSV1 = 0x40;
/** What a sync flush ends with and a compressed message leaves out (RFC 7692, section 7.2.1). */
const FLUSH_TAIL_BYTES = 4;

const deflate = promisify(deflateRaw);

/** One whole unmasked text frame (RFC 6455, section 5.2), so that many sockets are given the same bytes. */
export function textFrame(text: string): Buffer {
  const size = Buffer.byteLength(text);
  const head = frameHead(FIN_TEXT, size);
  const frame = Buffer.allocUnsafe(head.length + size);
  head.copy(frame);
  frame.write(text, head.length, 'utf8');
  return frame;
}

/**
 * The same, compressed by permessage-deflate without context takeover, so that it too fits every socket that
 * negotiated it (with a window of 15 bits).
 */
export async function deflatedFrame(text: string): Promise<Buffer> {
  const flushed = await deflate(text, { finishFlush: constants.Z_SYNC_FLUSH });
  const payload = flushed.subarray(0, flushed.length - FLUSH_TAIL_BYTES);
  return Buffer.concat([frameHead(FIN_TEXT | RSV1, payload.length), payload]);
}

function frameHead(first: number, size: number): Buffer {
  const head = Buffer.alloc(size < 126 ? 2 : size < 65_536 ? 4 : 10);
  head[0] = first;
  if (head.length === 2) head[1] = size;
  else if (head.length === 4) {
    head[1] = 126;
    head.writeUInt16BE(size, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return head;
}

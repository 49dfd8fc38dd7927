import { ByteReader, FormatError, type FlvTagType, type MediaPacket, packetFromTag } from '@kaibo/formats';
import { MESSAGE, RtmpError, type RtmpMessage } from './message.ts';

/** `@setDataFrame` as an AMF0 string: publishers put it before the metadata that viewers get (FMS documentation). */
const SET_DATA_FRAME = Buffer.from('\x02\x00\x0d@setDataFrame', 'latin1');
const CLEAR_DATA_FRAME = Buffer.from('\x02\x00\x0f@clearDataFrame', 'latin1');
const SAMPLE_ACCESS = Buffer.from('\x02\x00\x11|RtmpSampleAccess', 'latin1');
const SUB_MESSAGE_HEADER_BYTES = 11;

/** One publisher's message as packets, with the publisher's raw 32-bit time. Throws RtmpError. */
export function packetsFromMessage(message: RtmpMessage): MediaPacket[] {
  try {
    switch (message.type) {
      case MESSAGE.audio:
      case MESSAGE.video:
        return message.payload.length > 0 ? [toPacket(message.type, message.timestampMs, message.payload)] : [];
      case MESSAGE.dataAmf0:
        return fromData(message.payload, message.timestampMs);
      case MESSAGE.dataAmf3:
        return fromData(message.payload[0] === 0 ? message.payload.subarray(1) : message.payload, message.timestampMs);
      case MESSAGE.aggregate:
        return fromAggregate(message);
      default:
        return [];
    }
  } catch (error) {
    if (error instanceof FormatError) throw new RtmpError('malformed', `Media cannot be read: ${error.message}`);
    throw error;
  }
}

function toPacket(type: number, timestampMs: number, body: Uint8Array): MediaPacket {
  return packetFromTag({ type: type as FlvTagType, timestampMs, body });
}

function fromData(payload: Buffer, timestampMs: number): MediaPacket[] {
  if (startsWith(payload, CLEAR_DATA_FRAME) || startsWith(payload, SAMPLE_ACCESS)) return [];
  const body = startsWith(payload, SET_DATA_FRAME) ? payload.subarray(SET_DATA_FRAME.length) : payload;
  return body.length > 0 ? [toPacket(MESSAGE.dataAmf0, timestampMs, body)] : [];
}

/** RTMP 1.0, 7.1.6: FLV tags back to back; their times count from the first one's, which is the aggregate's. */
function fromAggregate({ payload, timestampMs }: RtmpMessage): MediaPacket[] {
  const reader = new ByteReader(payload);
  const packets: MediaPacket[] = [];
  let firstMs: number | undefined;
  while (reader.remaining >= SUB_MESSAGE_HEADER_BYTES) {
    const type = reader.u8();
    const bytes = reader.u24();
    const subMs = reader.u24() + reader.u8() * 0x1000000;
    reader.skip(3); // message stream id: the aggregate's own counts
    const body = reader.bytes(bytes);
    reader.skip(Math.min(4, reader.remaining)); // back pointer
    firstMs ??= subMs;
    const atMs = (timestampMs + subMs - firstMs) >>> 0;
    if (bytes === 0) continue;
    if (type === MESSAGE.audio || type === MESSAGE.video) packets.push(toPacket(type, atMs, body));
    else if (type === MESSAGE.dataAmf0) packets.push(...fromData(Buffer.from(body), atMs));
  }
  return packets;
}

function startsWith(payload: Buffer, prefix: Buffer): boolean {
  return payload.subarray(0, prefix.length).equals(prefix);
}

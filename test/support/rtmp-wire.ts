// RTMP's wire format as the tests and the bench speak it: written from the specification, without @kaibo/media or
// @kaibo/formats, so that a mistake there cannot hide behind the same mistake here.

export type AmfValue = null | undefined | number | string | boolean | AmfValue[] | { [key: string]: AmfValue };

export interface RtmpMessage {
  type: number;
  timestamp: number;
  streamId: number;
  chunkStreamId: number;
  payload: Buffer;
}

/** Message type ids, RTMP 1.0 section 5.4 and 7.1. */
export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
  aggregate: 22,
} as const;

const EXTENDED_TIMESTAMP = 0xffffff;

function amfKey(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function encodeAmf0Value(value: AmfValue): Buffer {
  if (value === null) return Buffer.from([5]);
  if (value === undefined) return Buffer.from([6]);
  if (typeof value === 'boolean') return Buffer.from([1, value ? 1 : 0]);
  if (typeof value === 'string') return Buffer.concat([Buffer.from([2]), amfKey(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (Array.isArray(value)) {
    const head = Buffer.from([10, 0, 0, 0, 0]);
    head.writeUInt32BE(value.length, 1);
    return Buffer.concat([head, ...value.map(encodeAmf0Value)]);
  }
  const members = Object.entries(value).flatMap(([key, member]) => [amfKey(key), encodeAmf0Value(member)]);
  return Buffer.concat([Buffer.from([3]), ...members, Buffer.from([0, 0, 9])]);
}

export function encodeAmf0(...values: AmfValue[]): Buffer {
  return Buffer.concat(values.map(encodeAmf0Value));
}

class AmfReader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  all(): AmfValue[] {
    const values: AmfValue[] = [];
    while (this.at < this.bytes.length) values.push(this.value());
    return values;
  }

  private key(): string {
    const length = this.bytes.readUInt16BE(this.at);
    this.at += 2 + length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  private members(): { [key: string]: AmfValue } {
    const result: { [key: string]: AmfValue } = {};
    for (;;) {
      const key = this.key();
      if (key === '' && this.bytes[this.at] === 9) {
        this.at += 1;
        return result;
      }
      result[key] = this.value();
    }
  }

  private value(): AmfValue {
    const marker = this.bytes.readUInt8(this.at);
    this.at += 1;
    switch (marker) {
      case 0:
        this.at += 8;
        return this.bytes.readDoubleBE(this.at - 8);
      case 1:
        this.at += 1;
        return this.bytes.readUInt8(this.at - 1) !== 0;
      case 2:
        return this.key();
      case 3:
        return this.members();
      case 5:
        return null;
      case 6:
        return undefined;
      case 8:
        this.at += 4;
        return this.members();
      case 10: {
        const length = this.bytes.readUInt32BE(this.at);
        this.at += 4;
        return Array.from({ length }, () => this.value());
      }
      default:
        throw new Error(`AMF0 marker ${marker} at ${this.at - 1} is not read by this test client`);
    }
  }
}

export function decodeAmf0(bytes: Buffer): AmfValue[] {
  return new AmfReader(bytes).all();
}

/** Basic header of a chunk, RTMP 1.0 section 5.3.1.1. */
export function basicHeader(format: number, chunkStreamId: number): Buffer {
  const top = format << 6;
  if (chunkStreamId < 64) return Buffer.from([top | chunkStreamId]);
  const rest = chunkStreamId - 64;
  if (rest < 256) return Buffer.from([top, rest]);
  return Buffer.from([top | 1, rest & 0xff, rest >> 8]);
}

/** One message in chunks: a type 0 header, then type 3, the extended timestamp repeated on each. */
export function encodeMessage(message: RtmpMessage, chunkSize: number): Buffer {
  const { payload, timestamp, type, streamId, chunkStreamId } = message;
  const isExtended = timestamp >= EXTENDED_TIMESTAMP;
  const header = Buffer.alloc(isExtended ? 15 : 11);
  header.writeUIntBE(isExtended ? EXTENDED_TIMESTAMP : timestamp, 0, 3);
  header.writeUIntBE(payload.length, 3, 3);
  header.writeUInt8(type, 6);
  header.writeUInt32LE(streamId, 7);
  if (isExtended) header.writeUInt32BE(timestamp >>> 0, 11);
  const parts = [basicHeader(0, chunkStreamId), header, payload.subarray(0, chunkSize)];
  const continuation = Buffer.concat([basicHeader(3, chunkStreamId), header.subarray(11)]);
  for (let at = chunkSize; at < payload.length; at += chunkSize) {
    parts.push(continuation, payload.subarray(at, at + chunkSize));
  }
  return Buffer.concat(parts);
}

interface ChunkStream {
  timestamp: number;
  delta: number;
  isExtended: boolean;
  length: number;
  type: number;
  streamId: number;
  parts: Buffer[];
  received: number;
}

/** Puts the peer's chunks together again. Feeds on bytes cut anywhere. */
export class ChunkReader {
  /** Changed by the peer's Set Chunk Size, which this reader applies itself. */
  chunkSize = 128;
  private pending: Buffer = Buffer.alloc(0);
  private readonly streams = new Map<number, ChunkStream>();

  push(bytes: Buffer): RtmpMessage[] {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    const messages: RtmpMessage[] = [];
    let at = 0;
    for (;;) {
      const chunk = this.chunk(at);
      if (!chunk) break;
      at = chunk.end;
      if (!chunk.message) continue;
      if (chunk.message.type === MessageType.setChunkSize) this.chunkSize = chunk.message.payload.readUInt32BE(0);
      messages.push(chunk.message);
    }
    this.pending = this.pending.subarray(at);
    return messages;
  }

  /** Undefined while the chunk at `at` is incomplete; nothing is changed then. */
  private chunk(at: number): { end: number; message?: RtmpMessage } | undefined {
    const bytes = this.pending;
    const first = bytes[at];
    if (first === undefined) return undefined;
    const short = first & 63;
    const basicLength = short === 0 ? 2 : short === 1 ? 3 : 1;
    if (bytes.length < at + basicLength) return undefined;
    const id = short === 0 ? 64 + bytes.readUInt8(at + 1) : short === 1 ? 64 + bytes.readUInt16LE(at + 1) : short;
    const format = first >> 6;
    const headerLength = [11, 7, 3, 0][format] ?? 0;
    const header = at + basicLength;
    if (bytes.length < header + headerLength) return undefined;
    const old = this.streams.get(id);
    if (!old && format !== 0) throw new Error(`chunk stream ${id} starts with header type ${format}`);
    const stream: ChunkStream = old ?? {
      timestamp: 0,
      delta: 0,
      isExtended: false,
      length: 0,
      type: 0,
      streamId: 0,
      parts: [],
      received: 0,
    };
    const field = headerLength >= 3 ? bytes.readUIntBE(header, 3) : 0;
    const isExtended = headerLength >= 3 ? field === EXTENDED_TIMESTAMP : stream.isExtended;
    const body = header + headerLength + (isExtended ? 4 : 0);
    if (bytes.length < body) return undefined;
    const length = headerLength >= 7 ? bytes.readUIntBE(header + 3, 3) : stream.length;
    const size = Math.min(this.chunkSize, length - (format === 3 ? stream.received : 0));
    if (bytes.length < body + size) return undefined;

    const time = isExtended ? bytes.readUInt32BE(header + headerLength) : field;
    const isNew = stream.received === 0;
    if (format === 0) {
      stream.timestamp = time;
      stream.delta = 0;
      stream.streamId = bytes.readUInt32LE(header + 7);
    } else if (format < 3) {
      stream.delta = time;
      stream.timestamp = (stream.timestamp + time) >>> 0;
    } else if (isNew) {
      stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
    }
    stream.isExtended = isExtended;
    stream.length = length;
    if (headerLength >= 7) stream.type = bytes.readUInt8(header + 6);
    stream.parts.push(Buffer.from(bytes.subarray(body, body + size)));
    stream.received += size;
    this.streams.set(id, stream);
    if (stream.received < stream.length) return { end: body + size };
    const payload = Buffer.concat(stream.parts);
    stream.parts = [];
    stream.received = 0;
    const { type, timestamp, streamId } = stream;
    return { end: body + size, message: { type, timestamp, streamId, chunkStreamId: id, payload } };
  }
}

import { MESSAGE, RtmpError, type RtmpMessage } from './message.ts';

export const DEFAULT_CHUNK_SIZE = 128;
/** No message is longer: its length has 24 bits (RTMP 1.0, 5.3.1.2). */
const MAX_CHUNK_SIZE = 16_777_215;
/** Encoders use fewer than ten; ids may be any up to 65599. */
export const MAX_CHUNK_STREAMS = 1024;
/** Over all unfinished messages of one connection. */
export const MAX_PARTIAL_BYTES = 24 * 1024 * 1024;
const EXTENDED_TIMESTAMP = 0xffffff;
/** A message's buffer starts no larger than this, however long it says it will be, and grows with what arrives. */
const FIRST_ALLOCATION_BYTES = 64 * 1024;
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
const FIRST_ID_TWO_BYTES = 64;

interface ChunkStream {
  type: number;
  length: number;
  streamId: number;
  timestampMs: number;
  /** The timestamp field of the last header: what a type 3 header repeats for a new message. */
  fieldMs: number;
  extended: boolean;
  payload: Buffer;
  received: number;
}

/**
 * RTMP chunk stream → messages (RTMP 1.0, 5.3): all four header types, ids to 65599, extended timestamps whether or not
 * type 3 chunks repeat them. Handles Set Chunk Size and Abort itself. Throws RtmpError.
 */
export class ChunkReader {
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #streams = new Map<number, ChunkStream>();
  #rest: Buffer = Buffer.alloc(0);
  #partialBytes = 0;
  #current: ChunkStream | undefined;
  #chunkLeft = 0;

  /** Takes bytes cut anywhere and calls `deliver` for every message that is complete. */
  push(bytes: Buffer, deliver: (message: RtmpMessage) => void): void {
    const input = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let offset = 0;
    for (;;) {
      if (this.#current) {
        offset = this.#readPayload(input, offset, this.#current, deliver);
        if (this.#current) break;
      } else {
        const next = this.#readHeader(input, offset);
        if (next === undefined) break;
        offset = next;
        if (this.#chunkLeft === 0) this.#complete(deliver);
      }
    }
    this.#rest = offset < input.length ? Buffer.from(input.subarray(offset)) : EMPTY;
  }

  /** The offset after the header, or undefined when it is not all there. Reads in the order of RTMP 1.0, 5.3.1. */
  #readHeader(input: Buffer, start: number): number | undefined {
    const available = input.length - start;
    if (available < 1) return undefined;
    const first = input.readUInt8(start);
    const format = (first >> 6) as 0 | 1 | 2 | 3;
    const idBytes = [2, 3][first & 0x3f] ?? 1;
    if (available < idBytes) return undefined;
    const id = readId(input, start, first & 0x3f);
    const known = this.#streams.get(id);
    const fields = start + idBytes;
    const fieldBytes = MESSAGE_HEADER_BYTES[format];
    if (available < idBytes + fieldBytes) return undefined;
    if (!known && format !== 0 && format !== 1)
      throw new RtmpError('malformed', `Chunk stream ${id} begins without a message header.`);

    const shortMs = format === 3 ? 0 : input.readUIntBE(fields, 3);
    const extended = format === 3 ? (known?.extended ?? false) : shortMs === EXTENDED_TIMESTAMP;
    let end = fields + fieldBytes;
    let fieldMs = format === 3 ? (known?.fieldMs ?? 0) : shortMs;
    if (extended && format === 3) {
      const repeated = repeatsField(input, end, fieldMs);
      if (repeated === undefined) return undefined;
      if (repeated) end += 4;
    } else if (extended) {
      if (input.length < end + 4) return undefined;
      fieldMs = input.readUInt32BE(end);
      end += 4;
    }
    this.#begin(input, { id, known, format, fields, fieldMs, extended });
    return end;
  }

  #begin(
    input: Buffer,
    header: {
      id: number;
      known: ChunkStream | undefined;
      format: 0 | 1 | 2 | 3;
      fields: number;
      fieldMs: number;
      extended: boolean;
    },
  ): void {
    const { id, format, fields, fieldMs, extended } = header;
    const stream = header.known ?? this.#open(id);
    const continues = stream.received > 0;
    if (continues && format !== 3)
      throw new RtmpError('malformed', `Chunk stream ${id} starts a message inside another.`);
    if (format <= 1) {
      stream.length = input.readUIntBE(fields + 3, 3);
      stream.type = input.readUInt8(fields + 6);
    }
    if (format === 0) stream.streamId = input.readUInt32LE(fields + 7);
    stream.extended = extended;
    stream.fieldMs = fieldMs;
    if (!continues) {
      stream.timestampMs = format === 0 ? fieldMs : (stream.timestampMs + fieldMs) >>> 0;
      stream.payload = EMPTY;
    }
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.length - stream.received);
  }

  #open(id: number): ChunkStream {
    if (this.#streams.size >= MAX_CHUNK_STREAMS)
      throw new RtmpError('too_many', `More than ${MAX_CHUNK_STREAMS} chunk streams.`);
    const stream = {
      type: 0,
      length: 0,
      streamId: 0,
      timestampMs: 0,
      fieldMs: 0,
      extended: false,
      payload: EMPTY,
      received: 0,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #readPayload(input: Buffer, offset: number, stream: ChunkStream, deliver: (message: RtmpMessage) => void): number {
    const take = Math.min(this.#chunkLeft, input.length - offset);
    if (take > 0) {
      this.#reserve(stream, take);
      input.copy(stream.payload, stream.received, offset, offset + take);
      stream.received += take;
      this.#chunkLeft -= take;
    }
    if (this.#chunkLeft === 0) this.#complete(deliver);
    return offset + take;
  }

  #reserve(stream: ChunkStream, bytes: number): void {
    const needed = stream.received + bytes;
    if (needed <= stream.payload.length) return;
    const size = Math.min(stream.length, Math.max(needed, stream.payload.length * 2, FIRST_ALLOCATION_BYTES));
    this.#partialBytes += size - stream.payload.length;
    if (this.#partialBytes > MAX_PARTIAL_BYTES) throw new RtmpError('too_large', 'Too many unfinished messages.');
    const grown = Buffer.allocUnsafe(size);
    stream.payload.copy(grown, 0, 0, stream.received);
    stream.payload = grown;
  }

  /** The current chunk is over, and maybe its message. */
  #complete(deliver: (message: RtmpMessage) => void): void {
    const stream = this.#current;
    this.#current = undefined;
    if (!stream || stream.received < stream.length) return;
    const { type, timestampMs, streamId, payload } = stream;
    this.#partialBytes -= payload.length;
    stream.payload = EMPTY;
    stream.received = 0;
    const message = { type, timestampMs, streamId, payload };
    if (type === MESSAGE.setChunkSize) this.#setChunkSize(payload);
    else if (type === MESSAGE.abort) this.#abort(payload);
    else deliver(message);
  }

  /** RTMP 1.0, 5.4.1: the top bit must be zero. */
  #setChunkSize(payload: Buffer): void {
    const size = payload.length >= 4 ? payload.readUInt32BE(0) : 0;
    if (size < 1 || size > 0x7fffffff) throw new RtmpError('malformed', 'The chunk size must be 1 to 2147483647.');
    this.#chunkSize = Math.min(size, MAX_CHUNK_SIZE);
  }

  /** RTMP 1.0, 5.4.2: drops the unfinished message of one chunk stream. */
  #abort(payload: Buffer): void {
    const stream = payload.length >= 4 ? this.#streams.get(payload.readUInt32BE(0)) : undefined;
    if (!stream) return;
    this.#partialBytes -= stream.payload.length;
    stream.payload = EMPTY;
    stream.received = 0;
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Some senders do not repeat the extended timestamp on type 3 chunks: the bytes are payload then, of which there may be
 * fewer than four. Undefined while it cannot be told.
 */
function repeatsField(input: Buffer, start: number, fieldMs: number): boolean | undefined {
  for (let index = 0; index < 4; index++) {
    const byte = input[start + index];
    if (byte === undefined) return undefined;
    if (byte !== ((fieldMs >>> (24 - 8 * index)) & 0xff)) return false;
  }
  return true;
}

function readId(input: Buffer, start: number, short: number): number {
  if (short === 0) return FIRST_ID_TWO_BYTES + input.readUInt8(start + 1);
  if (short === 1) return FIRST_ID_TWO_BYTES + input.readUInt16LE(start + 1);
  return short;
}

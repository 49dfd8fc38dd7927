import { encodeAmf0, encodeMessage, decodeAmf0, MessageType } from '../test/support/rtmp-wire.ts';
import { type Scanner, ViewerError } from './scanners.ts';
import { BODY_HEAD_BYTES, type ViewerStats } from './viewer-stats.ts';

const HANDSHAKE_SIZE = 1536;
const MAX_MESSAGE = 8 * 1024 * 1024;
const COMMAND_BYTES = 2048;
const MAX_HEADER = 3 + 11 + 4;

class ChunkStream {
  timestamp = 0;
  delta = 0;
  isExtended = false;
  length = 0;
  type = 0;
  received = 0;
  headLength = 0;
  /** The message's first bytes: enough of a frame to judge it, all of a command. */
  head = Buffer.alloc(BODY_HEAD_BYTES);
}

/** Plays one stream over RTMP: handshake, connect, createStream, play, then chunk headers only. */
export class RtmpScanner implements Scanner {
  private readonly stats: ViewerStats;
  private readonly reply: (bytes: Buffer) => void;
  private readonly target: { app: string; stream: string; tcUrl: string };
  private readonly chunkStreams = new Map<number, ChunkStream>();
  private state: 'handshake' | 'header' | 'body' = 'handshake';
  private handshakeLeft = 1 + 2 * HANDSHAKE_SIZE;
  private readonly header = Buffer.alloc(MAX_HEADER);
  private headerLength = 0;
  private chunkSize = 128;
  private current = new ChunkStream();
  private bodyLeft = 0;
  private received = 0;
  private acknowledged = 0;
  private ackWindow = 0;

  constructor(
    stats: ViewerStats,
    target: { app: string; stream: string; tcUrl: string },
    reply: (bytes: Buffer) => void,
  ) {
    this.stats = stats;
    this.target = target;
    this.reply = reply;
  }

  /** C0 and C1. */
  static hello(): Buffer {
    const bytes = Buffer.alloc(1 + HANDSHAKE_SIZE, 7);
    bytes[0] = 3;
    bytes.fill(0, 1, 9);
    return bytes;
  }

  feed(bytes: Buffer, from: number, to: number, nowMs: number): void {
    this.received += to - from;
    if (this.ackWindow > 0 && this.received - this.acknowledged > this.ackWindow) {
      this.acknowledged = this.received;
      this.control(MessageType.acknowledgement, this.received);
    }
    let at = from;
    while (at < to) {
      if (this.state === 'body') at = this.body(bytes, at, to, nowMs);
      else if (this.state === 'header') at = this.chunkHeader(bytes, at);
      else {
        const step = Math.min(this.handshakeLeft, to - at);
        this.handshakeLeft -= step;
        at += step;
        if (this.handshakeLeft === 0) this.connect();
      }
    }
  }

  private connect(): void {
    this.state = 'header';
    const { app, tcUrl } = this.target;
    this.reply(Buffer.alloc(HANDSHAKE_SIZE));
    this.command('connect', 1, [
      {
        app,
        flashVer: 'LNX 9,0,124,2',
        tcUrl,
        fpad: false,
        capabilities: 15,
        audioCodecs: 4071,
        videoCodecs: 252,
        videoFunction: 1,
      },
    ]);
  }

  /** One byte of a chunk header; switches to the body when it is whole. */
  private chunkHeader(bytes: Buffer, at: number): number {
    this.header[this.headerLength++] = bytes[at] ?? 0;
    const first = this.header[0] ?? 0;
    const short = first & 63;
    const basic = short === 0 ? 2 : short === 1 ? 3 : 1;
    const format = first >> 6;
    const fields = format === 0 ? 11 : format === 1 ? 7 : format === 2 ? 3 : 0;
    if (this.headerLength < basic + fields) return at + 1;
    const id = short === 0 ? 64 + (this.header[1] ?? 0) : short === 1 ? 64 + this.header.readUInt16LE(1) : short;
    let stream = this.chunkStreams.get(id);
    if (!stream) this.chunkStreams.set(id, (stream = new ChunkStream()));
    const field = fields > 0 ? this.header.readUIntBE(basic, 3) : 0;
    const isExtended = fields > 0 ? field === 0xffffff : stream.isExtended;
    if (isExtended && this.headerLength < basic + fields + 4) return at + 1;
    const time = isExtended ? this.header.readUInt32BE(basic + fields) : field;
    if (format === 0) {
      stream.timestamp = time;
      stream.delta = 0;
    } else if (format < 3) {
      stream.delta = time;
      stream.timestamp += time;
    } else if (stream.received === 0) stream.timestamp += stream.delta;
    stream.isExtended = isExtended;
    if (fields >= 7) {
      stream.length = this.header.readUIntBE(basic + 3, 3);
      stream.type = this.header[basic + 6] ?? 0;
      if (stream.length > MAX_MESSAGE) throw new ViewerError(`RTMP message of ${stream.length} bytes`);
    }
    this.headerLength = 0;
    this.current = stream;
    this.bodyLeft = Math.min(this.chunkSize, stream.length - stream.received);
    if (this.bodyLeft > 0) this.state = 'body';
    return at + 1;
  }

  private body(bytes: Buffer, at: number, to: number, nowMs: number): number {
    const stream = this.current;
    const step = Math.min(this.bodyLeft, to - at);
    const wanted = Math.min(this.headBytes(stream), stream.length);
    if (stream.headLength < wanted) {
      const copied = Math.min(wanted - stream.headLength, step);
      if (stream.head.length < wanted) stream.head = Buffer.concat([stream.head], COMMAND_BYTES);
      bytes.copy(stream.head, stream.headLength, at, at + copied);
      stream.headLength += copied;
    }
    stream.received += step;
    this.bodyLeft -= step;
    if (this.bodyLeft > 0) return at + step;
    this.state = 'header';
    if (stream.received >= stream.length) this.message(stream, nowMs);
    return at + step;
  }

  private headBytes(stream: ChunkStream): number {
    return stream.type === MessageType.commandAmf0 ? COMMAND_BYTES : BODY_HEAD_BYTES;
  }

  private message(stream: ChunkStream, nowMs: number): void {
    const { type, head, length, headLength } = stream;
    stream.received = 0;
    stream.headLength = 0;
    if (type === MessageType.audio || type === MessageType.video)
      this.stats.tag(type, stream.timestamp, head, 0, length, nowMs);
    else if (type === MessageType.setChunkSize) this.chunkSize = head.readUInt32BE(0);
    else if (type === MessageType.windowAckSize) this.ackWindow = head.readUInt32BE(0);
    else if (type === MessageType.commandAmf0) this.answer(head.subarray(0, headLength));
    else if (type === MessageType.userControl && head.readUInt16BE(0) === 6) {
      this.send(type, Buffer.concat([Buffer.from([0, 7]), head.subarray(2, 6)]), 0);
    }
  }

  private answer(payload: Buffer): void {
    const [name, transactionId, , result] = decodeAmf0(payload);
    if (name === '_error') throw new ViewerError('RTMP _error');
    if (name !== '_result') return;
    if (transactionId === 1) {
      this.control(MessageType.windowAckSize, 5_000_000);
      this.command('createStream', 2, [null]);
    } else if (transactionId === 2) {
      const streamId = Number(result);
      this.command('play', 3, [null, this.target.stream, -2000], streamId);
      const bufferLength = Buffer.from([0, 3, 0, 0, 0, streamId, 0, 0, 0x0b, 0xb8]);
      this.send(MessageType.userControl, bufferLength, 0);
    }
  }

  private command(name: string, transactionId: number, args: Parameters<typeof encodeAmf0>, streamId = 0): void {
    this.send(MessageType.commandAmf0, encodeAmf0(name, transactionId, ...args), streamId);
  }

  private control(type: number, value: number): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(value % 2 ** 32);
    this.send(type, payload, 0);
  }

  private send(type: number, payload: Buffer, streamId: number): void {
    const chunkStreamId = type === MessageType.commandAmf0 ? (streamId > 0 ? 8 : 3) : 2;
    this.reply(encodeMessage({ type, payload, streamId, chunkStreamId, timestamp: 0 }, 128));
  }
}

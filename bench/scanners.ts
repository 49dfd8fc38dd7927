// The cheapest readers that can still judge every frame: they look at tag, chunk and frame headers and step over the
// rest. One load generator has to take in 150 MB/s on one core.
import { BODY_HEAD_BYTES, type ViewerStats } from './viewer-stats.ts';

export class ViewerError extends Error {}

export interface Scanner {
  /** Takes `bytes[from, to)`, which arrived at `nowMs`. Throws ViewerError on anything that is not media. */
  feed(bytes: Buffer, from: number, to: number, nowMs: number): void;
}

const TAG_HEADER = 11;
const FLV_HEADER = 13;
const TAG_HEAD = TAG_HEADER + BODY_HEAD_BYTES;

export class FlvScanner implements Scanner {
  private readonly stats: ViewerStats;
  private readonly head = Buffer.alloc(TAG_HEAD);
  private headLength = 0;
  /** Bytes of the current tag still to come after its head, PreviousTagSize included. */
  private skip = 0;
  private isStarted = false;

  constructor(stats: ViewerStats) {
    this.stats = stats;
  }

  feed(bytes: Buffer, from: number, to: number, nowMs: number): void {
    let at = from;
    while (at < to) {
      if (this.skip > 0) {
        const step = Math.min(this.skip, to - at);
        this.skip -= step;
        at += step;
        if (this.skip === 0) this.complete(nowMs);
      } else if (this.isStarted && this.headLength === 0 && to - at >= TAG_HEAD) {
        at = this.whole(bytes, at, to, nowMs);
      } else {
        at = this.gather(bytes, at, to, nowMs);
      }
    }
  }

  /** The head lies in `bytes`: no copy when the whole tag does. */
  private whole(bytes: Buffer, at: number, to: number, nowMs: number): number {
    const size = bytes.readUIntBE(at + 1, 3);
    const end = at + TAG_HEADER + size + 4;
    if (end > to) return this.gather(bytes, at, to, nowMs);
    this.judge(bytes, at, size, nowMs);
    return end;
  }

  private gather(bytes: Buffer, at: number, to: number, nowMs: number): number {
    const wanted = this.headWanted();
    const step = Math.min(wanted - this.headLength, to - at);
    bytes.copy(this.head, this.headLength, at, at + step);
    this.headLength += step;
    if (this.headLength < this.headWanted()) return at + step;
    if (!this.isStarted) {
      if (this.head.toString('latin1', 0, 3) !== 'FLV') throw new ViewerError('not FLV');
      this.isStarted = true;
      this.headLength = 0;
      return at + step;
    }
    this.skip = TAG_HEADER + this.head.readUIntBE(1, 3) + 4 - this.headLength;
    if (this.skip === 0) this.complete(nowMs);
    return at + step;
  }

  private headWanted(): number {
    if (!this.isStarted) return FLV_HEADER;
    if (this.headLength < TAG_HEADER) return TAG_HEADER;
    return Math.min(TAG_HEAD, TAG_HEADER + this.head.readUIntBE(1, 3) + 4);
  }

  private complete(nowMs: number): void {
    this.headLength = 0;
    this.judge(this.head, 0, this.head.readUIntBE(1, 3), nowMs);
  }

  private judge(bytes: Buffer, at: number, size: number, nowMs: number): void {
    const type = (bytes[at] ?? 0) & 31;
    if (type !== 8 && type !== 9 && type !== 18) throw new ViewerError(`FLV tag type ${type}`);
    const timestampMs = bytes.readUIntBE(at + 4, 3) + (bytes[at + 7] ?? 0) * 2 ** 24;
    this.stats.tag(type, timestampMs, bytes, at + TAG_HEADER, size, nowMs);
  }
}

const MAX_RESPONSE_HEAD = 8192;

/** HTTP response head, then FLV as it is or in chunks; or, after a 101, in WebSocket frames. */
export class HttpScanner implements Scanner {
  private readonly flv: FlvScanner;
  private text = '';
  private state: 'head' | 'plain' | 'chunk-size' | 'chunk-end' | 'frame-head' | 'data' = 'head';
  private rest = 0;
  private afterData: 'chunk-end' | 'frame-head' = 'chunk-end';
  private isMedia = true;
  private readonly frameHead = Buffer.alloc(10);
  private frameHeadLength = 0;

  constructor(stats: ViewerStats) {
    this.flv = new FlvScanner(stats);
  }

  feed(bytes: Buffer, from: number, to: number, nowMs: number): void {
    let at = from;
    while (at < to) {
      if (this.state === 'plain') return this.flv.feed(bytes, at, to, nowMs);
      if (this.state === 'data') {
        const step = Math.min(this.rest, to - at);
        if (this.isMedia) this.flv.feed(bytes, at, at + step, nowMs);
        this.rest -= step;
        at += step;
        if (this.rest === 0) this.state = this.afterData;
      } else {
        this.control(bytes[at] ?? 0);
        at += 1;
      }
    }
  }

  private control(byte: number): void {
    if (this.state === 'frame-head') return this.frame(byte);
    this.text += String.fromCharCode(byte);
    if (this.state === 'head') {
      if (this.text.length > MAX_RESPONSE_HEAD) throw new ViewerError('endless response head');
      if (byte === 10 && this.text.endsWith('\r\n\r\n')) this.head();
    } else if (byte === 10) {
      if (this.state === 'chunk-size') {
        this.rest = Number.parseInt(this.text, 16);
        if (!(this.rest > 0)) throw new ViewerError('the response ended');
        this.state = 'data';
      } else {
        this.state = 'chunk-size';
      }
      this.text = '';
    }
  }

  private head(): void {
    const status = this.text.slice(9, 12);
    if (status !== '200' && status !== '101') throw new ViewerError(`HTTP ${status}`);
    if (status === '101') this.state = this.afterData = 'frame-head';
    else this.state = /transfer-encoding:\s*chunked/i.test(this.text) ? 'chunk-size' : 'plain';
    this.text = '';
  }

  /** RFC 6455 section 5.2, unmasked as a server's frames are. */
  private frame(byte: number): void {
    this.frameHead[this.frameHeadLength++] = byte;
    if (this.frameHeadLength < 2) return;
    const short = (this.frameHead[1] ?? 0) & 127;
    const wanted = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (this.frameHeadLength < wanted) return;
    this.frameHeadLength = 0;
    const opcode = (this.frameHead[0] ?? 0) & 15;
    if (opcode === 8) throw new ViewerError('WebSocket close');
    this.isMedia = opcode <= 2;
    this.rest =
      short === 126 ? this.frameHead.readUInt16BE(2) : short === 127 ? this.frameHead.readUIntBE(4, 6) : short;
    this.state = this.rest > 0 ? 'data' : 'frame-head';
  }
}

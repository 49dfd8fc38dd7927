import { basicHeader, type RtmpMessage } from './rtmp-wire.ts';

const EXTENDED = 0xffffff;

export interface ChunkStyle {
  chunkSize: number;
  /** Whether type 3 chunks carry the extended timestamp again: librtmp and OBS do, some hardware encoders do not. */
  repeatsExtended: boolean;
  /** librtmp's thrift: type 1, 2 and 3 headers with deltas wherever the last header allows it. */
  compresses: boolean;
}

interface Last {
  timestamp: number;
  field: number;
  length: number;
  type: number;
  streamId: number;
}

/** Messages to chunks in the ways encoders do it, remembering each chunk stream's last header. */
export class ChunkEncoder {
  readonly style: ChunkStyle;
  private readonly last = new Map<number, Last>();

  constructor(style: Partial<ChunkStyle> = {}) {
    this.style = { chunkSize: 128, repeatsExtended: true, compresses: false, ...style };
  }

  /** The chunks of one message, apart, so that a test can put others between them. */
  chunks(message: RtmpMessage): Buffer[] {
    const { payload, type, streamId, chunkStreamId: id } = message;
    const timestamp = message.timestamp >>> 0;
    const format = this.format(message);
    const last = this.last.get(id);
    const field = format === 0 || !last ? timestamp : (timestamp - last.timestamp) >>> 0;
    this.last.set(id, { timestamp, field, length: payload.length, type, streamId });
    const isExtended = field >= EXTENDED;
    const header = Buffer.alloc([11, 7, 3, 0][format] ?? 0);
    if (format < 3) header.writeUIntBE(isExtended ? EXTENDED : field, 0, 3);
    if (format < 2) {
      header.writeUIntBE(payload.length, 3, 3);
      header.writeUInt8(type, 6);
    }
    if (format === 0) header.writeUInt32LE(streamId, 7);
    const extension = Buffer.alloc(isExtended ? 4 : 0);
    if (isExtended) extension.writeUInt32BE(field);
    const first = format === 3 && !this.style.repeatsExtended ? Buffer.alloc(0) : extension;
    const next = this.style.repeatsExtended ? extension : Buffer.alloc(0);
    const { chunkSize } = this.style;
    const chunks = [Buffer.concat([basicHeader(format, id), header, first, payload.subarray(0, chunkSize)])];
    for (let at = chunkSize; at < payload.length; at += chunkSize)
      chunks.push(Buffer.concat([basicHeader(3, id), next, payload.subarray(at, at + chunkSize)]));
    return chunks;
  }

  encode(message: RtmpMessage): Buffer {
    return Buffer.concat(this.chunks(message));
  }

  private format({ chunkStreamId, streamId, payload, type, timestamp }: RtmpMessage): 0 | 1 | 2 | 3 {
    const last = this.last.get(chunkStreamId);
    if (!this.style.compresses || !last || last.streamId !== streamId || timestamp >>> 0 < last.timestamp) return 0;
    if (last.length !== payload.length || last.type !== type) return 1;
    return (timestamp >>> 0) - last.timestamp === last.field ? 3 : 2;
  }
}

// FLV as the tests speak it (Adobe FLV 10.1 annex E, Enhanced RTMP v2), written without @kaibo/formats on purpose.

export interface WireTag {
  type: 'audio' | 'video' | 'script';
  timestamp: number;
  body: Buffer;
}

const TYPE_ID = { audio: 8, video: 9, script: 18 } as const;
const FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;

export function flvHeader({ audio = true, video = true } = {}): Buffer {
  return Buffer.from([0x46, 0x4c, 0x56, 1, (audio ? 4 : 0) | (video ? 1 : 0), 0, 0, 0, 9, 0, 0, 0, 0]);
}

export function flvTag({ type, timestamp, body }: WireTag): Buffer {
  const bytes = Buffer.alloc(TAG_HEADER_BYTES + body.length + 4);
  bytes.writeUInt8(TYPE_ID[type], 0);
  bytes.writeUIntBE(body.length, 1, 3);
  bytes.writeUIntBE(timestamp & 0xffffff, 4, 3);
  bytes.writeUInt8(timestamp >>> 24, 7);
  body.copy(bytes, TAG_HEADER_BYTES);
  bytes.writeUInt32BE(TAG_HEADER_BYTES + body.length, TAG_HEADER_BYTES + body.length);
  return bytes;
}

/** Takes FLV bytes cut anywhere and checks every length as it goes. */
export class FlvWireReader {
  header: Buffer | undefined;
  readonly tags: WireTag[] = [];
  private pending: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    if (!this.header) {
      if (this.pending.length < FILE_HEADER_BYTES) return;
      this.header = this.pending.subarray(0, FILE_HEADER_BYTES);
      if (this.header.toString('latin1', 0, 3) !== 'FLV') throw new Error(`not FLV: ${this.header.toString('hex')}`);
      this.pending = this.pending.subarray(FILE_HEADER_BYTES);
    }
    for (;;) {
      if (this.pending.length < TAG_HEADER_BYTES) return;
      const size = TAG_HEADER_BYTES + this.pending.readUIntBE(1, 3);
      if (this.pending.length < size + 4) return;
      if (this.pending.readUInt32BE(size) !== size)
        throw new Error(`PreviousTagSize ${this.pending.readUInt32BE(size)}, tag has ${size}`);
      const id = this.pending.readUInt8(0);
      const type = id === 8 ? 'audio' : id === 9 ? 'video' : id === 18 ? 'script' : undefined;
      if (!type) throw new Error(`tag type ${id}`);
      const timestamp = this.pending.readUIntBE(4, 3) + this.pending.readUInt8(7) * 2 ** 24;
      this.tags.push({ type, timestamp, body: Buffer.from(this.pending.subarray(TAG_HEADER_BYTES, size)) });
      this.pending = this.pending.subarray(size + 4);
    }
  }
}

export type FourCc = 'avc1' | 'hvc1' | 'av01' | 'vp09';

/** Enhanced RTMP v2: the codecs whose CodedFrames carry a composition time. */
export const hasComposition = (fourCc: FourCc): boolean => fourCc === 'avc1' || fourCc === 'hvc1';

/** Enhanced RTMP v2 section "Enhanced Video": packet types. */
const PACKET = { sequenceStart: 0, codedFrames: 1, codedFramesX: 3 } as const;

/** An Enhanced RTMP video tag body. `compositionMs` is on the wire for hvc1's CodedFrames only. */
export function enhancedVideoBody(video: {
  packet: keyof typeof PACKET;
  fourCc: FourCc;
  isKey: boolean;
  payload: Buffer;
  compositionMs?: number;
}): Buffer {
  const head = Buffer.from([0x80 | ((video.isKey ? 1 : 2) << 4) | PACKET[video.packet]]);
  const parts = [head, Buffer.from(video.fourCc, 'latin1')];
  if (video.packet === 'codedFrames' && hasComposition(video.fourCc)) {
    const composition = Buffer.alloc(3);
    composition.writeIntBE(video.compositionMs ?? 0, 0, 3);
    parts.push(composition);
  }
  return Buffer.concat([...parts, video.payload]);
}

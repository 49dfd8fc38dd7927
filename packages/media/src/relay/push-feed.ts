import type { MediaPacket } from '@kaibo/formats';
import type { Framing } from '../hub/framing.ts';
import { StreamHeaders } from '../hub/stream-headers.ts';
import { rtmpFraming } from '../rtmp/framing.ts';

/** `@setDataFrame` as an AMF0 string: without it servers pass metadata on but do not keep it for viewers who come later. */
const SET_DATA_FRAME = Buffer.from('\x02\x00\x0d@setDataFrame', 'latin1');

export interface PushFeedOptions {
  /** The message stream that was given to us for publishing. */
  streamId: number;
  write(bytes: Buffer): void;
  /** Bytes that the target has not taken yet. */
  queuedBytes(): number;
  /** Over this many of them packets are dropped up to a key frame; going on needs half of it. */
  maxQueuedBytes: number;
  /** The beginning was let pass and is wanted now: headers, and the pictures since the last key frame. Not called at once. */
  restart(): void;
}

/**
 * What one connection to a target is sent of a stream: from a key frame on, in time that begins at 0 with it, headers
 * before the first frame that needs them. A target that is too slow misses whole groups of pictures, and memory does not grow.
 */
export class PushFeed {
  readonly #options: PushFeedOptions;
  readonly #framing: Framing;
  readonly #headers = new StreamHeaders();
  #sentVersion = 0;
  #startMs: number | undefined;
  #lastMs = 0;
  #flows = false;
  #hasPicture = false;
  #awaitsAudio = false;
  #hasAwaitedAudio = false;
  #skips = 0;

  constructor(options: PushFeedOptions) {
    this.#options = options;
    this.#framing = rtmpFraming({ streamId: options.streamId, audio: true, video: true });
  }

  /** How often packets were dropped up to the next key frame. */
  get skips(): number {
    return this.#skips;
  }

  /** Whether anything is known of the stream. */
  get hasHeaders(): boolean {
    return this.#headers.packets.length > 0;
  }

  /** Whether the target has more unread than it may. */
  get isCongested(): boolean {
    return this.#options.queuedBytes() > this.#options.maxQueuedBytes;
  }

  /**
   * The next publisher's pictures do not build on the last one's. Of a browser the AAC is being made: servers that are
   * sent no audio header at the beginning often take the stream for one without sound, so it is waited for.
   */
  published({ bridged }: { bridged: boolean }): void {
    this.#pause();
    this.#awaitsAudio = bridged && this.#headers.audio === undefined && !this.#hasAwaitedAudio;
  }

  /** Begins now: the audio is there, or there is none, or it takes too long. */
  stopAwaitingAudio(): void {
    if (!this.#awaitsAudio) return;
    this.#awaitsAudio = false;
    this.#hasAwaitedAudio = true;
    queueMicrotask(() => this.#options.restart());
  }

  packet(packet: MediaPacket): void {
    if (packet.config || packet.metadata) {
      if (this.#headers.update(packet) !== 'same' && this.#flows) this.#sendHeaders();
      if (packet.kind === 'audio') this.stopAwaitingAudio();
      return;
    }
    if (this.#awaitsAudio) return;
    if (this.#flows && this.isCongested) {
      this.#skips++;
      this.#pause();
    }
    if (!this.#flows && !this.#enters(packet)) return;
    if (packet.kind === 'video') {
      if (!this.#hasPicture && !packet.keyframe) return;
      this.#hasPicture = true;
    }
    const ms = packet.dtsMs - (this.#startMs ?? packet.dtsMs);
    if (ms >= 0) this.#send([{ ...packet, dtsMs: ms }]);
  }

  #pause(): void {
    this.#flows = false;
    this.#hasPicture = false;
  }

  /** At a key frame; where there are no pictures, at any frame. */
  #enters(packet: MediaPacket): boolean {
    const isEntry = packet.keyframe || (packet.kind === 'audio' && this.#headers.video === undefined);
    if (!isEntry || this.#options.queuedBytes() > this.#options.maxQueuedBytes / 2) return false;
    this.#flows = true;
    this.#startMs ??= packet.dtsMs;
    this.#lastMs = Math.max(this.#lastMs, packet.dtsMs - this.#startMs);
    this.#sendHeaders();
    return true;
  }

  #sendHeaders(): void {
    if (this.#sentVersion === this.#headers.version) return;
    this.#sentVersion = this.#headers.version;
    this.#send(
      this.#headers.packets.map((packet) =>
        packet.kind === 'data'
          ? { ...packet, dtsMs: this.#lastMs, payload: asDataFrame(packet.payload) }
          : { ...packet, dtsMs: this.#lastMs },
      ),
    );
  }

  #send(packets: readonly MediaPacket[]): void {
    for (const { dtsMs } of packets) this.#lastMs = Math.max(this.#lastMs, dtsMs);
    this.#options.write(this.#framing.frame(packets));
  }
}

function asDataFrame(payload: Uint8Array): Uint8Array {
  const has = Buffer.compare(payload.subarray(0, SET_DATA_FRAME.length), SET_DATA_FRAME) === 0;
  return has ? payload : Buffer.concat([SET_DATA_FRAME, payload]);
}

import type { MediaPacket } from '@kaibo/formats';
import type { StreamCompanion } from '../hub/companion.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import type { PacketTap } from '../hub/subscriber.ts';
import type { SnapshotOptions } from '../options.ts';
import { type Poster, PosterQueue } from './poster-queue.ts';
import { MAX_KEY_BYTES } from './render-poster.ts';

/** A stream whose pictures cannot be made is tried again ever more rarely, at last this many times rarer. */
const MAX_BACKOFF = 64;

export interface PostersDeps {
  options: SnapshotOptions;
  findFfmpeg: () => string | undefined;
  log: MediaLog;
  post(poster: Poster): void;
}

/**
 * A picture of each stream that this worker owns, for lists and for pages before they play: the first as soon as there is
 * a key frame, then one every `everyMs` or when its turn comes. Without ffmpeg there are none.
 */
export class Posters implements StreamCompanion {
  #options: SnapshotOptions;
  #queue: PosterQueue | undefined;
  #untaps = new Map<StreamKey, () => void>();

  constructor({ options, findFfmpeg, ...deps }: PostersDeps) {
    this.#options = options;
    const ffmpeg = options.enabled ? findFfmpeg() : undefined;
    if (ffmpeg !== undefined) this.#queue = new PosterQueue({ ffmpeg, ...deps });
  }

  own(stream: Stream): void {
    if (!this.#queue) return;
    const tap = new PosterTap({ stream: stream.key, queue: this.#queue, everyMs: this.#options.everyMs });
    this.#untaps.set(stream.key, stream.tap(tap));
  }

  ended(key: StreamKey): void {
    this.#untaps.get(key)?.();
    this.#untaps.delete(key);
    this.#queue?.drop(key);
  }

  close(): Promise<void> {
    for (const key of [...this.#untaps.keys()]) this.ended(key);
    this.#queue?.close();
    return Promise.resolve();
  }
}

/** Takes a key frame of its stream whenever a picture is due. */
class PosterTap implements PacketTap {
  #stream: StreamKey;
  #queue: PosterQueue;
  #everyMs: number;
  #config: MediaPacket | undefined;
  /** By the monotonic clock. */
  #dueMs = 0;
  #backoff = 1;

  constructor({ stream, queue, everyMs }: { stream: StreamKey; queue: PosterQueue; everyMs: number }) {
    this.#stream = stream;
    this.#queue = queue;
    this.#everyMs = everyMs;
  }

  /** Another publisher shows something else; its configuration may be the one before, which is not repeated then. */
  published(): void {
    this.#dueMs = 0;
    this.#backoff = 1;
  }

  packet(packet: MediaPacket): void {
    if (packet.kind !== 'video') return;
    if (packet.config) this.#config = packet;
    else if (packet.keyframe && performance.now() >= this.#dueMs) this.#offer(packet);
  }

  interrupted(): void {}

  ended(): void {}

  #offer(key: MediaPacket): void {
    if (key.payload.length > MAX_KEY_BYTES) return;
    const done = (ok: boolean): void => {
      this.#backoff = ok ? 1 : Math.min(this.#backoff * 2, MAX_BACKOFF);
      if (!ok) this.#dueMs = performance.now() + this.#everyMs * this.#backoff;
    };
    const isTaken = this.#queue.offer({ stream: this.#stream, config: this.#config, key, atMs: Date.now(), done });
    if (isTaken) this.#dueMs = performance.now() + this.#everyMs;
  }
}

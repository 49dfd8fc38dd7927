import type { MediaPacket } from '@kaibo/formats';
import type { GopCacheOptions } from '../options.ts';

/**
 * The packets since the last key frame, so that a late viewer has a picture at once. What a publisher sends before its
 * first key frame (audio, data) belongs to the first GOP. One that outgrows its bounds is dropped whole, never in part:
 * newcomers then wait for the next key frame.
 */
export class GopCache {
  #options: GopCacheOptions;
  #packets: MediaPacket[] = [];
  #bytes = 0;
  #hasKeyframe = false;
  #isLeading = true;

  constructor(options: GopCacheOptions) {
    this.#options = options;
  }

  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  get hasKeyframe(): boolean {
    return this.#hasKeyframe;
  }

  add(packet: MediaPacket): void {
    if (!this.#options.enabled || packet.config || packet.metadata) return;
    if (packet.keyframe) {
      if (!this.#isLeading) this.clear();
      this.#isLeading = false;
      this.#hasKeyframe = true;
    } else if (!this.#hasKeyframe && (packet.kind === 'video' || !this.#isLeading)) {
      return;
    }
    this.#packets.push(packet);
    this.#bytes += packet.payload.length;
    if (this.#packets.length > this.#options.maxPackets || this.#bytes > this.#options.maxBytes) this.clear();
  }

  /** Another publisher begins. */
  restart(): void {
    this.clear();
    this.#isLeading = true;
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
    this.#hasKeyframe = false;
    this.#isLeading = false;
  }
}

import type { MediaPacket } from '@kaibo/formats';
import type { GopCacheOptions } from '../options.ts';

/**
 * The packets since the last key frame, so that a late viewer has a picture at once. A GOP that outgrows its bounds is
 * dropped whole, never in part: newcomers then wait for the next key frame.
 */
export class GopCache {
  #options: GopCacheOptions;
  #packets: MediaPacket[] = [];
  #bytes = 0;

  constructor(options: GopCacheOptions) {
    this.#options = options;
  }

  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  add(packet: MediaPacket): void {
    if (!this.#options.enabled || packet.config || packet.metadata) return;
    if (packet.keyframe) this.clear();
    else if (this.#packets.length === 0) return;
    this.#packets.push(packet);
    this.#bytes += packet.payload.length;
    if (this.#packets.length > this.#options.maxPackets || this.#bytes > this.#options.maxBytes) this.clear();
  }

  clear(): void {
    this.#packets = [];
    this.#bytes = 0;
  }
}

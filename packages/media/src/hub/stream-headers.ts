import type { MediaPacket } from '@kaibo/formats';

/**
 * What a decoder needs before the first frame: metadata, colour information and one configuration per track, in the
 * order a player expects. `version` rises with every real change, so that bytes made from it can be cached.
 */
export class StreamHeaders {
  version = 0;
  #metadata: MediaPacket | undefined;
  #video: MediaPacket | undefined;
  #videoMetadata: MediaPacket | undefined;
  #audio: MediaPacket | undefined;
  #packets: readonly MediaPacket[] = [];

  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  get video(): MediaPacket | undefined {
    return this.#video;
  }

  get audio(): MediaPacket | undefined {
    return this.#audio;
  }

  get metadata(): MediaPacket | undefined {
    return this.#metadata;
  }

  /** True when the packet says something new; an encoder may repeat its headers as often as it likes. */
  update(packet: MediaPacket): boolean {
    if (sameBytes(this.#slot(packet)?.payload, packet.payload)) return false;
    if (packet.kind === 'audio') this.#audio = packet;
    else if (packet.kind === 'data') this.#metadata = packet;
    else if (packet.metadata) this.#videoMetadata = packet;
    else {
      this.#video = packet;
      this.#videoMetadata = undefined;
    }
    this.#packets = [this.#metadata, this.#video, this.#videoMetadata, this.#audio].filter((header) => header !== undefined);
    this.version++;
    return true;
  }

  #slot(packet: MediaPacket): MediaPacket | undefined {
    if (packet.kind === 'audio') return this.#audio;
    if (packet.kind === 'data') return this.#metadata;
    return packet.metadata ? this.#videoMetadata : this.#video;
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

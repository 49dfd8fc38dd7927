import { FormatError, type MediaPacket, parseAudioTagHeader, parseVideoTagHeader } from '@kaibo/formats';

/** Metadata, and a configuration and extras for each of a few tracks: no encoder has more, and a newcomer gets them all. */
export const MAX_HEADERS = 64;
const METADATA = 'data';
const VIDEO = 'video:sequenceStart:';
const AUDIO = 'audio:sequenceStart:';
const ALTERNATE = 'audio:alternate';
const KIND_ORDER = { data: 0, video: 1, audio: 2 };

/**
 * What a decoder needs before the first frame: metadata, then for each track its configuration and what goes with it
 * (colour information, channel layout), the newest of each. `version` rises with every real change, so that bytes made
 * from it can be cached.
 */
export class StreamHeaders {
  version = 0;
  #slots = new Map<string, MediaPacket>();
  #packets: readonly MediaPacket[] = [];

  /** In the order a player expects. */
  get packets(): readonly MediaPacket[] {
    return this.#packets;
  }

  get video(): MediaPacket | undefined {
    return this.#slots.get(VIDEO);
  }

  get audio(): MediaPacket | undefined {
    return this.#slots.get(AUDIO);
  }

  /** Of the audio in the other codec. */
  get alternate(): MediaPacket | undefined {
    return this.#slots.get(ALTERNATE);
  }

  /** Another publisher begins: what was made of the last one's audio is void, and who takes what may be another. */
  dropAlternate(): void {
    this.#slots.delete(ALTERNATE);
    this.#changed();
  }

  /**
   * Whether the packet repeats what is known (an encoder may, as often as it likes), adds a header, or changes one.
   */
  update(packet: MediaPacket): 'same' | 'added' | 'changed' {
    const slot = slotOf(packet);
    const known = this.#slots.get(slot);
    if (known ? sameBytes(known.payload, packet.payload) : this.#slots.size >= MAX_HEADERS) return 'same';
    if (slot === VIDEO || slot === AUDIO) this.#dropExtras(packet.kind);
    this.#slots.set(slot, packet);
    this.#changed();
    return known ? 'changed' : 'added';
  }

  #changed(): void {
    this.#packets = [...this.#slots.values()].toSorted((a, b) => KIND_ORDER[a.kind] - KIND_ORDER[b.kind]);
    this.version++;
  }

  /** A new configuration of the main track makes what was said about the old one void. */
  #dropExtras(kind: MediaPacket['kind']): void {
    for (const slot of this.#slots.keys()) {
      if (slot.startsWith(`${kind}:`) && slot.endsWith(':') && slot !== VIDEO && slot !== AUDIO)
        this.#slots.delete(slot);
    }
  }
}

/** One slot for each kind of header of each track. A header that cannot be read has its kind's main slot. */
function slotOf(packet: MediaPacket): string {
  if (packet.kind === 'data') return METADATA;
  if (packet.alternate) return ALTERNATE;
  try {
    const header = packet.kind === 'video' ? parseVideoTagHeader(packet.payload) : parseAudioTagHeader(packet.payload);
    if (header.form === 'legacy') return packet.kind === 'video' ? VIDEO : AUDIO;
    const tracks = header.multitrack?.tracks.map(({ trackId }) => trackId).join(',') ?? '';
    return `${packet.kind}:${header.packetType}:${tracks}`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return packet.kind === 'video' ? VIDEO : AUDIO;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

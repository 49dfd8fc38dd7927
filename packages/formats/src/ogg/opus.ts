import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { parseOpusHead } from '../codecs/opus/head.ts';
import { opusPacketSamples } from '../codecs/opus/packet.ts';
import { encodeOggPage, MAX_OGG_SEGMENTS } from './page.ts';
import { type OggPackets, OggReader } from './reader.ts';

const TAGS_SIGNATURE = 'OpusTags';
const VENDOR = 'kaibo';
/** The largest packet of one page: 254 whole segments and one that ends it. */
const MAX_PACKET_BYTES = MAX_OGG_SEGMENTS * 255 - 1;

/** Writes Ogg Opus (RFC 7845), one packet a page, so that each is on its way at once and has its own time. */
export class OggOpusWriter {
  readonly #serial: number;
  #sequence = 0;

  /** `serial` tells logical streams of one file apart; any number does for one. */
  constructor(serial = 1) {
    this.#serial = serial;
  }

  /** The two pages a stream begins with (RFC 7845, 3): `opusHead`, and comments that say nothing. */
  begin(opusHead: Uint8Array): Uint8Array[] {
    const tags = new ByteWriter().utf8(TAGS_SIGNATURE).u32le(VENDOR.length).utf8(VENDOR).u32le(0).finish();
    return [this.#page(opusHead, 0), this.#page(tags, 0)];
  }

  /**
   * @param endSample samples at 48 kHz up to the packet's end, pre-skip included (RFC 7845, 4)
   * @throws FormatError `too_large` above 65,024 bytes, which no packet of 120 ms has
   */
  packet(packet: Uint8Array, endSample: number): Uint8Array {
    return this.#page(packet, endSample);
  }

  #page(packet: Uint8Array, granulePosition: number): Uint8Array {
    if (packet.length > MAX_PACKET_BYTES) throw new FormatError('too_large', `Opus packet of ${packet.length} bytes`);
    const sequence = this.#sequence++;
    return encodeOggPage(
      { isContinued: false, isFirst: sequence === 0, isLast: false, granulePosition, serial: this.#serial, sequence },
      [packet],
    );
  }
}

export interface OggOpusPacket {
  data: Uint8Array;
  /** Samples at 48 kHz, pre-skip taken off: the first packet's is negative by it. */
  startSample: number;
  samples: number;
}

/** Reads Ogg Opus, cut anywhere. */
export class OggOpusReader {
  readonly #ogg = new OggReader();
  #head: Uint8Array | undefined;
  #preSkip = 0;
  #seenTags = false;
  #endSample: number | undefined;

  /** The OpusHead, once it has arrived. */
  get head(): Uint8Array | undefined {
    return this.#head;
  }

  /** The audio packets that `bytes` complete. @throws FormatError */
  push(bytes: Uint8Array): OggOpusPacket[] {
    return this.#ogg.push(bytes).flatMap((page) => this.#audioOf(page));
  }

  #audioOf(page: OggPackets): OggOpusPacket[] {
    const packets = page.packets.filter((packet) => !this.#takeHeader(packet));
    if (packets.length === 0) return [];
    const sized = packets.map((data) => ({ data, samples: opusPacketSamples(data) }));
    let startSample = this.#startOf(
      page,
      sized.reduce((sum, { samples }) => sum + samples, 0),
    );
    const audio = sized.map(({ data, samples }) => {
      const packet = { data, samples, startSample: startSample - this.#preSkip };
      startSample += samples;
      return packet;
    });
    this.#endSample = startSample;
    return audio;
  }

  /** RFC 7845, 3: the first packet is the head, the second the comments. */
  #takeHeader(packet: Uint8Array): boolean {
    if (this.#head === undefined) {
      this.#preSkip = parseOpusHead(packet).preSkip;
      this.#head = packet.slice();
      return true;
    }
    if (this.#seenTags) return false;
    this.#seenTags = true;
    return true;
  }

  /** A page's position is where its last packet ends; the last page's may be earlier, to trim it (RFC 7845, 4.4). */
  #startOf({ granulePosition, isLast }: OggPackets, samples: number): number {
    if (granulePosition === undefined) throw new FormatError('malformed', 'Ogg Opus page without a granule position');
    return isLast && this.#endSample !== undefined ? this.#endSample : granulePosition - samples;
  }
}

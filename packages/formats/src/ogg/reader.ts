import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { PieceCollector } from '../flv/piece-collector.ts';
import { OGG_PAGE_HEADER_BYTES, type OggPageHeaderRead, oggPageChecksum, readOggPageHeader } from './page.ts';

/** No Opus packet and no comment header that we ask for is larger. */
export const MAX_OGG_PACKET_BYTES = 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** The packets that end on one page. */
export interface OggPackets {
  isFirst: boolean;
  isLast: boolean;
  /** At the end of the last of `packets`. */
  granulePosition: number | undefined;
  packets: Uint8Array[];
}

type State = 'header' | 'lacing' | 'body';

/**
 * Bytes of one logical Ogg stream, cut anywhere, to packets (RFC 3533). Checksums are checked; a packet whose pages have
 * a hole between them is left out. Memory held is one page and one packet. After an error every further call throws that
 * error again.
 */
export class OggReader {
  readonly #pieces = new PieceCollector();
  #state: State = 'header';
  #wantedBytes = OGG_PAGE_HEADER_BYTES;
  #headerBytes: Uint8Array = EMPTY;
  #header: OggPageHeaderRead | undefined;
  #lacing: Uint8Array = EMPTY;
  #serial: number | undefined;
  #sequence: number | undefined;
  /** Pieces of a packet that goes on in the next page. */
  #open: Uint8Array[] | undefined;
  #openBytes = 0;
  #failure: unknown;

  /** The pages that `bytes` complete. @throws FormatError */
  push(bytes: Uint8Array): OggPackets[] {
    if (this.#failure !== undefined) throw this.#failure;
    const pages: OggPackets[] = [];
    this.#pieces.feed(bytes);
    try {
      for (let piece = this.#take(); piece !== undefined; piece = this.#take()) this.#step(piece, pages);
    } catch (failure) {
      this.#failure = failure;
      this.#pieces.clear();
      this.#open = undefined;
      throw failure;
    }
    return pages;
  }

  #take(): Uint8Array | undefined {
    return this.#pieces.take(this.#wantedBytes);
  }

  #step(piece: Uint8Array, pages: OggPackets[]): void {
    switch (this.#state) {
      case 'header':
        this.#headerBytes = piece;
        this.#header = readOggPageHeader(new ByteReader(piece));
        return this.#expect('lacing', this.#header.segments);
      case 'lacing':
        this.#lacing = piece;
        return this.#expect(
          'body',
          piece.reduce((sum, value) => sum + value, 0),
        );
      case 'body':
        pages.push(this.#onBody(piece));
        return this.#expect('header', OGG_PAGE_HEADER_BYTES);
    }
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#wantedBytes = bytes;
  }

  #onBody(body: Uint8Array): OggPackets {
    const header = this.#header;
    if (header === undefined) throw new Error('assertion: a page body without its header');
    if (oggPageChecksum(this.#headerBytes, this.#lacing, body) !== header.checksum)
      throw new FormatError('malformed', 'Ogg page with a wrong checksum');
    this.#serial ??= header.serial;
    if (header.serial !== this.#serial) throw new FormatError('unsupported', 'several Ogg streams in one');
    this.#meet(header);
    const { isFirst, isLast, granulePosition } = header;
    return { isFirst, isLast, granulePosition, packets: this.#packets(body, header.isContinued) };
  }

  /** A hole in the pages, or a page that says it begins anew: what was open has no end. */
  #meet({ sequence, isContinued }: OggPageHeaderRead): void {
    const follows = this.#sequence === undefined || sequence === (this.#sequence + 1) >>> 0;
    this.#sequence = sequence;
    if (!follows || !isContinued) this.#close();
  }

  #packets(body: Uint8Array, isContinued: boolean): Uint8Array[] {
    const reader = new ByteReader(body);
    const packets: Uint8Array[] = [];
    // The rest of a packet whose beginning is not there belongs to nothing.
    let isLost = isContinued && this.#open === undefined;
    let pieceBytes = 0;
    for (const value of this.#lacing) {
      pieceBytes += value;
      if (value === 255) continue;
      const piece = reader.bytes(pieceBytes);
      pieceBytes = 0;
      if (!isLost) packets.push(this.#complete(piece));
      isLost = false;
    }
    if (pieceBytes > 0 && !isLost) this.#keep(reader.bytes(pieceBytes));
    return packets;
  }

  #complete(piece: Uint8Array): Uint8Array {
    if (this.#open === undefined) return piece;
    this.#keep(piece);
    const whole = new Uint8Array(this.#openBytes);
    let offset = 0;
    for (const part of this.#open) {
      whole.set(part, offset);
      offset += part.length;
    }
    this.#close();
    return whole;
  }

  #keep(piece: Uint8Array): void {
    this.#openBytes += piece.length;
    if (this.#openBytes > MAX_OGG_PACKET_BYTES)
      throw new FormatError('too_large', `Ogg packet above ${MAX_OGG_PACKET_BYTES} bytes`);
    (this.#open ??= []).push(piece);
  }

  #close(): void {
    this.#open = undefined;
    this.#openBytes = 0;
  }
}

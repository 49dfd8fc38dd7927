import type { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { crc32 } from '../bytes/crc32.ts';

/** A page's header up to its segment table (RFC 3533, 6). */
export const OGG_PAGE_HEADER_BYTES = 27;
/** A segment table has at most 255 entries of at most 255 bytes. */
export const MAX_OGG_SEGMENTS = 255;
const SEGMENT_BYTES = 255;
const CAPTURE_PATTERN = 'OggS';
const VERSION = 0;
const CRC_OFFSET = 22;
const FLAG_CONTINUED = 0x01;
const FLAG_FIRST = 0x02;
const FLAG_LAST = 0x04;
const TWO_TO_32 = 0x1_0000_0000;
/** All bits set, -1: no packet ends on the page. */
const NO_GRANULE_HIGH = 0xffff_ffff;
/** Above 2^53 a number is not exact; at 48 kHz that is 5,900 years. */
const MAX_GRANULE_HIGH = 0x1f_ffff;

/** What a page says of itself. */
export interface OggPageHeader {
  /** Its first piece goes on with a packet of the page before. */
  isContinued: boolean;
  /** Of its logical stream. */
  isFirst: boolean;
  isLast: boolean;
  /** The codec's position at the end of the last packet that ends on this page; undefined when none does. */
  granulePosition: number | undefined;
  serial: number;
  sequence: number;
}

export interface OggPageHeaderRead extends OggPageHeader {
  checksum: number;
  segments: number;
}

/**
 * One page of pieces of packets. Every piece ends its packet; the last one does not when `isOpen`, and must then be a
 * multiple of 255 bytes (RFC 3533, 5: lacing values below 255 end a packet).
 * @throws FormatError `too_large` for more than 255 segments or a granule position that is not exact
 */
export function encodeOggPage(
  header: OggPageHeader,
  pieces: readonly Uint8Array[],
  { isOpen = false }: { isOpen?: boolean } = {},
): Uint8Array {
  const lacing = pieces.flatMap((piece, index) => lacingOf(piece.length, isOpen && index === pieces.length - 1));
  if (lacing.length > MAX_OGG_SEGMENTS) throw new FormatError('too_large', `Ogg page of ${lacing.length} segments`);
  const flags =
    (header.isContinued ? FLAG_CONTINUED : 0) | (header.isFirst ? FLAG_FIRST : 0) | (header.isLast ? FLAG_LAST : 0);
  const writer = new ByteWriter(
    OGG_PAGE_HEADER_BYTES + lacing.length + pieces.reduce((sum, { length }) => sum + length, 0),
  );
  writer.utf8(CAPTURE_PATTERN).u8(VERSION).u8(flags);
  writeGranule(writer, header.granulePosition);
  writer.u32le(header.serial).u32le(header.sequence);
  writer.u32le(0); // checksum, filled in below: it is taken over itself as 0
  writer.u8(lacing.length).bytes(Uint8Array.from(lacing));
  for (const piece of pieces) writer.bytes(piece);
  const page = writer.finish();
  new DataView(page.buffer).setUint32(CRC_OFFSET, crc32(page), true);
  return page;
}

function lacingOf(bytes: number, isOpen: boolean): number[] {
  const whole = Math.floor(bytes / SEGMENT_BYTES);
  const rest = bytes % SEGMENT_BYTES;
  if (isOpen && rest !== 0) throw new Error('assertion: a packet goes on in the next page after a whole segment');
  const lacing = Array.from({ length: whole }, () => SEGMENT_BYTES);
  return isOpen ? lacing : [...lacing, rest];
}

function writeGranule(writer: ByteWriter, position: number | undefined): void {
  if (position === undefined) {
    writer.u32le(NO_GRANULE_HIGH).u32le(NO_GRANULE_HIGH);
    return;
  }
  if (!Number.isSafeInteger(position) || position < 0)
    throw new FormatError('too_large', `Ogg granule position ${position}`);
  writer.u32le(position % TWO_TO_32).u32le(Math.floor(position / TWO_TO_32));
}

/** Reads the 27 bytes before a segment table. @throws FormatError */
export function readOggPageHeader(reader: ByteReader): OggPageHeaderRead {
  if (reader.utf8(CAPTURE_PATTERN.length) !== CAPTURE_PATTERN) throw new FormatError('malformed', 'no Ogg page');
  const version = reader.u8();
  if (version !== VERSION) throw new FormatError('unsupported', `Ogg version ${version}`);
  const flags = reader.u8();
  const granulePosition = readGranule(reader);
  const serial = reader.u32le();
  const sequence = reader.u32le();
  const checksum = reader.u32le();
  const segments = reader.u8();
  return {
    isContinued: (flags & FLAG_CONTINUED) !== 0,
    isFirst: (flags & FLAG_FIRST) !== 0,
    isLast: (flags & FLAG_LAST) !== 0,
    granulePosition,
    serial,
    sequence,
    checksum,
    segments,
  };
}

function readGranule(reader: ByteReader): number | undefined {
  const low = reader.u32le();
  const high = reader.u32le();
  if (low === NO_GRANULE_HIGH && high === NO_GRANULE_HIGH) return undefined;
  if (high > MAX_GRANULE_HIGH) throw new FormatError('too_large', 'Ogg granule position above 2^53');
  return high * TWO_TO_32 + low;
}

/** The checksum of a page in parts, its own field taken as 0. */
export function oggPageChecksum(header: Uint8Array, lacing: Uint8Array, body: Uint8Array): number {
  const blank = header.slice();
  blank.fill(0, CRC_OFFSET, CRC_OFFSET + 4);
  return crc32(body, crc32(lacing, crc32(blank)));
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';

const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;
const EXTENDED_TYPE_BYTES = 16;
/** Sizes that are not sizes: 64 bits follow; to the end of the file. */
const SIZE_IS_LARGE = 1;
const SIZE_TO_END = 0;
/** A level of boxes has a few tracks, and a few runs each. */
const MAX_BOXES = 1024;

/** The header of a box, ISO/IEC 14496-12, 4.2. */
export interface Mp4Box {
  /** Four characters, each a byte. */
  type: string;
  /** Where its header begins. */
  offset: number;
  headerBytes: number;
  /** With its header. May reach past the end of what is there; Infinity for a box that goes on to the end of its file. */
  sizeBytes: number;
}

/**
 * The box at `offset`; undefined when its header is not all there, as at the end.
 * @throws FormatError for a size smaller than the header, or above 2^53
 */
export function readBox(bytes: Uint8Array, offset: number): Mp4Box | undefined {
  if (bytes.length - offset < HEADER_BYTES) return undefined;
  const reader = new ByteReader(bytes.subarray(offset, offset + LARGE_HEADER_BYTES));
  const size = reader.u32();
  const type = String.fromCharCode(reader.u8(), reader.u8(), reader.u8(), reader.u8());
  if (size === SIZE_IS_LARGE && reader.remaining < 8) return undefined;
  const sizeBytes = size === SIZE_IS_LARGE ? readU64(reader) : size === SIZE_TO_END ? Number.POSITIVE_INFINITY : size;
  const headerBytes = reader.position + (type === 'uuid' ? EXTENDED_TYPE_BYTES : 0);
  if (sizeBytes < headerBytes) throw new FormatError('malformed', `MP4 box of ${sizeBytes} bytes`);
  return { type, offset, headerBytes, sizeBytes };
}

/** @throws FormatError `too_large` above 2^53 */
export function readU64(reader: ByteReader): number {
  const value = reader.u32() * 2 ** 32 + reader.u32();
  if (!Number.isSafeInteger(value)) throw new FormatError('too_large', 'MP4 number above 2^53');
  return value;
}

/** A box that is all there. */
export interface WholeBox {
  type: string;
  /** Without the header; a view. */
  contents: Uint8Array;
}

/** Boxes one after another, nothing between them or behind. @throws FormatError also for one that is cut off */
export function readBoxes(bytes: Uint8Array): WholeBox[] {
  const boxes: WholeBox[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (boxes.length === MAX_BOXES) throw new FormatError('too_large', `more than ${MAX_BOXES} MP4 boxes in one`);
    const found = readBox(bytes, offset);
    const end =
      found === undefined || found.sizeBytes === Number.POSITIVE_INFINITY ? bytes.length : offset + found.sizeBytes;
    if (found === undefined || end > bytes.length) throw new FormatError('truncated', 'MP4 box that is cut off');
    boxes.push({ type: found.type, contents: bytes.subarray(offset + found.headerBytes, end) });
    offset = end;
  }
  return boxes;
}

/**
 * The contents of the first box of this type among those one after another; what is behind it is not looked at.
 * @throws FormatError also when there is none, or it is cut off
 */
export function findBox(bytes: Uint8Array, type: string): Uint8Array {
  let offset = 0;
  for (let count = 0; count < MAX_BOXES; count += 1) {
    const found = readBox(bytes, offset);
    if (found === undefined) break;
    const end = offset + found.sizeBytes;
    if (found.type === type && end <= bytes.length) return bytes.subarray(offset + found.headerBytes, end);
    if (end > bytes.length) throw new FormatError('truncated', `MP4 cut off before or in its ${type} box`);
    offset = end;
  }
  throw new FormatError('malformed', `MP4 without a ${type} box`);
}

/** @throws FormatError `malformed` when there is none of that type */
export function boxOf(boxes: readonly WholeBox[], type: string): Uint8Array {
  const found = boxes.find((each) => each.type === type);
  if (found === undefined) throw new FormatError('malformed', `MP4 without a ${type} box`);
  return found.contents;
}

/** A box whose contents begin with a version and flags. */
export function readFullBox(contents: Uint8Array): { version: number; flags: number; reader: ByteReader } {
  const reader = new ByteReader(contents);
  return { version: reader.u8(), flags: reader.u24(), reader };
}

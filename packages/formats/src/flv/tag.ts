import type { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';

// Tag types (FLV specification 10.1, E.4.1). They equal the RTMP message types that carry the same bodies.
export const FLV_TAG_AUDIO = 8;
export const FLV_TAG_VIDEO = 9;
export const FLV_TAG_SCRIPT = 18;
export type FlvTagType = typeof FLV_TAG_AUDIO | typeof FLV_TAG_VIDEO | typeof FLV_TAG_SCRIPT;
/** Script data in AMF3 (E-RTMP v2, "Enabling AMF3 in FLV"). Nothing is known to write it. */
const FLV_TAG_SCRIPT_AMF3 = 15;

/** Bytes before a tag's body. */
export const FLV_TAG_HEADER_BYTES = 11;
/** Bytes around a tag's body: its header, and the PreviousTagSize behind it. */
export const FLV_TAG_OVERHEAD_BYTES = 15;
/** The largest body a 24-bit size can announce: "16 MiB". */
export const MAX_TAG_BYTES = 0xff_ffff;

const TYPE_RESERVED_BITS = 0xc0;
const TYPE_FILTER_BIT = 0x20;
const TYPE_BITS = 0x1f;

export interface FlvTag {
  type: FlvTagType;
  /** Unsigned 32 bits, wraps after 49.7 days. */
  timestampMs: number;
  body: Uint8Array;
}

/**
 * Writes header, body and PreviousTagSize at `offset` and returns the offset behind them: `offset` + 15 + body length.
 * Allocates nothing. The caller has made room.
 * @throws FormatError `too_large` for a body above 16 MiB or a target without the room
 */
export function writeFlvTag(target: Uint8Array, offset: number, tag: FlvTag): number {
  const size = tag.body.length;
  const time = tag.timestampMs;
  const end = offset + FLV_TAG_OVERHEAD_BYTES + size;
  if (size > MAX_TAG_BYTES) throw new FormatError('too_large', `FLV tag body of ${size} bytes`);
  if (end > target.length) throw new FormatError('too_large', `FLV tag ends at ${end}, target at ${target.length}`);
  target[offset] = tag.type;
  target[offset + 1] = size >>> 16;
  target[offset + 2] = size >>> 8;
  target[offset + 3] = size;
  target[offset + 4] = time >>> 16;
  target[offset + 5] = time >>> 8;
  target[offset + 6] = time;
  target[offset + 7] = time >>> 24; // TimestampExtended: the upper 8 bits
  target[offset + 8] = 0; // StreamID, "always 0"
  target[offset + 9] = 0;
  target[offset + 10] = 0;
  target.set(tag.body, offset + FLV_TAG_HEADER_BYTES);
  const tagBytes = FLV_TAG_HEADER_BYTES + size;
  target[end - 4] = tagBytes >>> 24;
  target[end - 3] = tagBytes >>> 16;
  target[end - 2] = tagBytes >>> 8;
  target[end - 1] = tagBytes;
  return end;
}

/** The tag's bytes with its PreviousTagSize, in a buffer of their own. */
export function encodeFlvTag(tag: FlvTag): Uint8Array {
  const bytes = new Uint8Array(FLV_TAG_OVERHEAD_BYTES + tag.body.length);
  writeFlvTag(bytes, 0, tag);
  return bytes;
}

export interface FlvTagHeader {
  type: FlvTagType;
  timestampMs: number;
  bodyBytes: number;
}

/** Reads the 11 bytes before a body. */
export function readFlvTagHeader(reader: ByteReader): FlvTagHeader {
  const type = tagTypeOf(reader.u8());
  const bodyBytes = reader.u24();
  const timestampLow = reader.u24();
  const timestampExtended = reader.u8();
  reader.skip(3); // StreamID, "always 0"
  return { type, bodyBytes, timestampMs: timestampExtended * 0x100_0000 + timestampLow };
}

function tagTypeOf(byte: number): FlvTagType {
  if ((byte & TYPE_RESERVED_BITS) !== 0) throw new FormatError('malformed', `FLV tag type byte 0x${byte.toString(16)}`);
  if ((byte & TYPE_FILTER_BIT) !== 0) throw new FormatError('unsupported', 'encrypted FLV tag');
  const type = byte & TYPE_BITS;
  if (type === FLV_TAG_AUDIO || type === FLV_TAG_VIDEO || type === FLV_TAG_SCRIPT) return type;
  if (type === FLV_TAG_SCRIPT_AMF3) throw new FormatError('unsupported', 'FLV script tag in AMF3');
  throw new FormatError('malformed', `FLV tag type ${type}`);
}

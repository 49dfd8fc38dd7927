import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
/** The fixed header, without contributing sources and extensions (RFC 3550, 5.1). */
export const RTP_HEADER_BYTES = 12;
/** Browsers send up to about ten. */
const MAX_EXTENSIONS = 64;
const VERSION = 2;
const PADDING_BIT = 0x20;
const EXTENSION_BIT = 0x10;
const CONTRIBUTING_COUNT_MASK = 0x0f;
const MARKER_BIT = 0x80;
// RFC 8285, 4.2: elements of one header byte.
const ONE_BYTE_PROFILE = 0xbede;
const ONE_BYTE_MAX_ID = 14;
const ONE_BYTE_MAX_LENGTH = 16;
const ONE_BYTE_STOP_ID = 15;
// RFC 8285, 4.3: elements of two header bytes; the low four bits are for the application.
const TWO_BYTE_PROFILE = 0x1000;
const TWO_BYTE_PROFILE_MASK = 0xfff0;
const TWO_BYTE_MAX = 255;
const PADDING_ID = 0;
/** RFC 5761, 4: with the marker bit, the packet types 192 to 223 are RTCP's. */
const RTCP_FIRST_TYPE = 192;
const RTCP_LAST_TYPE = 223;
/**
 * Contributing sources are skipped, and so is an extension in neither of RFC 8285's forms.
 * @throws FormatError
 */
export function parseRtpPacket(bytes) {
  const reader = new ByteReader(bytes);
  const first = reader.u8();
  if (first >> 6 !== VERSION) throw new FormatError('malformed', `RTP version ${first >> 6}`);
  const second = reader.u8();
  const sequence = reader.u16();
  const timestamp = reader.u32();
  const ssrc = reader.u32();
  reader.skip((first & CONTRIBUTING_COUNT_MASK) * 4); // CSRC list
  const extensions = (first & EXTENSION_BIT) === 0 ? [] : readExtensions(reader);
  const payload = (first & PADDING_BIT) === 0 ? reader.rest() : withoutPadding(reader.rest());
  return {
    marker: (second & MARKER_BIT) !== 0,
    payloadType: second & 0x7f,
    sequence,
    timestamp,
    ssrc,
    extensions,
    payload,
  };
}
/** The last byte counts the padding, itself included. */
function withoutPadding(bytes) {
  const padding = bytes.at(-1) ?? 0;
  if (padding === 0 || padding > bytes.length) throw new FormatError('malformed', `RTP padding of ${padding} bytes`);
  return bytes.subarray(0, bytes.length - padding);
}
function readExtensions(reader) {
  const profile = reader.u16();
  const elements = new ByteReader(reader.bytes(reader.u16() * 4)); // length in words
  if (profile === ONE_BYTE_PROFILE) return readOneByteElements(elements);
  return (profile & TWO_BYTE_PROFILE_MASK) === TWO_BYTE_PROFILE ? readTwoByteElements(elements) : [];
}
/** RFC 8285, 4.2: id 15, and id 0 with a length, end the list. */
function readOneByteElements(reader) {
  const extensions = [];
  while (reader.remaining > 0) {
    const head = reader.u8();
    const id = head >> 4;
    const length = (head & 0x0f) + 1;
    if (id === ONE_BYTE_STOP_ID || (id === PADDING_ID && length > 1)) break;
    if (id !== PADDING_ID) add(extensions, { id, data: reader.bytes(length) });
  }
  return extensions;
}
function readTwoByteElements(reader) {
  const extensions = [];
  while (reader.remaining > 0) {
    const id = reader.u8();
    if (id !== PADDING_ID) add(extensions, { id, data: reader.bytes(reader.u8()) });
  }
  return extensions;
}
function add(extensions, extension) {
  if (extensions.length === MAX_EXTENSIONS) {
    throw new FormatError('too_large', `more than ${MAX_EXTENSIONS} RTP header extensions`);
  }
  extensions.push(extension);
}
/**
 * Extensions in the form of one header byte where all fit it, otherwise in that of two. Without padding and contributing sources.
 * @throws FormatError `too_large` for more or longer extensions than that, or an id outside 1 to 255
 */
export function encodeRtpPacket(packet) {
  const hasExtensions = packet.extensions.length > 0;
  const writer = new ByteWriter(RTP_HEADER_BYTES + packet.payload.length + (hasExtensions ? 64 : 0))
    .u8((VERSION << 6) | (hasExtensions ? EXTENSION_BIT : 0))
    .u8((packet.marker ? MARKER_BIT : 0) | (packet.payloadType & 0x7f))
    .u16(packet.sequence)
    .u32(packet.timestamp)
    .u32(packet.ssrc);
  if (hasExtensions) writeExtensions(writer, packet.extensions);
  return writer.bytes(packet.payload).finish();
}
function writeExtensions(writer, extensions) {
  if (extensions.length > MAX_EXTENSIONS) throw new FormatError('too_large', `${extensions.length} RTP extensions`);
  const oneByte = extensions.every(fitsOneByte);
  const headBytes = oneByte ? 1 : 2;
  const bytes = extensions.reduce((sum, { data }) => sum + headBytes + data.length, 0);
  const words = Math.ceil(bytes / 4);
  writer.u16(oneByte ? ONE_BYTE_PROFILE : TWO_BYTE_PROFILE).u16(words);
  for (const { id, data } of extensions) {
    if (oneByte) writer.u8((id << 4) | (data.length - 1));
    else writer.u8(checked(id, 1)).u8(checked(data.length, 0));
    writer.bytes(data);
  }
  for (let padding = words * 4 - bytes; padding > 0; padding -= 1) writer.u8(0);
}
function fitsOneByte({ id, data }) {
  return id >= 1 && id <= ONE_BYTE_MAX_ID && data.length >= 1 && data.length <= ONE_BYTE_MAX_LENGTH;
}
function checked(value, min) {
  if (value < min || value > TWO_BYTE_MAX) throw new FormatError('too_large', `RTP extension id or length ${value}`);
  return value;
}
/** Whether a packet on a port shared by both is RTCP (RFC 5761, 4). Says nothing of whether it can be parsed. */
export function isRtcp(bytes) {
  const [first, type] = bytes;
  if (first === undefined || type === undefined) return false;
  return first >> 6 === VERSION && type >= RTCP_FIRST_TYPE && type <= RTCP_LAST_TYPE;
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { isVp8Keyframe } from '../codecs/vp8/key-frame.ts';
import { assertPackOptions, evenParts, joinParts, payloadOf } from './payload.ts';
// RFC 7741: RTP payload format for VP8.
// The payload descriptor, 4.2.
const EXTENDED_BIT = 0x80;
const START_BIT = 0x10;
const PARTITION_BITS = 0x07;
const PICTURE_ID_BIT = 0x80;
const TL0_PICTURE_BIT = 0x40;
const TEMPORAL_ID_BIT = 0x20;
const KEY_INDEX_BIT = 0x10;
const LONG_PICTURE_ID_BIT = 0x80;
const PACKED_DESCRIPTOR_BYTES = 4;
/**
 * The payloads of one frame, as if it had one partition: receivers need no more. `pictureId` is 15 bits and rises by
 * one each frame; Chrome finds by it which frame refers to which.
 */
export function packVp8(frame, options) {
  assertPackOptions(options);
  const { pictureId, headroomBytes, maxPayloadBytes } = options;
  const rest = [PICTURE_ID_BIT, LONG_PICTURE_ID_BIT | ((pictureId >> 8) & 0x7f), pictureId & 0xff];
  return evenParts(frame, maxPayloadBytes - PACKED_DESCRIPTOR_BYTES).map((part, index) =>
    payloadOf(headroomBytes, [EXTENDED_BIT | (index === 0 ? START_BIT : 0), ...rest], part),
  );
}
/**
 * The frame, from all its payloads in order.
 * @throws FormatError also when the first payload does not begin a frame
 */
export function unpackVp8(payloads) {
  const parts = payloads.map((payload, index) => {
    const { starts, part } = readPayload(payload);
    if (index === 0 && !starts) throw new FormatError('malformed', 'VP8 frame without its first payload');
    return part;
  });
  const frame = joinParts(parts);
  return { frame, keyframe: isVp8Keyframe(frame) };
}
/** Whether the payload begins the frame's first partition, and what comes after its descriptor. @throws FormatError */
export function readPayload(payload) {
  const reader = new ByteReader(payload);
  const first = reader.u8();
  if ((first & EXTENDED_BIT) !== 0) skipExtension(reader);
  return { starts: (first & START_BIT) !== 0 && (first & PARTITION_BITS) === 0, part: reader.rest() };
}
function skipExtension(reader) {
  const present = reader.u8();
  if ((present & PICTURE_ID_BIT) !== 0 && (reader.u8() & LONG_PICTURE_ID_BIT) !== 0) reader.skip(1);
  if ((present & TL0_PICTURE_BIT) !== 0) reader.skip(1); // TL0PICIDX
  if ((present & (TEMPORAL_ID_BIT | KEY_INDEX_BIT)) !== 0) reader.skip(1); // TID, Y, KEYIDX
}

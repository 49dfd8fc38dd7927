import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { isVp9Keyframe } from '../codecs/vp9/frame-header.ts';
import { joinVp9Layers } from '../codecs/vp9/superframe.ts';
import { assertPackOptions, evenParts, joinParts, payloadOf } from './payload.ts';
// RFC 9628: RTP payload format for VP9.
// The payload descriptor, 4.2.
const PICTURE_ID_BIT = 0x80;
const INTER_PREDICTED_BIT = 0x40;
const LAYER_BIT = 0x20;
const FLEXIBLE_BIT = 0x10;
const START_BIT = 0x08;
const END_BIT = 0x04;
const STRUCTURE_BIT = 0x02;
const LONG_PICTURE_ID_BIT = 0x80;
const PACKED_DESCRIPTOR_BYTES = 3;
const MORE_REFERENCES_BIT = 0x01;
const MAX_REFERENCES = 3;
// The scalability structure, 4.2.1.
const SIZES_BIT = 0x10;
const GROUP_BIT = 0x08;
const SIZE_BYTES = 4;
/**
 * The payloads of one frame without layers. `pictureId` is 15 bits and rises by one each frame; Chrome finds by it
 * which frame refers to which.
 */
export function packVp9(frame, options) {
  assertPackOptions(options);
  const { pictureId, keyframe, headroomBytes, maxPayloadBytes } = options;
  const parts = evenParts(frame, maxPayloadBytes - PACKED_DESCRIPTOR_BYTES);
  const all = PICTURE_ID_BIT | (keyframe ? 0 : INTER_PREDICTED_BIT);
  const rest = [LONG_PICTURE_ID_BIT | ((pictureId >> 8) & 0x7f), pictureId & 0xff];
  return parts.map((part, index) => {
    const start = index === 0 ? START_BIT : 0;
    const end = index === parts.length - 1 ? END_BIT : 0;
    return payloadOf(headroomBytes, [all | start | end, ...rest], part);
  });
}
/**
 * The picture, from all its payloads in order; the frames of several spatial layers become one superframe.
 * @throws FormatError also when a payload that begins or ends a layer's frame is missing
 */
export function unpackVp9(payloads) {
  const layers = [];
  let parts;
  for (const payload of payloads) {
    const { starts, ends, part } = readPayload(payload);
    if (starts !== (parts === undefined)) throw new FormatError('malformed', 'VP9 payloads out of order');
    parts ??= [];
    parts.push(part);
    if (!ends) continue;
    layers.push(joinParts(parts));
    parts = undefined;
  }
  if (parts !== undefined) throw new FormatError('truncated', 'VP9 frame without its last payload');
  const [first] = layers;
  if (first === undefined) throw new FormatError('truncated', 'VP9 picture without payloads');
  return { frame: joinVp9Layers(layers), keyframe: isVp9Keyframe(first) };
}
/** What the descriptor says, and what comes after it. @throws FormatError */
export function readPayload(payload) {
  const reader = new ByteReader(payload);
  const flags = reader.u8();
  const flexible = (flags & FLEXIBLE_BIT) !== 0;
  if ((flags & PICTURE_ID_BIT) !== 0 && (reader.u8() & LONG_PICTURE_ID_BIT) !== 0) reader.skip(1);
  let spatialId = 0;
  if ((flags & LAYER_BIT) !== 0) {
    spatialId = (reader.u8() >> 1) & 0x07; // TID, U, SID, D
    if (!flexible) reader.skip(1); // TL0PICIDX
  }
  if (flexible && (flags & INTER_PREDICTED_BIT) !== 0) skipReferences(reader);
  if ((flags & STRUCTURE_BIT) !== 0) skipStructure(reader);
  return { starts: (flags & START_BIT) !== 0, ends: (flags & END_BIT) !== 0, spatialId, part: reader.rest() };
}
/** P_DIFF, up to three. */
function skipReferences(reader) {
  for (let index = 0; index < MAX_REFERENCES; index += 1) {
    if ((reader.u8() & MORE_REFERENCES_BIT) === 0) return;
  }
  throw new FormatError('malformed', `VP9 payload with more than ${MAX_REFERENCES} references`);
}
/** 4.2.1: the layers' sizes, and the pictures of a group. */
function skipStructure(reader) {
  const head = reader.u8();
  const spatialLayers = (head >> 5) + 1; // N_S
  if ((head & SIZES_BIT) !== 0) reader.skip(spatialLayers * SIZE_BYTES); // WIDTH, HEIGHT
  if ((head & GROUP_BIT) === 0) return;
  const pictures = reader.u8(); // N_G
  for (let index = 0; index < pictures; index += 1) reader.skip((reader.u8() >> 2) & 0x03); // T, U, R, then R P_DIFFs
}

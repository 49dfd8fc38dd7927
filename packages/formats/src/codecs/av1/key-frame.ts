import { BitReader } from '../../bytes/bit-reader.ts';
import { OBU_FRAME, OBU_FRAME_HEADER, OBU_SEQUENCE_HEADER } from './obu.ts';
import type { Obu } from './obu.ts';

const KEY_FRAME = 0;

/**
 * Whether the temporal unit's first frame is a key frame that is shown, at which a decoder can start (AV1
 * specification 5.9.2, 7.6.1). @throws FormatError
 */
export function isAv1KeyFrame(obus: readonly Obu[]): boolean {
  const frame = obus.find(({ type }) => type === OBU_FRAME || type === OBU_FRAME_HEADER);
  if (frame === undefined) return false;
  const sequence = obus.find(({ type }) => type === OBU_SEQUENCE_HEADER);
  if (sequence !== undefined && isReduced(sequence)) return true; // a still picture's header has no frame type
  const bits = new BitReader(frame.payload);
  if (bits.flag()) return false; // show_existing_frame
  return bits.bits(2) === KEY_FRAME && bits.flag(); // frame_type, show_frame
}

/** seq_profile, still_picture, reduced_still_picture_header (5.5.1). */
function isReduced(sequence: Obu): boolean {
  const bits = new BitReader(sequence.payload);
  bits.skip(4);
  return bits.flag();
}

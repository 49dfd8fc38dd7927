import { ByteReader } from '../../bytes/byte-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';

const INTER_FRAME_BIT = 0x01;
const START_CODE = 0x9d_012a;
/** The two bits above a side are for scaling it up. */
const SIDE_BITS = 0x3fff;

/** What a key frame's header says (RFC 6386, 9.1). */
export interface Vp8KeyFrame {
  /** 0 to 3: which filters. */
  version: number;
  /** Pixels. */
  width: number;
  height: number;
}

/** False for no bytes too. */
export function isVp8Keyframe(frame: Uint8Array): boolean {
  const [first] = frame;
  return first !== undefined && (first & INTER_FRAME_BIT) === 0;
}

/** @throws FormatError also for a frame that is no key frame */
export function parseVp8KeyFrame(frame: Uint8Array): Vp8KeyFrame {
  const reader = new ByteReader(frame);
  const first = reader.u8();
  reader.skip(2); // first_part_size, with three bits of the first byte
  if ((first & INTER_FRAME_BIT) !== 0) throw new FormatError('malformed', 'VP8 frame is no key frame');
  if (reader.u24() !== START_CODE) throw new FormatError('malformed', 'VP8 key frame without its start code');
  const width = reader.u16le() & SIDE_BITS;
  const height = reader.u16le() & SIDE_BITS;
  return { version: (first >> 1) & 0x07, width, height };
}

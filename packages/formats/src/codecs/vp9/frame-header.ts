import { BitReader } from '../../bytes/bit-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';

const FRAME_MARKER = 2;
const SYNC_CODE = 0x49_8342;
/** color_space of RGB, which has no subsampling (VP9 specification 7.2.2). */
const COLOR_SPACE_RGB = 7;

/** What a key frame's uncompressed header says (VP9 specification 6.2). */
export interface Vp9KeyFrame {
  /** 0 to 3. */
  profile: number;
  bitDepth: number;
  /** By number, 7.2.2: 0 is unknown, 2 is BT.709, 7 is RGB. */
  colorSpace: number;
  fullRange: boolean;
  subsamplingX: number;
  subsamplingY: number;
  /** Pixels. */
  width: number;
  height: number;
}

/** Whether the (first) frame is a key frame; false for one too short to say. */
export function isVp9Keyframe(frame: Uint8Array): boolean {
  // The start of the header is 8 bits in every profile.
  return frame.length > 0 && readStart(new BitReader(frame)).keyframe;
}

/** @throws FormatError also for a frame that is no key frame */
export function parseVp9KeyFrame(frame: Uint8Array): Vp9KeyFrame {
  const bits = new BitReader(frame);
  const { profile, keyframe } = readStart(bits);
  if (!keyframe) throw new FormatError('malformed', 'VP9 frame is no key frame');
  bits.skip(2); // show_frame, error_resilient_mode
  if (bits.bits(24) !== SYNC_CODE) throw new FormatError('malformed', 'VP9 key frame without its sync code');
  const color = readColor(bits, profile);
  const width = bits.bits(16) + 1; // frame_width_minus_1
  const height = bits.bits(16) + 1; // frame_height_minus_1
  return { profile, ...color, width, height };
}

/** Up to frame_type, at most seven bits. */
function readStart(bits: BitReader): { profile: number; keyframe: boolean } {
  if (bits.bits(2) !== FRAME_MARKER) throw new FormatError('malformed', 'VP9 frame without its marker');
  const profile = bits.bit() + 2 * bits.bit(); // profile_low_bit, profile_high_bit
  if (profile === 3) bits.skip(1); // reserved_zero
  if (bits.flag()) return { profile, keyframe: false }; // show_existing_frame
  return { profile, keyframe: bits.bit() === 0 }; // frame_type
}

/** color_config(), 6.2.2. */
function readColor(
  bits: BitReader,
  profile: number,
): Pick<Vp9KeyFrame, 'bitDepth' | 'colorSpace' | 'fullRange' | 'subsamplingX' | 'subsamplingY'> {
  const bitDepth = readBitDepth(bits, profile);
  const colorSpace = bits.bits(3);
  const hasSubsampling = profile === 1 || profile === 3;
  if (colorSpace === COLOR_SPACE_RGB) {
    if (!hasSubsampling) throw new FormatError('malformed', `RGB in VP9 profile ${profile}`);
    bits.skip(1); // reserved_zero
    return { bitDepth, colorSpace, fullRange: true, subsamplingX: 0, subsamplingY: 0 };
  }
  const fullRange = bits.flag(); // color_range
  if (!hasSubsampling) return { bitDepth, colorSpace, fullRange, subsamplingX: 1, subsamplingY: 1 };
  const subsamplingX = bits.bit();
  const subsamplingY = bits.bit();
  bits.skip(1); // reserved_zero
  return { bitDepth, colorSpace, fullRange, subsamplingX, subsamplingY };
}

function readBitDepth(bits: BitReader, profile: number): number {
  if (profile < 2) return 8;
  return bits.flag() ? 12 : 10; // ten_or_twelve_bit
}

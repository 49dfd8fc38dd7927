import type { BitReader } from '../../bytes/bit-reader.ts';
import type { Av1Config } from './config.ts';

/** CP_BT_709, TC_SRGB, MC_IDENTITY: RGB, which is not subsampled (6.4.2). */
const RGB = '1,13,0';
const PROFILE_HIGH = 1;
const PROFILE_PROFESSIONAL = 2;
const UNKNOWN_POSITION = 0;

/** What a configuration record says of the samples. */
export type Av1ColorConfig = Pick<
  Av1Config,
  'highBitdepth' | 'twelveBit' | 'monochrome' | 'chromaSubsamplingX' | 'chromaSubsamplingY' | 'chromaSamplePosition'
>;

/** What comes after the frame size in a sequence header, up to color_config() and with it (AV1 specification 5.5.1, 5.5.2). @throws FormatError */
export function readColorConfig(
  bits: BitReader,
  { reduced, seqProfile }: { reduced: boolean; seqProfile: number },
): Av1ColorConfig {
  if (!reduced && bits.flag()) bits.skip(4 + 3); // frame_id_numbers_present_flag, the lengths of frame ids
  bits.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!reduced) skipInterTools(bits);
  bits.skip(3); // enable_superres, enable_cdef, enable_restoration
  return readColor(bits, seqProfile);
}

/** enable_interintra_compound to order_hint_bits_minus_1. */
function skipInterTools(bits: BitReader): void {
  bits.skip(4); // enable_interintra_compound, enable_masked_compound, enable_warped_motion, enable_dual_filter
  const orderHint = bits.flag(); // enable_order_hint
  if (orderHint) bits.skip(2); // enable_jnt_comp, enable_ref_frame_mvs
  const chooseScreenTools = bits.flag(); // seq_choose_screen_content_tools
  const screenTools = chooseScreenTools || bits.flag(); // seq_force_screen_content_tools
  if (screenTools && !bits.flag()) bits.skip(1); // seq_choose_integer_mv, seq_force_integer_mv
  if (orderHint) bits.skip(3); // order_hint_bits_minus_1
}

function readColor(bits: BitReader, seqProfile: number): Av1ColorConfig {
  const highBitdepth = bits.flag();
  const twelveBit = seqProfile === PROFILE_PROFESSIONAL && highBitdepth && bits.flag();
  const monochrome = seqProfile !== PROFILE_HIGH && bits.flag(); // mono_chrome
  const description = bits.flag() ? [bits.bits(8), bits.bits(8), bits.bits(8)].join() : ''; // color_description_present_flag
  const depth = { highBitdepth, twelveBit, monochrome };
  if (!monochrome && description === RGB) {
    return { ...depth, chromaSubsamplingX: 0, chromaSubsamplingY: 0, chromaSamplePosition: UNKNOWN_POSITION };
  }
  bits.skip(1); // color_range
  if (monochrome) {
    return { ...depth, chromaSubsamplingX: 1, chromaSubsamplingY: 1, chromaSamplePosition: UNKNOWN_POSITION };
  }
  const { x, y } = readSubsampling(bits, { seqProfile, twelveBit });
  const chromaSamplePosition = x === 1 && y === 1 ? bits.bits(2) : UNKNOWN_POSITION;
  return { ...depth, chromaSubsamplingX: x, chromaSubsamplingY: y, chromaSamplePosition };
}

function readSubsampling(
  bits: BitReader,
  { seqProfile, twelveBit }: { seqProfile: number; twelveBit: boolean },
): { x: number; y: number } {
  if (seqProfile === 0) return { x: 1, y: 1 };
  if (seqProfile === PROFILE_HIGH) return { x: 0, y: 0 };
  if (!twelveBit) return { x: 1, y: 0 };
  const x = bits.bit(); // subsampling_x
  return { x, y: x === 1 ? bits.bit() : 0 }; // subsampling_y
}

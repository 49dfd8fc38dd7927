import { BitReader } from '../../bytes/bit-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';
import { rbspOf } from '../nal-unit.ts';

const NAL_TYPE_SPS = 7;
const NAL_HEADER_BYTES = 1;
const MACROBLOCK_PIXELS = 16;
/** Profiles that say their chroma format (ITU-T H.264, 7.3.2.1.1). */
const PROFILES_WITH_CHROMA: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);
const CHROMA_444 = 3;
const CHROMA_420 = 1;
const CHROMA_MONO = 0;
/** 7.4.2.1.1: "shall be in the range of 0 to 255". */
const MAX_POC_CYCLE = 255;
/** Level 6.2 allows 139,264 macroblocks a frame, and a side of at most √(8 × that) (A.3.1). */
const MAX_SIDE_MACROBLOCKS = 1055;

/** What a sequence parameter set says, as far as people ask. */
export interface H264Sps {
  profileIdc: number;
  /** constraint_set0_flag to constraint_set5_flag and two reserved bits, first one highest. */
  constraints: number;
  levelIdc: number;
  chromaFormatIdc: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
  /** Shown size in pixels, cropping applied. */
  width: number;
  height: number;
}

/**
 * A sequence parameter set NAL unit, its header byte included (ITU-T H.264, 7.3.2.1.1). Read up to the VUI.
 * @throws FormatError
 */
export function parseH264Sps(nalUnit: Uint8Array): H264Sps {
  if (((nalUnit[0] ?? 0) & 0x1f) !== NAL_TYPE_SPS) throw new FormatError('malformed', 'H.264 NAL unit is no SPS');
  const bits = new BitReader(rbspOf(nalUnit, NAL_HEADER_BYTES));
  const profileIdc = bits.bits(8);
  const constraints = bits.bits(8);
  const levelIdc = bits.bits(8);
  bits.ue(); // seq_parameter_set_id
  const chroma = readChroma(bits, profileIdc);
  bits.ue(); // log2_max_frame_num_minus4
  skipPictureOrderCount(bits);
  bits.ue(); // max_num_ref_frames
  bits.skip(1); // gaps_in_frame_num_value_allowed_flag
  return { profileIdc, constraints, levelIdc, ...chroma.depths, ...readSize(bits, chroma) };
}

interface Chroma {
  depths: Pick<H264Sps, 'chromaFormatIdc' | 'bitDepthLuma' | 'bitDepthChroma'>;
  separatePlanes: boolean;
}

function readChroma(bits: BitReader, profileIdc: number): Chroma {
  if (!PROFILES_WITH_CHROMA.has(profileIdc)) {
    return { depths: { chromaFormatIdc: CHROMA_420, bitDepthLuma: 8, bitDepthChroma: 8 }, separatePlanes: false };
  }
  const chromaFormatIdc = bits.ue();
  if (chromaFormatIdc > CHROMA_444) throw new FormatError('malformed', `H.264 chroma_format_idc ${chromaFormatIdc}`);
  const separatePlanes = chromaFormatIdc === CHROMA_444 && bits.flag();
  const bitDepthLuma = bits.ue() + 8;
  const bitDepthChroma = bits.ue() + 8;
  bits.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.flag()) skipScalingMatrix(bits, chromaFormatIdc === CHROMA_444 ? 12 : 8); // seq_scaling_matrix_present_flag
  return { depths: { chromaFormatIdc, bitDepthLuma, bitDepthChroma }, separatePlanes };
}

function skipScalingMatrix(bits: BitReader, lists: number): void {
  for (let list = 0; list < lists; list += 1) {
    if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64); // seq_scaling_list_present_flag
  }
}

/** 7.3.2.1.1.1. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && next !== 0; index += 1) {
    next = (last + bits.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrderCount(bits: BitReader): void {
  const type = bits.ue(); // pic_order_cnt_type
  if (type === 0) {
    bits.ue(); // log2_max_pic_order_cnt_lsb_minus4
  } else if (type === 1) {
    bits.skip(1); // delta_pic_order_always_zero_flag
    bits.se(); // offset_for_non_ref_pic
    bits.se(); // offset_for_top_to_bottom_field
    const cycle = bits.ue(); // num_ref_frames_in_pic_order_cnt_cycle
    if (cycle > MAX_POC_CYCLE) throw new FormatError('malformed', `H.264 picture order cycle of ${cycle}`);
    for (let index = 0; index < cycle; index += 1) bits.se(); // offset_for_ref_frame
  }
}

function readSize(bits: BitReader, chroma: Chroma): { width: number; height: number } {
  const widthMacroblocks = bits.ue() + 1; // pic_width_in_mbs_minus1
  const heightMapUnits = bits.ue() + 1; // pic_height_in_map_units_minus1
  const frameMacroblocksOnly = bits.bit();
  if (frameMacroblocksOnly === 0) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  const heightMacroblocks = heightMapUnits * (2 - frameMacroblocksOnly);
  if (Math.max(widthMacroblocks, heightMacroblocks) > MAX_SIDE_MACROBLOCKS) {
    throw new FormatError('malformed', `H.264 picture of ${widthMacroblocks} x ${heightMacroblocks} macroblocks`);
  }
  const crop = readCropping(bits);
  const unit = cropUnit(chroma, 2 - frameMacroblocksOnly);
  const width = widthMacroblocks * MACROBLOCK_PIXELS - unit.x * (crop.left + crop.right);
  const height = heightMacroblocks * MACROBLOCK_PIXELS - unit.y * (crop.top + crop.bottom);
  if (width <= 0 || height <= 0) throw new FormatError('malformed', 'H.264 cropping larger than the picture');
  return { width, height };
}

function readCropping(bits: BitReader): { left: number; right: number; top: number; bottom: number } {
  if (!bits.flag()) return { left: 0, right: 0, top: 0, bottom: 0 }; // frame_cropping_flag
  return { left: bits.ue(), right: bits.ue(), top: bits.ue(), bottom: bits.ue() };
}

/** CropUnitX and CropUnitY, 7.4.2.1.1. */
function cropUnit({ depths, separatePlanes }: Chroma, fieldFactor: number): { x: number; y: number } {
  const { chromaFormatIdc } = depths;
  if (chromaFormatIdc === CHROMA_MONO || separatePlanes) return { x: 1, y: fieldFactor };
  return { x: chromaFormatIdc === CHROMA_444 ? 1 : 2, y: (chromaFormatIdc === CHROMA_420 ? 2 : 1) * fieldFactor };
}

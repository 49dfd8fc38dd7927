import { BitReader } from '../../bytes/bit-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';
import { rbspOf } from '../nal-unit.ts';
import { HEVC_NAL_SPS } from './config.ts';

const NAL_HEADER_BYTES = 2;
const CHROMA_420 = 1;
const CHROMA_422 = 2;
const CHROMA_444 = 3;
/** general_profile_compatibility_flag to general_reserved_zero bits: 32 + 48 bits of profile_tier_level (7.3.3). */
const COMPATIBILITY_AND_CONSTRAINT_BITS = 80;
/** Level 6.2 allows a side of √(8 × 35,651,584) luma samples (A.4.1); 8.5 has no bound. */
const MAX_SIDE_PIXELS = 65_535;

/** What a sequence parameter set says, as far as people ask. */
export interface H265Sps {
  profileSpace: number;
  tierFlag: boolean;
  profileIdc: number;
  levelIdc: number;
  chromaFormatIdc: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
  /** Shown size in pixels, conformance window applied. */
  width: number;
  height: number;
}

/**
 * A sequence parameter set NAL unit, its two header bytes included (ITU-T H.265, 7.3.2.2). Read up to the bit depths.
 * @throws FormatError
 */
export function parseH265Sps(nalUnit: Uint8Array): H265Sps {
  if ((((nalUnit[0] ?? 0) >> 1) & 0x3f) !== HEVC_NAL_SPS)
    throw new FormatError('malformed', 'H.265 NAL unit is no SPS');
  const bits = new BitReader(rbspOf(nalUnit, NAL_HEADER_BYTES));
  bits.skip(4); // sps_video_parameter_set_id
  const maxSubLayersMinus1 = bits.bits(3);
  bits.skip(1); // sps_temporal_id_nesting_flag
  const profile = readProfileTierLevel(bits, maxSubLayersMinus1);
  bits.ue(); // sps_seq_parameter_set_id
  const chromaFormatIdc = bits.ue();
  if (chromaFormatIdc > CHROMA_444) throw new FormatError('malformed', `H.265 chroma_format_idc ${chromaFormatIdc}`);
  const separatePlanes = chromaFormatIdc === CHROMA_444 && bits.flag();
  const size = readSize(bits, separatePlanes ? 0 : chromaFormatIdc);
  const bitDepthLuma = bits.ue() + 8;
  const bitDepthChroma = bits.ue() + 8;
  return { ...profile, chromaFormatIdc, bitDepthLuma, bitDepthChroma, ...size };
}

/** 7.3.3, with the sub-layers skipped. */
function readProfileTierLevel(
  bits: BitReader,
  maxSubLayersMinus1: number,
): Pick<H265Sps, 'profileSpace' | 'tierFlag' | 'profileIdc' | 'levelIdc'> {
  const profileSpace = bits.bits(2);
  const tierFlag = bits.flag();
  const profileIdc = bits.bits(5);
  bits.skip(COMPATIBILITY_AND_CONSTRAINT_BITS);
  const levelIdc = bits.bits(8);
  skipSubLayers(bits, maxSubLayersMinus1);
  return { profileSpace, tierFlag, profileIdc, levelIdc };
}

function skipSubLayers(bits: BitReader, maxSubLayersMinus1: number): void {
  if (maxSubLayersMinus1 === 0) return;
  let skippedBits = 0;
  for (let layer = 0; layer < 8; layer += 1) {
    // Both flags are there for each sub-layer, then as two reserved zero bits up to eight.
    const profilePresent = bits.flag();
    const levelPresent = bits.flag();
    if (layer >= maxSubLayersMinus1) continue;
    if (profilePresent) skippedBits += 8 + COMPATIBILITY_AND_CONSTRAINT_BITS;
    if (levelPresent) skippedBits += 8;
  }
  bits.skip(skippedBits);
}

function readSize(bits: BitReader, chromaArrayType: number): { width: number; height: number } {
  const codedWidth = bits.ue(); // pic_width_in_luma_samples
  const codedHeight = bits.ue(); // pic_height_in_luma_samples
  if (Math.max(codedWidth, codedHeight) > MAX_SIDE_PIXELS) {
    throw new FormatError('malformed', `H.265 picture of ${codedWidth} x ${codedHeight}`);
  }
  const window = { left: 0, right: 0, top: 0, bottom: 0 };
  if (bits.flag()) {
    // conformance_window_flag
    window.left = bits.ue();
    window.right = bits.ue();
    window.top = bits.ue();
    window.bottom = bits.ue();
  }
  // SubWidthC and SubHeightC, table 6-1.
  const unitX = chromaArrayType === CHROMA_420 || chromaArrayType === CHROMA_422 ? 2 : 1;
  const unitY = chromaArrayType === CHROMA_420 ? 2 : 1;
  const width = codedWidth - unitX * (window.left + window.right);
  const height = codedHeight - unitY * (window.top + window.bottom);
  if (width <= 0 || height <= 0) throw new FormatError('malformed', 'H.265 window larger than the picture');
  return { width, height };
}

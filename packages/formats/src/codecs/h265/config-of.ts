import { ByteReader } from '../../bytes/byte-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';
import { rbspOf } from '../nal-unit.ts';
import { HEVC_NAL_PPS, HEVC_NAL_SPS, HEVC_NAL_VPS } from './config.ts';
import type { HevcConfig } from './config.ts';
import { parseH265Sps } from './sps.ts';

const NAL_HEADER_BYTES = 2;
const NAL_LENGTH_BYTES = 4;
/** The first byte of an SPS and its general profile, tier and level, with room for emulation prevention. */
const SPS_START_BYTES = 32;

/** Whole NAL units. */
export interface HevcParameterSets {
  vps: readonly Uint8Array[];
  sps: readonly Uint8Array[];
  pps: readonly Uint8Array[];
}

/**
 * The record for a stream that carries its parameter sets in band, told by the first SPS; lengths of four bytes.
 * @throws FormatError for a malformed SPS, or none
 */
export function hevcConfigOf({ vps, sps, pps }: HevcParameterSets): HevcConfig {
  const [first] = sps;
  if (first === undefined) throw new FormatError('malformed', 'H.265 configuration without an SPS');
  const { chromaFormatIdc, bitDepthLuma, bitDepthChroma } = parseH265Sps(first);
  return {
    ...profileOf(first),
    minSpatialSegmentation: 0,
    parallelismType: 0,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    averageFrameRate: 0,
    constantFrameRate: 0,
    nalLengthBytes: NAL_LENGTH_BYTES,
    arrays: [
      { complete: true, nalUnitType: HEVC_NAL_VPS, units: [...vps] },
      { complete: true, nalUnitType: HEVC_NAL_SPS, units: [...sps] },
      { complete: true, nalUnitType: HEVC_NAL_PPS, units: [...pps] },
    ],
  };
}

type Profile =
  | 'profileSpace'
  | 'tierFlag'
  | 'profileIdc'
  | 'profileCompatibilityFlags'
  | 'constraintFlags'
  | 'levelIdc'
  | 'temporalLayers'
  | 'temporalIdNested';

/** ITU-T H.265, 7.3.2.2 and 7.3.3: bytes up to general_level_idc, which the record repeats. */
function profileOf(sps: Uint8Array): Pick<HevcConfig, Profile> {
  const reader = new ByteReader(rbspOf(sps.subarray(0, SPS_START_BYTES), NAL_HEADER_BYTES));
  const first = reader.u8(); // sps_video_parameter_set_id, sps_max_sub_layers_minus1, sps_temporal_id_nesting_flag
  const profile = reader.u8();
  const profileCompatibilityFlags = reader.u32();
  const constraintFlags = reader.bytes(6);
  const levelIdc = reader.u8();
  return {
    profileSpace: profile >> 6,
    tierFlag: (profile & 0x20) !== 0,
    profileIdc: profile & 0x1f,
    profileCompatibilityFlags,
    constraintFlags,
    levelIdc,
    temporalLayers: ((first >> 1) & 0x07) + 1,
    temporalIdNested: (first & 1) === 1,
  };
}

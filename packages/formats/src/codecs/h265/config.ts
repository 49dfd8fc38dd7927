import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { FormatError } from '../../bytes/format-error.ts';

const CONFIGURATION_VERSION = 1;
/** x265 and early muxers wrote records of the draft, version 0. */
const DRAFT_CONFIGURATION_VERSION = 0;
const MAX_ARRAYS = 255;
/** 16 VPS, 16 SPS and 64 PPS are the most there can be (ITU-T H.265, 7.4.3); the rest is for SEI. */
const MAX_UNITS = 1024;
const MAX_UNIT_BYTES = 0xffff;

// nal_unit_type (ITU-T H.265, table 7-1).
export const HEVC_NAL_VPS = 32;
export const HEVC_NAL_SPS = 33;
export const HEVC_NAL_PPS = 34;

/** HEVCDecoderConfigurationRecord, ISO/IEC 14496-15, 8.3.3.1: what an H.265 sequence header carries. */
export interface HevcConfig {
  profileSpace: number;
  tierFlag: boolean;
  profileIdc: number;
  profileCompatibilityFlags: number;
  /** 48 bits, 6 bytes. */
  constraintFlags: Uint8Array;
  levelIdc: number;
  minSpatialSegmentation: number;
  parallelismType: number;
  chromaFormatIdc: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
  /** Frames in 256 seconds; 0 is unspecified. */
  averageFrameRate: number;
  constantFrameRate: number;
  temporalLayers: number;
  temporalIdNested: boolean;
  /** Bytes of the length before each NAL unit: 1, 2 or 4. */
  nalLengthBytes: number;
  arrays: HevcNalArray[];
}

export interface HevcNalArray {
  complete: boolean;
  nalUnitType: number;
  /** Whole NAL units, views of the record. */
  units: Uint8Array[];
}

/** Bytes after the last array are not looked at. @throws FormatError */
export function parseHevcConfig(bytes: Uint8Array): HevcConfig {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== CONFIGURATION_VERSION && version !== DRAFT_CONFIGURATION_VERSION) {
    throw new FormatError('malformed', `hvcC version ${version}`);
  }
  const profile = reader.u8();
  const profileCompatibilityFlags = reader.u32();
  const constraintFlags = reader.bytes(6);
  const levelIdc = reader.u8();
  const minSpatialSegmentation = reader.u16() & 0x0fff;
  const parallelismType = reader.u8() & 0x03;
  const chromaFormatIdc = reader.u8() & 0x03;
  const bitDepthLuma = (reader.u8() & 0x07) + 8;
  const bitDepthChroma = (reader.u8() & 0x07) + 8;
  const averageFrameRate = reader.u16();
  const layers = reader.u8();
  const nalLengthBytes = (layers & 0x03) + 1;
  if (nalLengthBytes === 3) throw new FormatError('malformed', 'hvcC NAL unit length of 3 bytes');
  return {
    profileSpace: profile >> 6,
    tierFlag: (profile & 0x20) !== 0,
    profileIdc: profile & 0x1f,
    profileCompatibilityFlags,
    constraintFlags,
    levelIdc,
    minSpatialSegmentation,
    parallelismType,
    chromaFormatIdc,
    bitDepthLuma,
    bitDepthChroma,
    averageFrameRate,
    constantFrameRate: layers >> 6,
    temporalLayers: (layers >> 3) & 0x07,
    temporalIdNested: (layers & 0x04) !== 0,
    nalLengthBytes,
    arrays: readArrays(reader, reader.u8()),
  };
}

function readArrays(reader: ByteReader, count: number): HevcNalArray[] {
  const arrays: HevcNalArray[] = [];
  let total = 0;
  for (let index = 0; index < count; index += 1) {
    const type = reader.u8();
    const unitCount = reader.u16();
    total += unitCount;
    if (total > MAX_UNITS) throw new FormatError('too_large', `hvcC with more than ${MAX_UNITS} NAL units`);
    const units: Uint8Array[] = [];
    for (let unit = 0; unit < unitCount; unit += 1) units.push(reader.bytes(reader.u16()));
    arrays.push({ complete: (type & 0x80) !== 0, nalUnitType: type & 0x3f, units });
  }
  return arrays;
}

/** @throws FormatError `too_large` for more or larger NAL units than the record can hold */
export function encodeHevcConfig(config: HevcConfig): Uint8Array {
  const writer = new ByteWriter()
    .u8(CONFIGURATION_VERSION)
    .u8((config.profileSpace << 6) | (config.tierFlag ? 0x20 : 0) | config.profileIdc)
    .u32(config.profileCompatibilityFlags)
    .bytes(config.constraintFlags)
    .u8(config.levelIdc)
    .u16(0xf000 | config.minSpatialSegmentation) // reserved '1111'
    .u8(0xfc | config.parallelismType) // reserved '111111'
    .u8(0xfc | config.chromaFormatIdc) // reserved '111111'
    .u8(0xf8 | (config.bitDepthLuma - 8)) // reserved '11111'
    .u8(0xf8 | (config.bitDepthChroma - 8)) // reserved '11111'
    .u16(config.averageFrameRate)
    .u8(
      (config.constantFrameRate << 6) |
        (config.temporalLayers << 3) |
        (config.temporalIdNested ? 4 : 0) |
        (config.nalLengthBytes - 1),
    );
  if (config.arrays.length > MAX_ARRAYS) throw new FormatError('too_large', `${config.arrays.length} NAL unit arrays`);
  writer.u8(config.arrays.length);
  const units = config.arrays.reduce((sum, array) => sum + array.units.length, 0);
  if (units > MAX_UNITS) throw new FormatError('too_large', `${units} NAL units`);
  for (const array of config.arrays) writeArray(writer, array);
  return writer.finish();
}

function writeArray(writer: ByteWriter, array: HevcNalArray): void {
  writer.u8((array.complete ? 0x80 : 0) | array.nalUnitType).u16(array.units.length);
  for (const unit of array.units) {
    if (unit.length > MAX_UNIT_BYTES) throw new FormatError('too_large', `NAL unit of ${unit.length} bytes`);
    writer.u16(unit.length).bytes(unit);
  }
}

import { BitReader } from '../../bytes/bit-reader.ts';
import { rbspOf } from '../nal-unit.ts';

// nal_unit_type (ITU-T H.264, table 7-1).
export const NAL_SLICE = 1;
const NAL_SLICE_PARTITION_A = 2;
export const NAL_IDR = 5;

const NAL_HEADER_BYTES = 1;
/** first_mb_in_slice and slice_type take at most 8 + 1 bytes, emulation prevention not counted. */
const SLICE_START_BYTES = 16;
/** slice_type by number (table 7-6); 5 to 9 say that all slices of the picture are of that type. */
const SLICE_TYPES = ['P', 'B', 'I', 'SP', 'SI'] as const;
export type H264SliceType = (typeof SLICE_TYPES)[number];

/** nal_unit_type: 1 slice, 5 slice of an IDR picture, 6 SEI, 7 SPS, 8 PPS, 9 delimiter; 0 for no bytes. */
export function nalUnitType(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** nal_ref_idc: 0 when nothing refers to the picture. */
export function nalReferenceIdc(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 5) & 0x03;
}

/**
 * What a slice's header says (ITU-T H.264, 7.3.3); undefined when the NAL unit is no slice.
 * @throws FormatError
 */
export function h264SliceType(unit: Uint8Array): H264SliceType | undefined {
  const type = nalUnitType(unit);
  if (type !== NAL_SLICE && type !== NAL_SLICE_PARTITION_A && type !== NAL_IDR) return undefined;
  const bits = new BitReader(rbspOf(unit.subarray(0, SLICE_START_BYTES), NAL_HEADER_BYTES));
  bits.ue(); // first_mb_in_slice
  return SLICE_TYPES[bits.ue() % SLICE_TYPES.length];
}

import { BitReader } from '../../bytes/bit-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';
import { OBU_SEQUENCE_HEADER, parseObus } from './obu.ts';

/** 4.10.3: uvlc() with 32 leading zeros is 2^32 - 1. */
const UVLC_MAX_ZEROS = 32;
/** Levels with seq_level_idx above this (4.0 and up) say their tier. */
const LAST_LEVEL_WITHOUT_TIER = 7;

/** What a sequence header says, as far as people ask. */
export interface Av1SequenceHeader {
  seqProfile: number;
  /** Of the first operating point: 8 is level 4.0. */
  seqLevelIdx0: number;
  seqTier0: number;
  /** max_frame_width_minus_1 + 1, pixels. */
  width: number;
  height: number;
}

/**
 * The first sequence header among these OBUs, or undefined when there is none (AV1 specification 5.5.1).
 * @throws FormatError
 */
export function findAv1SequenceHeader(obus: Uint8Array): Av1SequenceHeader | undefined {
  const header = parseObus(obus).find((obu) => obu.type === OBU_SEQUENCE_HEADER);
  return header === undefined ? undefined : parseAv1SequenceHeader(header.payload);
}

/** sequence_header_obu(), without OBU header; read up to the frame size. @throws FormatError */
export function parseAv1SequenceHeader(payload: Uint8Array): Av1SequenceHeader {
  return readUpToSize(new BitReader(payload)).header;
}

/** For `readColorConfig`, which goes on where this ends. @throws FormatError */
export function readUpToSize(bits: BitReader): { header: Av1SequenceHeader; reduced: boolean } {
  const seqProfile = bits.bits(3);
  bits.skip(1); // still_picture
  const reduced = bits.flag(); // reduced_still_picture_header
  const level = reduced ? { seqLevelIdx0: bits.bits(5), seqTier0: 0 } : readOperatingPoints(bits);
  const widthBits = bits.bits(4) + 1; // frame_width_bits_minus_1
  const heightBits = bits.bits(4) + 1; // frame_height_bits_minus_1
  const width = bits.bits(widthBits) + 1;
  const height = bits.bits(heightBits) + 1;
  return { header: { seqProfile, ...level, width, height }, reduced };
}

/** timing_info to operating_parameters_info (5.5.1 to 5.5.5). */
function readOperatingPoints(bits: BitReader): { seqLevelIdx0: number; seqTier0: number } {
  const delayBits = readTiming(bits);
  const delayPresent = bits.flag(); // initial_display_delay_present_flag
  const count = bits.bits(5) + 1; // operating_points_cnt_minus_1
  let first: { seqLevelIdx0: number; seqTier0: number } | undefined;
  for (let index = 0; index < count; index += 1) {
    bits.skip(12); // operating_point_idc
    const seqLevelIdx0 = bits.bits(5);
    const seqTier0 = seqLevelIdx0 > LAST_LEVEL_WITHOUT_TIER ? bits.bit() : 0;
    first ??= { seqLevelIdx0, seqTier0 };
    // decoder_model_present_for_this_op; decoder_buffer_delay, encoder_buffer_delay, low_delay_mode_flag
    if (delayBits !== undefined && bits.flag()) bits.skip(2 * delayBits + 1);
    if (delayPresent && bits.flag()) bits.skip(4); // initial_display_delay_minus_1
  }
  if (first === undefined) throw new FormatError('malformed', 'AV1 sequence without operating points');
  return first;
}

/** Returns buffer_delay_length when there is decoder model info. */
function readTiming(bits: BitReader): number | undefined {
  if (!bits.flag()) return undefined; // timing_info_present_flag
  bits.skip(64); // num_units_in_display_tick, time_scale
  if (bits.flag()) skipUvlc(bits); // equal_picture_interval, num_ticks_per_picture_minus_1
  if (!bits.flag()) return undefined; // decoder_model_info_present_flag
  const delayBits = bits.bits(5) + 1; // buffer_delay_length_minus_1
  bits.skip(32 + 5 + 5); // num_units_in_decoding_tick, buffer_removal_time_length, frame_presentation_time_length
  return delayBits;
}

function skipUvlc(bits: BitReader): void {
  let zeros = 0;
  while (bits.bit() === 0) zeros += 1;
  if (zeros < UVLC_MAX_ZEROS) bits.skip(zeros);
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { NAL_IDR, NAL_SLICE, nalReferenceIdc, nalUnitType } from '../codecs/h264/nal-unit.ts';
import { aggregate, groupUnits, readAggregate } from './aggregate.ts';
import { assertPackOptions, evenParts, payloadOf, UnitCollector } from './payload.ts';
// RFC 6184: RTP payload format for H.264, packetization modes 0 (single NAL unit) and 1 (non-interleaved).
// Payload types, table 1; 1 to 23 are NAL units themselves.
const LAST_NAL_TYPE = 23;
const STAP_A = 24;
const FU_A = 28;
const NAL_HEADER_BYTES = 1;
const STAP_HEADER_BYTES = 1;
const FU_HEADER_BYTES = 2;
// The FU header, 5.8.
const FU_START_BIT = 0x80;
const FU_END_BIT = 0x40;
/** F and NRI of a NAL unit header. */
const FORBIDDEN_BIT = 0x80;
const FORBIDDEN_AND_REFERENCE_BITS = 0xe0;
const TYPE_BITS = 0x1f;
const MAX_UNITS = 1024;
/**
 * The payloads of one access unit. In mode 1 what comes before a slice (delimiter, parameter sets, SEI) shares a
 * STAP-A with the first slice where they fit, and larger NAL units are cut into FU-A of even size.
 * @throws FormatError `too_large` in mode 0 for a NAL unit that does not fit
 */
export function packH264(units, options) {
  assertPackOptions(options);
  const { maxPayloadBytes, headroomBytes, mode } = options;
  const endsGroup = mode === 0 ? () => true : isSlice;
  const packets = [];
  const present = units.filter((unit) => unit.length > 0);
  for (const group of groupUnits(present, { maxPayloadBytes, headerBytes: STAP_HEADER_BYTES, endsGroup })) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.length > 1) packets.push(aggregate(group, [stapHeader(group)], headroomBytes));
    else if (first.length <= maxPayloadBytes) packets.push(payloadOf(headroomBytes, [], first));
    else if (mode === 1) pushFragments(packets, first, options);
    else throw new FormatError('too_large', `H.264 NAL unit of ${first.length} bytes in packetization mode 0`);
  }
  return packets;
}
function isSlice(unit) {
  const type = nalUnitType(unit);
  return type >= NAL_SLICE && type <= NAL_IDR;
}
/** STAP-A, 5.7.1: F of any, and the highest NRI. */
function stapHeader(group) {
  let forbidden = 0;
  let reference = 0;
  for (const unit of group) {
    forbidden |= (unit[0] ?? 0) & FORBIDDEN_BIT;
    reference = Math.max(reference, nalReferenceIdc(unit));
  }
  return forbidden | (reference << 5) | STAP_A;
}
/** FU-A, 5.8: the NAL unit's header is told by the two bytes of each fragment. */
function pushFragments(packets, unit, options) {
  const header = unit[0] ?? 0;
  const indicator = (header & FORBIDDEN_AND_REFERENCE_BITS) | FU_A;
  const parts = evenParts(unit.subarray(NAL_HEADER_BYTES), options.maxPayloadBytes - FU_HEADER_BYTES);
  for (const [index, part] of parts.entries()) {
    const start = index === 0 ? FU_START_BIT : 0;
    const end = index === parts.length - 1 ? FU_END_BIT : 0;
    packets.push(payloadOf(options.headroomBytes, [indicator, start | end | (header & TYPE_BITS)], part));
  }
}
/**
 * The NAL units of one access unit, from all its payloads in order. Whole ones are views.
 * @throws FormatError also when a fragment is missing
 */
export function unpackH264(payloads) {
  const collector = new UnitCollector(MAX_UNITS);
  for (const payload of payloads) {
    const type = nalUnitType(payload);
    if (type === STAP_A) addAggregate(payload, collector);
    else if (type === FU_A) addFragment(payload, collector);
    else if (type >= 1 && type <= LAST_NAL_TYPE) collector.add(payload);
    else throw new FormatError('unsupported', `H.264 payload of type ${type}`);
  }
  return collector.finish();
}
function addAggregate(payload, collector) {
  const reader = new ByteReader(payload);
  reader.skip(STAP_HEADER_BYTES);
  for (const unit of readAggregate(reader)) {
    const type = nalUnitType(unit);
    if (type < 1 || type > LAST_NAL_TYPE) throw new FormatError('malformed', `STAP-A with a NAL unit of type ${type}`);
    collector.add(unit);
  }
}
function addFragment(payload, collector) {
  const reader = new ByteReader(payload);
  const indicator = reader.u8();
  const header = reader.u8();
  collector.addFragment(reader.rest(), {
    start: (header & FU_START_BIT) !== 0,
    end: (header & FU_END_BIT) !== 0,
    head: [(indicator & FORBIDDEN_AND_REFERENCE_BITS) | (header & TYPE_BITS)],
  });
}
/** first_mb_in_slice is 0 when the slice header, a ue(v), begins with a 1 (ITU-T H.264, 7.3.3). */
const FIRST_MACROBLOCK_BIT = 0x80;
/** Whether the payload can be the first of an access unit. @throws FormatError */
export function startsH264(payload) {
  const reader = new ByteReader(payload);
  let type = reader.u8() & TYPE_BITS;
  if (type === STAP_A) {
    reader.skip(2); // the first NAL unit's size
    type = reader.u8() & TYPE_BITS;
  } else if (type === FU_A) {
    const header = reader.u8();
    if ((header & FU_START_BIT) === 0) return false;
    type = header & TYPE_BITS;
  }
  const slice = type >= NAL_SLICE && type <= NAL_IDR;
  return slice ? (reader.u8() & FIRST_MACROBLOCK_BIT) !== 0 : type >= 1 && type <= LAST_NAL_TYPE;
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { aggregate, groupUnits, readAggregate } from './aggregate.ts';
import { assertPackOptions, evenParts, payloadOf, UnitCollector } from './payload.ts';
// RFC 7798: RTP payload format for H.265, without decoding order numbers (sprop-max-don-diff is 0, as in WebRTC).
// Payload types, 4.4; those below 48 are NAL units themselves.
const AGGREGATION = 48;
const FRAGMENTATION = 49;
/** Slices are the NAL unit types below 32 (ITU-T H.265, table 7-1). */
const FIRST_NON_VCL = 32;
/** F, 6 bits of type, 6 of layer id, 3 of temporal id plus 1 (1.1.4). */
const NAL_HEADER_BYTES = 2;
const FU_HEADER_BYTES = 3;
// The FU header, 4.4.3.
const FU_START_BIT = 0x80;
const FU_END_BIT = 0x40;
const FU_TYPE_BITS = 0x3f;
/** F and the highest bit of the layer id, around the type. */
const AROUND_TYPE_BITS = 0x81;
const FORBIDDEN_BIT = 0x80;
const TEMPORAL_ID_BITS = 0x07;
const MAX_UNITS = 1024;
/**
 * The payloads of one access unit: parameter sets and SEI share an aggregation packet with the first slice where they
 * fit, larger NAL units are cut into fragmentation units of even size. What is too short for a NAL unit is left out.
 */
export function packH265(units, options) {
  assertPackOptions(options);
  const { maxPayloadBytes, headroomBytes } = options;
  const packets = [];
  const whole = units.filter((unit) => unit.length >= NAL_HEADER_BYTES);
  for (const group of groupUnits(whole, { maxPayloadBytes, headerBytes: NAL_HEADER_BYTES, endsGroup: isSlice })) {
    const [first] = group;
    if (first === undefined) continue;
    if (group.length > 1) packets.push(aggregate(group, aggregationHeader(group), headroomBytes));
    else if (first.length <= maxPayloadBytes) packets.push(payloadOf(headroomBytes, [], first));
    else pushFragments(packets, first, options);
  }
  return packets;
}
function unitType(unit) {
  return ((unit[0] ?? 0) >> 1) & 0x3f;
}
function isSlice(unit) {
  return unitType(unit) < FIRST_NON_VCL;
}
/** 4.4.2: F of any, the lowest layer id and the lowest temporal id. */
function aggregationHeader(group) {
  let forbidden = 0;
  let layerId = 0x3f;
  let temporalId = TEMPORAL_ID_BITS;
  for (const [high = 0, low = 0] of group) {
    forbidden |= high & FORBIDDEN_BIT;
    layerId = Math.min(layerId, ((high & 1) << 5) | (low >> 3));
    temporalId = Math.min(temporalId, low & TEMPORAL_ID_BITS);
  }
  return [forbidden | (AGGREGATION << 1) | (layerId >> 5), ((layerId & 0x1f) << 3) | temporalId];
}
/** 4.4.3. */
function pushFragments(packets, unit, options) {
  const [high = 0, low = 0] = unit;
  const parts = evenParts(unit.subarray(NAL_HEADER_BYTES), options.maxPayloadBytes - FU_HEADER_BYTES);
  for (const [index, part] of parts.entries()) {
    const start = index === 0 ? FU_START_BIT : 0;
    const end = index === parts.length - 1 ? FU_END_BIT : 0;
    const header = [(high & AROUND_TYPE_BITS) | (FRAGMENTATION << 1), low, start | end | unitType(unit)];
    packets.push(payloadOf(options.headroomBytes, header, part));
  }
}
/**
 * The NAL units of one access unit, from all its payloads in order. Whole ones are views.
 * @throws FormatError also when a fragment is missing
 */
export function unpackH265(payloads) {
  const collector = new UnitCollector(MAX_UNITS);
  for (const payload of payloads) {
    const reader = new ByteReader(payload);
    const high = reader.u8();
    const low = reader.u8();
    const type = unitType(payload);
    if (type === AGGREGATION) for (const unit of readAggregate(reader)) collector.add(expectUnit(unit));
    else if (type === FRAGMENTATION) addFragment(reader, collector, { high, low });
    else collector.add(expectUnit(payload));
  }
  return collector.finish();
}
function expectUnit(unit) {
  if (unit.length < NAL_HEADER_BYTES) throw new FormatError('truncated', `H.265 NAL unit of ${unit.length} bytes`);
  if (unitType(unit) >= AGGREGATION) throw new FormatError('unsupported', `H.265 payload of type ${unitType(unit)}`);
  return unit;
}
function addFragment(reader, collector, { high, low }) {
  const header = reader.u8();
  collector.addFragment(reader.rest(), {
    start: (header & FU_START_BIT) !== 0,
    end: (header & FU_END_BIT) !== 0,
    head: [(high & AROUND_TYPE_BITS) | ((header & FU_TYPE_BITS) << 1), low],
  });
}
/** first_slice_segment_in_pic_flag, the first bit of a slice (ITU-T H.265, 7.3.6.1). */
const FIRST_SEGMENT_BIT = 0x80;
/** Whether the payload can be the first of an access unit. @throws FormatError */
export function startsH265(payload) {
  const reader = new ByteReader(payload);
  let type = reader.u8() >> 1;
  reader.skip(1);
  if (type === AGGREGATION) {
    reader.skip(2); // the first NAL unit's size
    type = reader.u8() >> 1;
    reader.skip(1);
  } else if (type === FRAGMENTATION) {
    const header = reader.u8();
    if ((header & FU_START_BIT) === 0) return false;
    type = header & FU_TYPE_BITS;
  }
  if (type < FIRST_NON_VCL) return (reader.u8() & FIRST_SEGMENT_BIT) !== 0;
  return type < AGGREGATION;
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { NAL_IDR, NAL_SLICE, nalReferenceIdc, nalUnitType } from '../codecs/h264/nal-unit.ts';
import { assertPackOptions, evenParts, payloadOf, UnitCollector } from './payload.ts';
import type { PackOptions } from './payload.ts';

// RFC 6184: RTP payload format for H.264, packetization modes 0 (single NAL unit) and 1 (non-interleaved).

// Payload types, table 1; 1 to 23 are NAL units themselves.
const LAST_NAL_TYPE = 23;
const STAP_A = 24;
const FU_A = 28;

const NAL_HEADER_BYTES = 1;
const STAP_HEADER_BYTES = 1;
const STAP_LENGTH_BYTES = 2;
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
export function packH264(units: readonly Uint8Array[], options: PackOptions & { mode: 0 | 1 }): Uint8Array[] {
  assertPackOptions(options);
  const packets: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let groupBytes = STAP_HEADER_BYTES;
  const flush = (): void => {
    packGroup(packets, group, options);
    group = [];
    groupBytes = STAP_HEADER_BYTES;
  };
  for (const unit of units) {
    if (unit.length === 0) continue;
    const bytes = STAP_LENGTH_BYTES + unit.length;
    if (options.mode === 0 || groupBytes + bytes > options.maxPayloadBytes) flush();
    group.push(unit);
    groupBytes += bytes;
    if (isSlice(unit)) flush();
  }
  flush();
  return packets;
}

function isSlice(unit: Uint8Array): boolean {
  const type = nalUnitType(unit);
  return type >= NAL_SLICE && type <= NAL_IDR;
}

/** One NAL unit as it is or in fragments, several as STAP-A: those do fit. */
function packGroup(packets: Uint8Array[], group: readonly Uint8Array[], options: PackOptions & { mode: 0 | 1 }): void {
  const [first] = group;
  if (first === undefined) return;
  if (group.length > 1) packets.push(aggregate(group, options.headroomBytes));
  else if (first.length <= options.maxPayloadBytes) packets.push(payloadOf(options.headroomBytes, [], first));
  else if (options.mode === 1) pushFragments(packets, first, options);
  else throw new FormatError('too_large', `H.264 NAL unit of ${first.length} bytes in packetization mode 0`);
}

/** STAP-A, 5.7.1: F of any, the highest NRI, and each NAL unit after its length. */
function aggregate(group: readonly Uint8Array[], headroomBytes: number): Uint8Array {
  let length = STAP_HEADER_BYTES;
  let forbidden = 0;
  let reference = 0;
  for (const unit of group) {
    length += STAP_LENGTH_BYTES + unit.length;
    forbidden |= (unit[0] ?? 0) & FORBIDDEN_BIT;
    reference = Math.max(reference, nalReferenceIdc(unit));
  }
  const packet = new Uint8Array(headroomBytes + length);
  const view = new DataView(packet.buffer);
  view.setUint8(headroomBytes, forbidden | (reference << 5) | STAP_A);
  let at = headroomBytes + STAP_HEADER_BYTES;
  for (const unit of group) {
    view.setUint16(at, unit.length);
    packet.set(unit, at + STAP_LENGTH_BYTES);
    at += STAP_LENGTH_BYTES + unit.length;
  }
  return packet;
}

/** FU-A, 5.8: the NAL unit's header is told by the two bytes of each fragment. */
function pushFragments(packets: Uint8Array[], unit: Uint8Array, options: PackOptions): void {
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
export function unpackH264(payloads: readonly Uint8Array[]): Uint8Array[] {
  const collector = new UnitCollector(MAX_UNITS);
  for (const payload of payloads) {
    const type = nalUnitType(payload);
    if (type === STAP_A) readAggregate(payload, collector);
    else if (type === FU_A) readFragment(payload, collector);
    else if (type >= 1 && type <= LAST_NAL_TYPE) collector.add(payload);
    else throw new FormatError('unsupported', `H.264 payload of type ${type}`);
  }
  return collector.finish();
}

function readAggregate(payload: Uint8Array, collector: UnitCollector): void {
  const reader = new ByteReader(payload);
  reader.skip(STAP_HEADER_BYTES);
  while (reader.remaining > 0) {
    const unit = reader.bytes(reader.u16());
    const type = nalUnitType(unit);
    if (type < 1 || type > LAST_NAL_TYPE) throw new FormatError('malformed', `STAP-A with a NAL unit of type ${type}`);
    collector.add(unit);
  }
}

function readFragment(payload: Uint8Array, collector: UnitCollector): void {
  const reader = new ByteReader(payload);
  const indicator = reader.u8();
  const header = reader.u8();
  collector.addFragment(reader.rest(), {
    start: (header & FU_START_BIT) !== 0,
    end: (header & FU_END_BIT) !== 0,
    head: [(indicator & FORBIDDEN_AND_REFERENCE_BITS) | (header & TYPE_BITS)],
  });
}

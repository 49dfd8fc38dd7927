import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { isAv1KeyFrame } from '../codecs/av1/key-frame.ts';
import {
  leb128,
  MAX_OBUS,
  OBU_PADDING,
  OBU_TEMPORAL_DELIMITER,
  OBU_TILE_LIST,
  obuHeader,
  parseObus,
  readLeb128,
  writeObu,
} from '../codecs/av1/obu.ts';
import { assertPackOptions, UnitCollector } from './payload.ts';
// "RTP Payload Format For AV1" 1.0.0 of the Alliance for Open Media.
// The aggregation header, 4.4.
const CONTINUES_BIT = 0x80; // Z
const CONTINUED_BIT = 0x40; // Y
const COUNT_SHIFT = 4; // W
const NEW_SEQUENCE_BIT = 0x08; // N
const AGGREGATION_HEADER_BYTES = 1;
/** W counts up to three elements; with 0 each has its length, otherwise the last one has none. */
const MAX_COUNTED = 3;
/** Not worth beginning an OBU in. */
const MIN_FRAGMENT_BYTES = 8;
/** "SHOULD be removed when transmitted" (5); tile lists too, which no profile of RTP has. */
const NOT_SENT = new Set([OBU_TEMPORAL_DELIMITER, OBU_TILE_LIST, OBU_PADDING]);
/**
 * The payloads of one temporal unit in low-overhead form; sizes, temporal delimiters, tile lists and padding are not
 * sent. `keyframe` says that a new coded video sequence begins.
 * @throws FormatError
 */
export function packAv1(temporalUnit, options) {
  assertPackOptions(options);
  const packer = new Packer(options);
  for (const obu of parseObus(temporalUnit)) {
    if (!NOT_SENT.has(obu.type)) packer.add({ header: obuHeader(obu, { sized: false }), body: obu.payload });
  }
  return packer.finish();
}
class Packer {
  #packets = [];
  #options;
  #elements = [];
  /** As if every element had its length. */
  #bytes = AGGREGATION_HEADER_BYTES;
  #continues = false;
  constructor(options) {
    this.#options = options;
  }
  add(obu) {
    let rest = obu;
    while (sizeOf(rest) > this.#room(sizeOf(rest))) {
      const room = this.#room(this.#options.maxPayloadBytes);
      const fits = room >= MIN_FRAGMENT_BYTES;
      if (fits) {
        const bodyBytes = room - rest.header.length;
        this.#push({ header: rest.header, body: rest.body.subarray(0, bodyBytes) });
        rest = { header: [], body: rest.body.subarray(bodyBytes) };
      }
      this.#flush({ continued: fits });
    }
    this.#push(rest);
  }
  finish() {
    if (this.#elements.length > 0) this.#flush({ continued: false });
    return this.#packets;
  }
  /** For a next, last element of about `size` bytes. The fourth one makes all of them say their length. */
  #room(size) {
    const room = this.#options.maxPayloadBytes - this.#bytes;
    return this.#elements.length < MAX_COUNTED ? room : room - leb128(Math.min(size, room)).length;
  }
  #push(element) {
    const size = sizeOf(element);
    this.#elements.push(element);
    this.#bytes += leb128(size).length + size;
  }
  #flush({ continued }) {
    const { headroomBytes, keyframe } = this.#options;
    const count = this.#elements.length <= MAX_COUNTED ? this.#elements.length : 0;
    const last = this.#elements.at(-1);
    const unsaid = count === 0 || last === undefined ? 0 : leb128(sizeOf(last)).length;
    const packet = new Uint8Array(headroomBytes + this.#bytes - unsaid);
    packet[headroomBytes] =
      (this.#continues ? CONTINUES_BIT : 0) |
      (continued ? CONTINUED_BIT : 0) |
      (count << COUNT_SHIFT) |
      (keyframe && this.#packets.length === 0 ? NEW_SEQUENCE_BIT : 0);
    let at = headroomBytes + AGGREGATION_HEADER_BYTES;
    for (const [index, element] of this.#elements.entries()) {
      const length = index + 1 === count ? [] : leb128(sizeOf(element));
      packet.set([...length, ...element.header], at);
      at += length.length + element.header.length;
      packet.set(element.body, at);
      at += element.body.length;
    }
    this.#packets.push(packet);
    this.#elements = [];
    this.#bytes = AGGREGATION_HEADER_BYTES;
    this.#continues = continued;
  }
}
function sizeOf({ header, body }) {
  return header.length + body.length;
}
/**
 * The temporal unit, from all its payloads in order: OBUs in low-overhead form, with sizes and without temporal
 * delimiters. `keyframe` is told by its first frame.
 * @throws FormatError also when a fragment is missing
 */
export function unpackAv1(payloads) {
  const collector = new UnitCollector(MAX_OBUS);
  let open = false;
  for (const payload of payloads) {
    const { continues, continued, elements } = readPayload(payload);
    if (continues !== open) throw new FormatError('malformed', 'AV1 fragments out of order');
    for (const [index, element] of elements.entries()) {
      const start = index > 0 || !continues;
      const end = index < elements.length - 1 || !continued;
      if (start && end) collector.add(element);
      else collector.addFragment(element, { start, end, head: [] });
    }
    open = continued;
  }
  const obus = [];
  for (const unit of collector.finish()) obus.push(...parseObus(unit).filter(({ type }) => !NOT_SENT.has(type)));
  const writer = new ByteWriter(collector.units.reduce((sum, unit) => sum + unit.length + 8, 0));
  for (const obu of obus) writeObu(writer, obu);
  return { frame: writer.finish(), keyframe: isAv1KeyFrame(obus) };
}
function readPayload(payload) {
  const reader = new ByteReader(payload);
  const header = reader.u8();
  const count = (header >> COUNT_SHIFT) & 0x03;
  const elements = [];
  while (count === 0 ? reader.remaining > 0 : elements.length < count) {
    if (elements.length === MAX_OBUS)
      throw new FormatError('too_large', `AV1 payload of more than ${MAX_OBUS} elements`);
    elements.push(elements.length + 1 === count ? reader.rest() : reader.bytes(readLeb128(reader)));
  }
  if (elements.length === 0) throw new FormatError('truncated', 'AV1 payload without elements');
  return {
    continues: (header & CONTINUES_BIT) !== 0,
    continued: (header & CONTINUED_BIT) !== 0,
    elements,
  };
}
/** Whether the payload begins with the rest of an OBU (Z). */
export function continuesObu(payload) {
  return ((payload[0] ?? CONTINUES_BIT) & CONTINUES_BIT) !== 0;
}

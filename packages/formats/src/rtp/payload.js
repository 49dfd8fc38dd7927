import { FormatError } from '../bytes/format-error.ts';
/** Every payload header is far shorter, so that each packet takes the frame further. */
const MIN_PAYLOAD_BYTES = 64;
export function assertPackOptions({ maxPayloadBytes, headroomBytes }) {
  if (maxPayloadBytes < MIN_PAYLOAD_BYTES || headroomBytes < 0) {
    throw new Error(`assertion: payloads of ${maxPayloadBytes} bytes, ${headroomBytes} before them`);
  }
}
/** The headroom, `header` and `body` in one new array. */
export function payloadOf(headroomBytes, header, body) {
  const packet = new Uint8Array(headroomBytes + header.length + body.length);
  packet.set(header, headroomBytes);
  packet.set(body, headroomBytes + header.length);
  return packet;
}
/** Views of `bytes`, as few as `maxBytes` allows and as long as each other, so that no packet is nearly empty. */
export function evenParts(bytes, maxBytes) {
  const count = Math.ceil(bytes.length / maxBytes);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(Math.floor((index * bytes.length) / count), Math.floor(((index + 1) * bytes.length) / count)),
  );
}
/** One array of all parts, after `head`; the only part itself when it is alone. */
export function joinParts(parts, head = []) {
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && head.length === 0) return only;
  let length = head.length;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  whole.set(head);
  let at = head.length;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
/** Collects a frame's units, at most `max` of them. */
export class UnitCollector {
  units = [];
  #max;
  #fragments;
  #head = [];
  constructor(max) {
    this.#max = max;
  }
  /** A whole unit. @throws FormatError `malformed` inside a fragmented one */
  add(unit) {
    if (this.#fragments !== undefined) throw new FormatError('malformed', 'a unit inside a fragmented one');
    if (this.units.length === this.#max) throw new FormatError('too_large', `more than ${this.#max} units in a frame`);
    this.units.push(unit);
  }
  /** One fragment; `head` is put before the first one. @throws FormatError `malformed` when the order is broken */
  addFragment(fragment, { start, end, head }) {
    if (start !== (this.#fragments === undefined)) throw new FormatError('malformed', 'fragments out of order');
    if (this.#fragments === undefined) {
      this.#fragments = [];
      this.#head = head;
    }
    this.#fragments.push(fragment);
    if (!end) return;
    const unit = joinParts(this.#fragments, this.#head);
    this.#fragments = undefined;
    this.add(unit);
  }
  /** @throws FormatError `truncated` when the last fragment is missing */
  finish() {
    if (this.#fragments !== undefined) throw new FormatError('truncated', 'the last fragment is missing');
    return this.units;
  }
}

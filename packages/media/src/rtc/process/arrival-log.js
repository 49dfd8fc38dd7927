import { SequenceUnwrapper } from '@kaibo/formats';
/** Arrivals told in one packet of feedback; a second of a fast publisher is told in several. */
const MAX_TOLD = 400;
/** Packets, arrived or not, that are kept in mind while nobody asks. */
const MAX_KEPT = 4096;
const REFERENCE_UNIT_US = 64_000;
const DELTA_UNIT_US = 250;
/** A delta has 16 bits. */
const MAX_DELTA = 32_767;
/**
 * When each packet arrived, by its transport-wide number, for the sender's own estimate of bandwidth
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). Without it a browser stays at 300 kbit/s.
 */
export class ArrivalLog {
  #unwrapper = new SequenceUnwrapper();
  #arrivalsUs = new Map();
  #next;
  #highest = 0;
  #count = 0;
  add(sequence, nowMs) {
    const number = this.#unwrapper.unwrap(sequence);
    this.#next ??= number;
    if (number < this.#next) return;
    if (number - this.#next >= MAX_KEPT) {
      this.#next = number; // a jump: what was not told is never told
      this.#arrivalsUs.clear();
    }
    this.#arrivalsUs.set(number, Math.round(nowMs * 1000));
    this.#highest = Math.max(this.#highest, number);
  }
  /** Feedback on what arrived since the last; undefined when nothing did. */
  take({ ssrc, mediaSsrc }) {
    if (this.#next === undefined || this.#arrivalsUs.size === 0) return undefined;
    const base = this.#next;
    const end = Math.min(this.#highest, base + MAX_TOLD - 1);
    const firstUs = this.#firstArrival(base, end);
    if (firstUs === undefined) {
      this.#forget(base, end);
      return undefined;
    }
    const referenceTime = Math.floor(firstUs / REFERENCE_UNIT_US);
    const arrivals = [];
    let beforeUs = referenceTime * REFERENCE_UNIT_US;
    for (let number = base; number <= end; number++) {
      const atUs = this.#arrivalsUs.get(number);
      const delta = atUs === undefined ? undefined : Math.round((atUs - beforeUs) / DELTA_UNIT_US);
      if (delta === undefined || Math.abs(delta) > MAX_DELTA) {
        arrivals.push(undefined);
        continue;
      }
      arrivals.push(delta);
      beforeUs += delta * DELTA_UNIT_US;
    }
    this.#forget(base, end);
    return {
      type: 'transport-cc',
      ssrc,
      mediaSsrc,
      baseSequence: base & 0xffff,
      feedbackCount: this.#count++ & 0xff,
      referenceTime: referenceTime & 0xff_ffff,
      arrivals,
    };
  }
  #firstArrival(base, end) {
    for (let number = base; number <= end; number++) {
      const atUs = this.#arrivalsUs.get(number);
      if (atUs !== undefined) return atUs;
    }
    return undefined;
  }
  #forget(base, end) {
    for (let number = base; number <= end; number++) this.#arrivalsUs.delete(number);
    this.#next = end + 1;
  }
}

import { ntpMiddle, SequenceUnwrapper } from '@kaibo/formats';
/** The unwrapper's first cycle; RFC 3550, A.1 counts cycles from 0. */
const FIRST_CYCLE = 0x1_0000;
/** What one source sent us, as its reports want it (RFC 3550, 6.4.1, A.3, A.8). */
export class Reception {
  #ssrc;
  #clockHz;
  #unwrapper = new SequenceUnwrapper();
  #first;
  #highest = 0;
  #received = 0;
  #prior = { expected: 0, received: 0 };
  #jitter = 0;
  #transit;
  #lastSr;
  constructor(ssrc, clockHz) {
    this.#ssrc = ssrc;
    this.#clockHz = clockHz;
  }
  /** Interarrival jitter in ms. */
  get jitterMs() {
    return (this.#jitter * 1000) / this.#clockHz;
  }
  /** Counts a packet and tells its unwrapped number. */
  count({ sequence, timestamp }, nowMs) {
    const number = this.#unwrapper.unwrap(sequence);
    this.#first ??= number;
    this.#highest = Math.max(this.#highest, number);
    this.#received++;
    const transit = ((nowMs * this.#clockHz) / 1000 - timestamp) % 2 ** 32;
    if (this.#transit !== undefined) {
      const difference = Math.abs(transit - this.#transit);
      if (difference < this.#clockHz) this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#transit = transit;
    return number;
  }
  senderReport(ntp, nowMs) {
    this.#lastSr = { middle: ntpMiddle(ntp), atMs: nowMs };
  }
  report(nowMs) {
    const expected = this.#first === undefined ? 0 : this.#highest - this.#first + 1;
    const inInterval = expected - this.#prior.expected;
    const lostInInterval = inInterval - (this.#received - this.#prior.received);
    this.#prior = { expected, received: this.#received };
    const fraction = inInterval > 0 && lostInInterval > 0 ? Math.floor((lostInInterval * 256) / inInterval) : 0;
    return {
      ssrc: this.#ssrc,
      fractionLost: Math.min(255, fraction),
      lost: Math.max(-0x80_0000, Math.min(0x7f_ffff, expected - this.#received)),
      highestSequence: (this.#highest - FIRST_CYCLE) >>> 0,
      jitter: Math.round(this.#jitter) >>> 0,
      lastSr: this.#lastSr?.middle ?? 0,
      delaySinceLastSr: this.#lastSr ? Math.round((nowMs - this.#lastSr.atMs) * 65.536) >>> 0 : 0,
    };
  }
}

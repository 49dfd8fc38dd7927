const CYCLE = 0x1_0000;
/**
 * Sequence numbers of 16 bits as numbers that go on rising when those begin again at 0. One that came late, up to
 * 32,768 behind the highest so far, gives its own lower number. The first one gives itself plus 65,536, so that
 * those which came before it, but arrive after, are still above 0.
 */
export class SequenceUnwrapper {
  #highest;
  unwrap(sequence) {
    const highest = this.#highest ?? CYCLE + sequence;
    const ahead = ((sequence - highest) << 16) >> 16; // the nearest such number, modulo 2^16
    const unwrapped = highest + ahead;
    this.#highest = Math.max(highest, unwrapped);
    return unwrapped;
  }
}

import { FormatError } from './format-error.ts';

/** ITU-T H.264 9.1: ue(v) codes at most 2^32 - 2, which has 31 leading zeros. */
const MAX_EXP_GOLOMB_ZEROS = 31;

/** A checked cursor over bits, most significant first. Reading past the end throws FormatError `truncated`. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#position;
  }

  get remainingBits(): number {
    return this.#bytes.length * 8 - this.#position;
  }

  bit(): 0 | 1 {
    const byte = this.#bytes[this.#position >>> 3];
    if (byte === undefined) throw this.#truncated(1);
    const shift = 7 - (this.#position & 7);
    this.#position += 1;
    return ((byte >>> shift) & 1) === 1 ? 1 : 0;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** An unsigned number of `count` bits, 0 to 32. */
  bits(count: number): number {
    if (count > this.remainingBits) throw this.#truncated(count);
    let value = 0;
    for (let index = 0; index < count; index += 1) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    if (count > this.remainingBits) throw this.#truncated(count);
    this.#position += count;
  }

  /** Unsigned Exp-Golomb, ITU-T H.264 9.1. */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > MAX_EXP_GOLOMB_ZEROS) throw new FormatError('malformed', 'Exp-Golomb code longer than 32 bits');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** Signed Exp-Golomb, ITU-T H.264 9.1.1. */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : 0 - code / 2;
  }

  /** Moves to the next byte boundary; stays when already on one. */
  align(): void {
    this.#position = (this.#position + 7) & ~7;
  }

  #truncated(count: number): FormatError {
    return new FormatError('truncated', `${count} bits wanted at ${this.#position}, ${this.remainingBits} there`);
  }
}

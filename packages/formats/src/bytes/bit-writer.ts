/** Collects bits, most significant first. The counterpart of BitReader, for records that are not made of whole bytes. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #current = 0;
  #filled = 0;

  /** Bits written so far. */
  get length(): number {
    return this.#bytes.length * 8 + this.#filled;
  }

  bit(value: number | boolean): this {
    this.#current = this.#current * 2 + (value ? 1 : 0);
    this.#filled += 1;
    if (this.#filled === 8) {
      this.#bytes.push(this.#current);
      this.#current = 0;
      this.#filled = 0;
    }
    return this;
  }

  /** The low `count` bits of `value`, 0 to 32 of them. */
  bits(value: number, count: number): this {
    for (let shift = count - 1; shift >= 0; shift -= 1) this.bit((value >>> shift) & 1);
    return this;
  }

  /** Fills up to a byte boundary with zeros. */
  align(): this {
    while (this.#filled > 0) this.bit(0);
    return this;
  }

  /** The bits, filled up to a whole byte with zeros. */
  finish(): Uint8Array<ArrayBuffer> {
    this.align();
    return Uint8Array.from(this.#bytes);
  }
}

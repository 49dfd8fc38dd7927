import { FormatError } from './format-error.ts';

// A byte order mark is a character like any other here, so that decode(encode(text)) is text.
const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A checked cursor over bytes. Numbers are big-endian unless the method says otherwise.
 * Reading past the end throws FormatError `truncated`; nothing is ever read as 0.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#position;
  }

  u8(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw this.#truncated(1);
    this.#position += 1;
    return value;
  }

  u16(): number {
    this.#need(2);
    return this.u8() * 0x100 + this.u8();
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  u24(): number {
    this.#need(3);
    return this.u8() * 0x1_0000 + this.u8() * 0x100 + this.u8();
  }

  i24(): number {
    return (this.u24() << 8) >> 8;
  }

  u32(): number {
    this.#need(4);
    return this.u8() * 0x100_0000 + this.u8() * 0x1_0000 + this.u8() * 0x100 + this.u8();
  }

  i32(): number {
    return this.u32() | 0;
  }

  u16le(): number {
    this.#need(2);
    return this.u8() + this.u8() * 0x100;
  }

  u32le(): number {
    this.#need(4);
    return this.u8() + this.u8() * 0x100 + this.u8() * 0x1_0000 + this.u8() * 0x100_0000;
  }

  /** IEEE 754 binary64. */
  f64(): number {
    const bytes = this.bytes(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  }

  /** The next `count` bytes as a view, not a copy: it lives and changes with what the reader was given. */
  bytes(count: number): Uint8Array {
    this.#need(count);
    const view = this.#bytes.subarray(this.#position, this.#position + count);
    this.#position += count;
    return view;
  }

  skip(count: number): void {
    this.#need(count);
    this.#position += count;
  }

  /** `count` bytes as UTF-8. Invalid sequences become U+FFFD: names written in another encoding are no reason to refuse a stream. */
  utf8(count: number): string {
    return utf8Decoder.decode(this.bytes(count));
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** Throws FormatError `trailing_bytes` unless all bytes were read. */
  expectEnd(): void {
    if (this.remaining > 0) throw new FormatError('trailing_bytes', `${this.remaining} bytes after the end`);
  }

  #need(count: number): void {
    if (count > this.remaining) throw this.#truncated(count);
  }

  #truncated(count: number): FormatError {
    return new FormatError('truncated', `${count} bytes wanted at ${this.#position}, ${this.remaining} there`);
  }
}

import { FormatError } from './format-error.ts';

const utf8Encoder = new TextEncoder();
const DEFAULT_INITIAL_BYTES = 64;

/**
 * Collects bytes in a buffer that grows by doubling. Numbers are big-endian unless the method says otherwise; each
 * is written modulo its width. Every method but `finish` returns the writer.
 */
export class ByteWriter {
  #buffer: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(initialBytes: number = DEFAULT_INITIAL_BYTES) {
    this.#buffer = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#claim(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#claim(2);
    this.#view.setUint16(at, value);
    return this;
  }

  i16(value: number): this {
    return this.u16(value);
  }

  u24(value: number): this {
    return this.u8(value >>> 16).u16(value);
  }

  i24(value: number): this {
    return this.u24(value);
  }

  u32(value: number): this {
    const at = this.#claim(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u16le(value: number): this {
    const at = this.#claim(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32le(value: number): this {
    const at = this.#claim(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** IEEE 754 binary64. */
  f64(value: number): this {
    const at = this.#claim(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#claim(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  /** The text's UTF-8 bytes, without a length. */
  utf8(text: string): this {
    return this.bytes(utf8Encoder.encode(text));
  }

  /** The bytes written. A copy of exact size: the writer may go on. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  /** Makes room for `count` bytes, which may replace the buffer and its view, and returns where they begin. */
  #claim(count: number): number {
    const at = this.#length;
    if (at + count > this.#buffer.length) this.#grow(at + count);
    this.#length = at + count;
    return at;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** The text's UTF-8 bytes, when they fit in `maxBytes`; otherwise FormatError `too_large`. */
export function utf8Bytes(text: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = utf8Encoder.encode(text);
  if (bytes.length > maxBytes) throw new FormatError('too_large', `text of ${bytes.length} bytes, at most ${maxBytes}`);
  return bytes;
}

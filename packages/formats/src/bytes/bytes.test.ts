import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../testing/hex.ts';
import { formatErrorCode } from '../testing/properties.ts';
import { BitReader } from './bit-reader.ts';
import { BitWriter } from './bit-writer.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

describe('ByteReader and ByteWriter', () => {
  const fields = [
    { name: 'u8', bytes: 1, values: fc.nat(0xff) },
    { name: 'u16', bytes: 2, values: fc.nat(0xffff) },
    { name: 'i16', bytes: 2, values: fc.integer({ min: -0x8000, max: 0x7fff }) },
    { name: 'u24', bytes: 3, values: fc.nat(0xff_ffff) },
    { name: 'i24', bytes: 3, values: fc.integer({ min: -0x80_0000, max: 0x7f_ffff }) },
    { name: 'u32', bytes: 4, values: fc.integer({ min: 0, max: 0xffff_ffff }) },
    { name: 'u16le', bytes: 2, values: fc.nat(0xffff) },
    { name: 'u32le', bytes: 4, values: fc.integer({ min: 0, max: 0xffff_ffff }) },
    { name: 'f64', bytes: 8, values: fc.double() },
  ] as const;

  it.each(fields)('$name reads what was written, and nothing past the end', ({ name, bytes, values }) => {
    fc.assert(
      fc.property(values, (value) => {
        const written = new ByteWriter(0)[name](value).finish();
        expect(written).toHaveLength(bytes);
        const reader = new ByteReader(written);
        expect(reader[name]()).toBe(value);
        expect([reader.position, reader.remaining]).toStrictEqual([bytes, 0]);
        const short = new ByteReader(written.subarray(0, bytes - 1));
        expect(formatErrorCode(() => short[name]())).toBe('truncated');
        expect(short.position).toBe(0);
      }),
    );
  });

  it('writes in the specification order of bytes', () => {
    const writer = new ByteWriter(1)
      .u8(0x01)
      .u16(0x0203)
      .i16(-2)
      .u24(0x040506)
      .u32(0x0708090a)
      .u32le(0x0b0c0d0e)
      .f64(1);
    expect(toHex(writer.utf8('é').bytes(hex('ff')).finish())).toBe(
      '010203fffe0405060708090a0e0d0c0b3ff0000000000000c3a9ff',
    );
    expect(writer).toHaveLength(27);
  });

  it('text comes back, byte order mark and all, and bad UTF-8 becomes U+FFFD', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const bytes = new ByteWriter().utf8(text).finish();
        expect(new ByteReader(bytes).utf8(bytes.length)).toBe(text);
      }),
    );
    expect(new ByteReader(hex('efbbbf61')).utf8(4)).toBe('\ufeffa');
    expect(new ByteReader(hex('61ff')).utf8(2)).toBe('a\ufffd');
  });

  it('gives views, counts, skips and ends', () => {
    const bytes = hex('01020304');
    const reader = new ByteReader(bytes);
    reader.skip(1);
    expect(reader.bytes(1).buffer).toBe(bytes.buffer);
    expect(formatErrorCode(() => reader.expectEnd())).toBe('trailing_bytes');
    expect(formatErrorCode(() => reader.skip(3))).toBe('truncated');
    expect(formatErrorCode(() => reader.bytes(0xffff_ffff))).toBe('truncated');
    expect(toHex(reader.rest())).toBe('0304');
    expect(formatErrorCode(() => reader.expectEnd())).toBeUndefined();
  });
});

describe('BitReader and BitWriter', () => {
  it('bits come back', () => {
    const field = fc
      .integer({ min: 1, max: 32 })
      .chain((count) => fc.tuple(fc.integer({ min: 0, max: 2 ** count - 1 }), fc.constant(count)));
    fc.assert(
      fc.property(fc.array(field), (list) => {
        const writer = new BitWriter();
        for (const [value, count] of list) writer.bits(value, count);
        const bits = new BitReader(writer.finish());
        for (const [value, count] of list) expect(bits.bits(count)).toBe(value);
        expect(bits.remainingBits).toBeLessThan(8);
      }),
    );
  });

  it.each([
    ['1', 0, 0],
    ['010', 1, 1],
    ['011', 2, -1],
    ['00100', 3, 2],
    ['00101', 4, -2],
    ['0001000', 7, 4],
    [`${'0'.repeat(31)}1${'1'.repeat(31)}`, 2 ** 32 - 2, -(2 ** 31 - 1)],
  ])('Exp-Golomb %s is %d unsigned and %d signed', (digits, unsigned, signed) => {
    const writer = new BitWriter();
    for (const digit of digits) writer.bit(digit === '1');
    const bytes = writer.finish();
    expect(new BitReader(bytes).ue()).toBe(unsigned);
    expect(new BitReader(bytes).se()).toBe(signed);
  });

  it('refuses to read past the end, and endless zeros', () => {
    expect(formatErrorCode(() => new BitReader(hex('ff')).bits(9))).toBe('truncated');
    expect(formatErrorCode(() => new BitReader(hex('ff')).skip(9))).toBe('truncated');
    expect(formatErrorCode(() => new BitReader(hex('')).bit())).toBe('truncated');
    expect(formatErrorCode(() => new BitReader(hex('00')).ue())).toBe('truncated');
    expect(formatErrorCode(() => new BitReader(hex('0000000000')).ue())).toBe('malformed');
  });

  it('aligns to the next byte', () => {
    const bits = new BitReader(hex('80ff'));
    bits.align();
    expect(bits.position).toBe(0);
    expect(bits.flag()).toBe(true);
    bits.align();
    expect(bits.bits(8)).toBe(0xff);
  });
});

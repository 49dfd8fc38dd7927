import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amfValue } from '../testing/amf-arbitrary.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { decodeAmf0 } from './amf0-decode.ts';
import { decodeAmf3 } from './amf3-decode.ts';
import { encodeAmf3 } from './amf3-encode.ts';
import { AmfEcmaArray, AmfTypedObject, AmfUnsupported, AmfXml, createAmfObject } from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

function object(fields: Record<string, AmfValue>): AmfObject {
  return Object.assign(createAmfObject(), fields);
}

const table: { name: string; value: AmfValue; bytes: string }[] = [
  { name: 'undefined', value: undefined, bytes: '00' },
  { name: 'null', value: null, bytes: '01' },
  { name: 'false', value: false, bytes: '02' },
  { name: 'true', value: true, bytes: '03' },
  { name: 'integer of one byte', value: 0x7f, bytes: '04 7f' },
  { name: 'integer of two bytes', value: 0x80, bytes: '04 8100' },
  { name: 'integer of three bytes', value: 0x4000, bytes: '04 818000' },
  { name: 'integer of four bytes', value: 0x20_0000, bytes: '04 80c08000' },
  { name: 'largest integer', value: 0x0fff_ffff, bytes: '04 bfffffff' },
  { name: 'smallest integer', value: -0x1000_0000, bytes: '04 c0808000' },
  { name: '-1', value: -1, bytes: '04 ffffffff' },
  { name: 'number past the integers', value: 0x1000_0000, bytes: '05 41b0000000000000' },
  { name: 'negative zero', value: -0, bytes: '05 8000000000000000' },
  { name: 'string', value: 'ab', bytes: '06 05 6162' },
  { name: 'empty string', value: '', bytes: '06 01' },
  { name: 'date', value: new Date(1000), bytes: '08 01 408f400000000000' },
  { name: 'array', value: [null], bytes: '09 03 01 01' },
  { name: 'array with names', value: new AmfEcmaArray(object({ a: true })), bytes: '09 01 03 61 03 01' },
  { name: 'object', value: object({ a: null }), bytes: '0a 0b 01 03 61 01 01' },
  { name: 'object with the empty name', value: object({ '': null }), bytes: '0a 13 01 01 01' },
  { name: 'typed object', value: new AmfTypedObject('P', object({ x: null })), bytes: '0a 0b 03 50 03 78 01 01' },
  { name: 'XML', value: new AmfXml('<a/>'), bytes: '0b 09 3c612f3e' },
  { name: 'byte array', value: hex('ff'), bytes: '0c 03 ff' },
];

describe('AMF3 values', () => {
  it.each(table)('$name', ({ value, bytes }) => {
    expect(toHex(encodeAmf3([value]))).toBe(bytes.replaceAll(' ', ''));
    expect(decodeAmf3(hex(bytes))).toStrictEqual([value]);
  });

  it('decode(encode(x)) is x', () => {
    fc.assert(
      fc.property(fc.array(amfValue('amf3'), { maxLength: 4 }), (values) => {
        // Not toStrictEqual, which takes a key named constructor for the class.
        expect(isDeepStrictEqual(decodeAmf3(encodeAmf3(values)), values)).toBe(true);
      }),
    );
  });

  it('reads references to strings, objects and classes', () => {
    expect(decodeAmf3(hex('06 05 6162 06 00'))).toStrictEqual(['ab', 'ab']);
    expect(decodeAmf3(hex('09 05 01 0a 0b 01 03 61 01 01 0a 02'))).toStrictEqual([
      [object({ a: null }), object({ a: null })],
    ]);
    // A class P with the sealed member x, then another object of the same class.
    const point = (x: number): AmfTypedObject => new AmfTypedObject('P', object({ x }));
    expect(decodeAmf3(hex('0a 13 03 50 03 78 04 01 0a 01 04 02'))).toStrictEqual([point(1), point(2)]);
  });

  it('puts dense elements behind names under their index', () => {
    expect(decodeAmf3(hex('09 03 03 61 03 01 02'))).toStrictEqual([new AmfEcmaArray(object({ a: true, 0: false }))]);
  });

  it('is read behind the avmplus marker, for that value only', () => {
    expect(decodeAmf0(hex('11 0a 0b 01 03 61 04 01 01 05'))).toStrictEqual([object({ a: 1 }), null]);
  });
});

describe('AMF3 bounds', () => {
  it('random and damaged bytes throw FormatError only', () => {
    const samples = table.map(({ bytes }) => hex(bytes));
    assertOnlyFormatErrors(decodeAmf3, hostileBytes(concat(...samples), ...samples));
  });

  it('reads 32 levels, the last with a date in it, and refuses 33 and 10,000', () => {
    const nested = (depth: number): Uint8Array =>
      concat(...Array.from({ length: depth }, () => hex('09 03 01')), hex('08 01 0000000000000000'));
    const [deepest] = decodeAmf3(nested(32));
    expect(toHex(encodeAmf3([deepest]))).toBe(toHex(nested(32)));
    expect(formatErrorCode(() => decodeAmf3(nested(33)))).toBe('too_deep');
    expect(formatErrorCode(() => decodeAmf3(nested(10_000)))).toBe('too_deep');
    expect(formatErrorCode(() => encodeAmf3([[deepest]]))).toBe('too_deep');
    expect(formatErrorCode(() => decodeAmf0(concat(hex('0a 00000001 11'), nested(32))))).toBe('too_deep');
  });

  it('bounds what string and class references stand for', () => {
    const long = encodeAmf3(['x'.repeat(100_000)]);
    const references = concat(...Array.from({ length: 200 }, () => hex('06 00')));
    expect(formatErrorCode(() => decodeAmf3(concat(long, references)))).toBe('too_large');
    const named = concat(hex('0a 13 01 8c9a41'), new Uint8Array(100_000).fill(0x61), hex('01'));
    const again = concat(...Array.from({ length: 200 }, () => hex('0a 01 01')));
    expect(formatErrorCode(() => decodeAmf3(named))).toBeUndefined();
    expect(formatErrorCode(() => decodeAmf3(concat(named, again)))).toBe('too_large');
  });

  it.each([
    ['array of 2^28 - 1', '09 ffffffff 01', 'truncated'],
    ['string of 2^28 - 1', '06 ffffffff 61', 'truncated'],
    ['byte array of 2^28 - 1', '0c ffffffff 61', 'truncated'],
    ['class of 2^25 - 1 members', '0a fffffff3 01', 'truncated'],
    ['string reference to nothing', '06 00', 'malformed'],
    ['object reference to nothing', '0a 00', 'malformed'],
    ['class reference to nothing', '0a 01', 'malformed'],
    ['array that contains itself', '09 03 01 09 00', 'unsupported'],
    ['externalizable class', '0a 07 03 50', 'unsupported'],
    ['vector', '0d 03 00 00000001', 'unsupported'],
    ['dictionary', '11 01 00', 'unsupported'],
    ['marker past the last', '12', 'malformed'],
  ])('%s', (_name, bytes, code) => {
    expect(formatErrorCode(() => decodeAmf3(hex(bytes)))).toBe(code);
  });

  it('refuses to write what AMF3 cannot say', () => {
    expect(formatErrorCode(() => encodeAmf3([new AmfUnsupported()]))).toBe('unsupported');
    expect(formatErrorCode(() => encodeAmf3([new AmfEcmaArray({ '': 1 })]))).toBe('unsupported');
  });
});

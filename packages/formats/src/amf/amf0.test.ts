import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amfValue } from '../testing/amf-arbitrary.ts';
import { concat, hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { decodeAmf0 } from './amf0-decode.ts';
import { encodeAmf0 } from './amf0-encode.ts';
import {
  AMF_MAX_BYTES,
  AMF_MAX_VALUES,
  AmfEcmaArray,
  AmfTypedObject,
  AmfUnsupported,
  AmfXml,
  createAmfObject,
  isAmfObject,
} from './value.ts';
import type { AmfObject, AmfValue } from './value.ts';

function object(fields: Record<string, AmfValue>): AmfObject {
  return Object.assign(createAmfObject(), fields);
}

const table: { name: string; value: AmfValue; bytes: string }[] = [
  { name: 'number', value: 1, bytes: '00 3ff0000000000000' },
  { name: 'negative zero', value: -0, bytes: '00 8000000000000000' },
  { name: 'true', value: true, bytes: '01 01' },
  { name: 'false', value: false, bytes: '01 00' },
  { name: 'string', value: 'live', bytes: '02 0004 6c697665' },
  { name: 'string of more than ASCII', value: '直播', bytes: '02 0006 e79bb4e692ad' },
  { name: 'object', value: object({ app: 'a' }), bytes: '03 0003 617070 02 0001 61 0000 09' },
  { name: 'object with the empty name', value: object({ '': null }), bytes: '03 0000 05 0000 09' },
  { name: 'null', value: null, bytes: '05' },
  { name: 'undefined', value: undefined, bytes: '06' },
  {
    name: 'ECMA array',
    value: new AmfEcmaArray(object({ w: 2 })),
    bytes: '08 00000001 0001 77 00 4000000000000000 0000 09',
  },
  { name: 'strict array', value: [null, true], bytes: '0a 00000002 05 01 01' },
  { name: 'date', value: new Date(1000), bytes: '0b 408f400000000000 0000' },
  { name: 'unsupported', value: new AmfUnsupported(), bytes: '0d' },
  { name: 'XML', value: new AmfXml('<a/>'), bytes: '0f 00000004 3c612f3e' },
  { name: 'typed object', value: new AmfTypedObject('P', object({ x: null })), bytes: '10 0001 50 0001 78 05 0000 09' },
  { name: 'byte array, as AMF3', value: hex('0102'), bytes: '11 0c 05 0102' },
];

describe('AMF0 values', () => {
  it.each(table)('$name', ({ value, bytes }) => {
    expect(toHex(encodeAmf0([value]))).toBe(bytes.replaceAll(' ', ''));
    expect(decodeAmf0(hex(bytes))).toStrictEqual([value]);
  });

  it('writes a string of more than 65,535 bytes as a long string', () => {
    const text = 'x'.repeat(65_536);
    const bytes = encodeAmf0([text]);
    expect(toHex(bytes.subarray(0, 5))).toBe('0c00010000');
    expect(decodeAmf0(bytes)).toStrictEqual([text]);
  });

  it('decode(encode(x)) is x', () => {
    fc.assert(
      fc.property(fc.array(amfValue('amf0'), { maxLength: 4 }), (values) => {
        // Not toStrictEqual, which takes a key named constructor for the class.
        expect(isDeepStrictEqual(decodeAmf0(encodeAmf0(values)), values)).toBe(true);
      }),
    );
  });

  it('reads the connect command ffmpeg 5.1 sends', () => {
    const bytes = hex(`02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 02 0004 6c697665 0004 74797065
      02 000a 6e6f6e70726976617465 0000 09`);
    expect(decodeAmf0(bytes)).toStrictEqual(['connect', 1, object({ app: 'live', type: 'nonprivate' })]);
  });

  it('takes __proto__ for a key', () => {
    const [value] = decodeAmf0(hex('03 0009 5f5f70726f746f5f5f 03 0001 78 01 01 0000 09 0000 09'));
    expect(value !== undefined && isAmfObject(value) && Object.keys(value)).toStrictEqual(['__proto__']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('AMF0 references', () => {
  it('gives the object referred to', () => {
    const [values] = decodeAmf0(hex('0a 00000002 03 0001 61 05 0000 09 07 0001'));
    expect(values).toStrictEqual([object({ a: null }), object({ a: null })]);
  });

  it('refuses a reference to nothing and to a value that contains it', () => {
    expect(formatErrorCode(() => decodeAmf0(hex('07 0000')))).toBe('malformed');
    expect(formatErrorCode(() => decodeAmf0(hex('0a 00000001 07 0000')))).toBe('unsupported');
  });

  it('counts the depth of what is referred to', () => {
    // Each array contains the one before it, so the last of n is n deep although none is nested on the wire.
    const chain = (count: number): Uint8Array => {
      const links = Array.from({ length: count }, (_, index) =>
        hex(`0a 00000001 07 ${index.toString(16).padStart(4, '0')}`),
      );
      return concat(hex('0a 00000000'), ...links);
    };
    expect(decodeAmf0(chain(31))).toHaveLength(32);
    expect(formatErrorCode(() => decodeAmf0(chain(32)))).toBe('too_deep');
  });

  it('bounds what references stand for', () => {
    // Sixteen references to the one before: 16^7 times the first 1,000 bytes.
    const level = (index: number): Uint8Array =>
      concat(hex('0a 00000010'), ...Array.from({ length: 16 }, () => hex(`07 000${index}`)));
    const first = concat(hex('0a 00000001'), encodeAmf0(['x'.repeat(1000)]));
    const bytes = concat(first, ...Array.from({ length: 8 }, (_, index) => level(index)));
    expect(formatErrorCode(() => decodeAmf0(bytes))).toBe('too_large');
  });
});

describe('AMF0 bounds', () => {
  it('random and damaged bytes throw FormatError only', () => {
    const samples = table.map(({ bytes }) => hex(bytes));
    assertOnlyFormatErrors(decodeAmf0, hostileBytes(concat(...samples), ...samples));
  });

  const nested = (depth: number): Uint8Array =>
    concat(...Array.from({ length: depth }, () => hex('0a 00000001')), hex('05'));

  it('reads 32 levels and refuses 33 and 10,000', () => {
    expect(decodeAmf0(nested(32))).toHaveLength(1);
    expect(formatErrorCode(() => decodeAmf0(nested(33)))).toBe('too_deep');
    expect(formatErrorCode(() => decodeAmf0(nested(10_000)))).toBe('too_deep');
  });

  it('writes 32 levels, and refuses more and cycles', () => {
    const [deepest] = decodeAmf0(nested(32));
    expect(toHex(encodeAmf0([deepest]))).toBe(toHex(nested(32)));
    expect(formatErrorCode(() => encodeAmf0([[deepest]]))).toBe('too_deep');
    const cycle: AmfValue[] = [];
    cycle.push(cycle);
    expect(formatErrorCode(() => encodeAmf0([cycle]))).toBe('too_deep');
  });

  it.each([
    ['strict array of 0xFFFFFFFF', '0a ffffffff 05', 'truncated'],
    ['ECMA array of 0xFFFFFFFF', '08 ffffffff 0000 09', 'truncated'],
    ['long string of 0xFFFFFFFF', '0c ffffffff 61', 'truncated'],
    ['XML of 0xFFFFFFFF', '0f ffffffff 61', 'truncated'],
    ['string past the end', '02 0005 61', 'truncated'],
    ['object without its end', '03 0001 61 05', 'truncated'],
    ['number cut off', '00 3ff0', 'truncated'],
    ['object end marker as a value', '09', 'malformed'],
    ['reserved MovieClip', '04', 'malformed'],
    ['reserved RecordSet', '0e', 'malformed'],
    ['marker past the last', '12', 'malformed'],
  ])('%s', (_name, bytes, code) => {
    expect(formatErrorCode(() => decodeAmf0(hex(bytes)))).toBe(code);
  });

  it('takes an ECMA array whose count is wrong', () => {
    expect(decodeAmf0(hex('08 00000000 0001 61 05 0000 09'))).toStrictEqual([new AmfEcmaArray(object({ a: null }))]);
  });

  it('refuses more than 262,144 values and more than 16 MiB', () => {
    expect(decodeAmf0(new Uint8Array(AMF_MAX_VALUES).fill(5)).length).toBe(AMF_MAX_VALUES);
    expect(formatErrorCode(() => decodeAmf0(new Uint8Array(AMF_MAX_VALUES + 1).fill(5)))).toBe('too_large');
    expect(formatErrorCode(() => decodeAmf0(new Uint8Array(AMF_MAX_BYTES + 1)))).toBe('too_large');
    expect(formatErrorCode(() => encodeAmf0(['x'.repeat(AMF_MAX_BYTES + 1)]))).toBe('too_large');
    expect(formatErrorCode(() => encodeAmf0([{ ['x'.repeat(65_536)]: 1 }]))).toBe('too_large');
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../testing/properties.ts';
import { joinLengthPrefixed, splitLengthPrefixed } from './length-prefixed.ts';

describe('NAL units after their lengths', () => {
  it.each([
    [1, '02 6501 01 66'],
    [2, '0002 6501 0001 66'],
    [4, '00000002 6501 00000001 66'],
  ])('of %d bytes, as views', (lengthBytes, digits) => {
    const data = hex(digits);
    const units = splitLengthPrefixed(data, lengthBytes);
    expect(units.map(toHex)).toStrictEqual(['6501', '66']);
    expect(units.every((unit) => unit.buffer === data.buffer)).toBe(true);
  });

  it('split(join(x)) is x, without empty ones', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (units) => {
        const present = units.filter((unit) => unit.length > 0);
        expect(splitLengthPrefixed(joinLengthPrefixed(units), 4).map(toHex)).toStrictEqual(present.map(toHex));
      }),
    );
  });

  it.each([
    ['00000003 6501', 4, 'truncated'],
    ['000000', 4, 'truncated'],
    ['ffffffff 65', 4, 'truncated'],
    ['000001 65', 3, 'unsupported'],
    ['01 65'.repeat(1024), 1, undefined],
    ['01 65'.repeat(1025), 1, 'too_large'],
  ])('answers %.20s in lengths of %d bytes', (digits, lengthBytes, code) => {
    expect(formatErrorCode(() => splitLengthPrefixed(hex(digits), lengthBytes))).toBe(code);
  });

  it('random and damaged bytes throw FormatError only', () => {
    assertOnlyFormatErrors((bytes) => splitLengthPrefixed(bytes, 4), hostileBytes(hex('00000002 6501 00000001 66')));
    assertOnlyFormatErrors((bytes) => splitLengthPrefixed(bytes, 1), hostileBytes());
  });
});

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceUnwrapper } from './sequence.ts';
describe('SequenceUnwrapper', () => {
  it.each([
    ['begins with the value and a cycle', [7], [65_543]],
    ['goes on over the end', [65_534, 65_535, 0, 1], [131_070, 131_071, 131_072, 131_073]],
    ['takes late ones back, and goes on from the highest', [10, 8, 11], [65_546, 65_544, 65_547]],
    ['takes late ones back over the beginning', [1, 65_535, 2], [65_537, 65_535, 65_538]],
    ['never goes below 0', [0, 32_768], [65_536, 32_768]],
    ['takes up to 32,767 as ahead', [0, 32_767, 65_534], [65_536, 98_303, 131_070]],
  ])('%s', (_name, sequences, expected) => {
    const unwrapper = new SequenceUnwrapper();
    expect(sequences.map((sequence) => unwrapper.unwrap(sequence))).toStrictEqual(expected);
  });
  it('gives packets in any near order the number they were sent with', () => {
    const steps = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(0xffff), steps, (first, offsets) => {
        const unwrapper = new SequenceUnwrapper();
        expect(unwrapper.unwrap(first)).toBe(first + 65_536);
        for (const [index, offset] of offsets.entries()) {
          const sent = first + 65_536 + index * 500 + offset;
          expect(unwrapper.unwrap(sent & 0xffff)).toBe(sent);
        }
      }),
    );
  });
});

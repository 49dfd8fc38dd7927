import * as fc from 'fast-check';
import { expect } from 'vitest';
import { FormatError } from '../bytes/format-error.ts';

/** Bytes of a codec: plain random ones, or `samples` with a few bytes changed or the end cut off, which get further in. */
export function hostileBytes(...samples: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const random = fc.uint8Array({ maxLength: 300 });
  if (samples.length === 0) return random;
  const change = fc.record({ at: fc.nat(400), value: fc.nat(255) });
  const damaged = fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 4 }), fc.nat(400))
    .map(([sample, changes, length]) => {
      const bytes = sample.slice(0, length);
      for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
      return bytes;
    });
  return fc.oneof(random, damaged);
}

/** Asserts that decoding any such bytes gives a value or throws FormatError, and nothing else. */
export function assertOnlyFormatErrors(decode: (bytes: Uint8Array) => unknown, bytes: fc.Arbitrary<Uint8Array>): void {
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        decode(input);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
}

/** The code of the FormatError that `run` throws; undefined when it throws nothing. Other errors go through. */
export function formatErrorCode(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

/** Asserts that decode(encode(x)) is x. */
export function assertRoundTrip<T>(
  values: fc.Arbitrary<T>,
  codec: { encode: (value: T) => Uint8Array; decode: (bytes: Uint8Array) => unknown },
): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(codec.decode(codec.encode(value))).toEqual(value);
    }),
  );
}

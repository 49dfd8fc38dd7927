import * as fc from 'fast-check';

/** Lengths around the packets' bounds, and now and then a long one. */
const length = fc.oneof(fc.nat(40), fc.integer({ min: 55, max: 70 }), fc.nat(2000));

/** NAL units of H.264 with any of the types 1 to 23. */
export const h264Unit: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(3), fc.integer({ min: 1, max: 23 }), length, fc.nat(255))
  .map(([reference, type, size, fill]) => unitOf([(reference << 5) | type], size, fill));

/** NAL units of H.265 with any of the types 0 to 47, layers and temporal ids. */
export const h265Unit: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(47), fc.nat(63), fc.integer({ min: 1, max: 7 }), length, fc.nat(255))
  .map(([type, layer, temporal, size, fill]) =>
    unitOf([(type << 1) | (layer >> 5), ((layer & 0x1f) << 3) | temporal], size, fill),
  );

export const packOptions: fc.Arbitrary<{ maxPayloadBytes: number; headroomBytes: number }> = fc.record({
  maxPayloadBytes: fc.oneof(fc.constant(64), fc.integer({ min: 64, max: 1400 })),
  headroomBytes: fc.constantFrom(0, 12, 60),
});

function unitOf(header: number[], size: number, fill: number): Uint8Array {
  return Uint8Array.from([...header, ...Array.from({ length: size }, (_, index) => (fill + index * 7) & 0xff)]);
}

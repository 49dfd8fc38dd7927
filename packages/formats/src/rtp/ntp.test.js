import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msOfNtp, ntpMiddle, ntpOfMs } from './ntp.ts';
describe('NTP time', () => {
  it.each([
    ['1970', 0, { seconds: 0x83aa_7e80, fraction: 0 }],
    ['a half second', 500, { seconds: 0x83aa_7e80, fraction: 0x8000_0000 }],
    ['the last second of the era', 2_085_978_495_000, { seconds: 0xffff_ffff, fraction: 0 }],
    ['the next era, in 2036', 2_085_978_496_250, { seconds: 0, fraction: 0x4000_0000 }],
  ])('%s', (_name, ms, ntp) => {
    expect(ntpOfMs(ms)).toStrictEqual(ntp);
    expect(msOfNtp(ntp)).toBe(ms);
  });
  it('comes back within a microsecond', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), (ms) => {
        expect(Math.abs(msOfNtp(ntpOfMs(ms)) - ms)).toBeLessThan(0.001);
      }),
    );
  });
  it('has a middle', () => {
    expect(ntpMiddle({ seconds: 0x1234_b705, fraction: 0x2000_ffff })).toBe(0xb705_2000);
  });
});

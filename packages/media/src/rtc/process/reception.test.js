import { encodeRtcp, ntpOfMs, parseRtcp } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { Reception } from './reception.ts';
const CLOCK_HZ = 8000;
const packets = (reception, sequences) => {
  for (const sequence of sequences) reception.count({ sequence, timestamp: 0 }, 0);
};
const range = (from, to) => Array.from({ length: to - from }, (_, index) => from + index);
const sent = (report) => {
  const [parsed] = parseRtcp(encodeRtcp([{ type: 'rr', ssrc: 1, reports: [report] }]));
  return parsed?.type === 'rr' ? parsed.reports[0] : undefined;
};
describe('Reception', () => {
  // RFC 3550, A.3.
  it.each([
    { name: 'nothing lost', came: range(100, 200), lost: 0, fractionLost: 0, highestSequence: 199 },
    {
      name: 'a quarter lost',
      came: range(0, 100).filter((number) => number % 4 !== 1),
      lost: 25,
      fractionLost: 64,
      highestSequence: 99,
    },
    { name: 'duplicates', came: [...range(0, 10), ...range(0, 5)], lost: -5, fractionLost: 0, highestSequence: 9 },
    { name: 'another order', came: [5, 7, 6, 8], lost: 0, fractionLost: 0, highestSequence: 8 },
    {
      name: 'a full turn',
      came: range(65_530, 65_546).map((n) => n & 0xffff),
      lost: 0,
      fractionLost: 0,
      highestSequence: 0x1_0009,
    },
    { name: 'no packet', came: [], lost: 0, fractionLost: 0, highestSequence: undefined },
  ])('counts $name', ({ name: _name, came, highestSequence, ...expected }) => {
    const reception = new Reception(7, CLOCK_HZ);
    packets(reception, came);
    const report = reception.report(0);
    expect(report).toMatchObject({ ssrc: 7, ...expected, jitter: 0, lastSr: 0, delaySinceLastSr: 0 });
    if (highestSequence !== undefined) expect(report.highestSequence).toBe(highestSequence);
    expect(sent(report)).toEqual(report);
  });
  it('tells the share of each interval, and the sum of all', () => {
    const reception = new Reception(7, CLOCK_HZ);
    packets(reception, [...range(0, 5), 9]);
    expect(reception.report(0)).toMatchObject({ lost: 4, fractionLost: Math.floor((4 * 256) / 10) });
    packets(reception, range(10, 20));
    expect(reception.report(0)).toMatchObject({ lost: 4, fractionLost: 0 });
    expect(reception.report(0)).toMatchObject({ lost: 4, fractionLost: 0 });
    packets(reception, [5, 6]); // sent again
    expect(reception.report(0)).toMatchObject({ lost: 2, fractionLost: 0 });
  });
  it('bounds what it tells to 24 bits', () => {
    const reception = new Reception(7, CLOCK_HZ);
    for (let turn = 0; turn < 700; turn++) packets(reception, [0, 16_000, 32_000, 48_000]);
    expect(reception.report(0)).toMatchObject({ lost: 0x7f_ffff, fractionLost: 255 });
  });
  // RFC 3550, A.8: J += (|D| - J) / 16.
  it('smooths the jitter', () => {
    const reception = new Reception(7, CLOCK_HZ);
    const transits = [0, 8, 8, 24];
    for (const [index, transit] of transits.entries())
      reception.count({ sequence: index, timestamp: index * 160 }, (index * 160 + transit) / 8);
    let expected = 0;
    for (const difference of [8, 0, 16]) expected += (difference - expected) / 16;
    expect(reception.jitterMs).toBeCloseTo(expected / 8);
    expect(reception.report(0).jitter).toBe(Math.round(expected));
  });
  it('takes no leap of a source’s clock for jitter', () => {
    const reception = new Reception(7, CLOCK_HZ);
    reception.count({ sequence: 1, timestamp: 0xffff_ff00 }, 1000);
    reception.count({ sequence: 2, timestamp: 0xffff_ff00 + 160 - 2 ** 32 }, 1020);
    reception.count({ sequence: 3, timestamp: 77_000_000 }, 1040);
    expect(reception.jitterMs).toBe(0);
  });
  it('answers the last sender report (RFC 3550, 6.4.1)', () => {
    const reception = new Reception(7, CLOCK_HZ);
    packets(reception, [1]);
    reception.senderReport({ seconds: 0xb44d_b705, fraction: 0x2000_0000 }, 1000);
    const report = reception.report(1000 + 5250);
    expect(report).toMatchObject({ lastSr: 0xb705_2000, delaySinceLastSr: 5.25 * 65_536 });
    expect(sent(report)).toEqual(report);
    reception.senderReport(ntpOfMs(Date.UTC(2040, 0, 1)), 2000);
    expect(sent(reception.report(2001))).toMatchObject({ delaySinceLastSr: 66 });
  });
});

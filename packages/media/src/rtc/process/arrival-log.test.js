import { encodeRtcp, parseRtcp } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { ArrivalLog } from './arrival-log.ts';
const NOW_MS = 1_800_000_000_000;
const TO = { ssrc: 1, mediaSsrc: 2 };
/** Feedback as its receiver reads it: number → arrival in ms after `NOW_MS`. */
function told(log) {
  const feedback = log.take(TO);
  if (!feedback) return undefined;
  const [parsed] = parseRtcp(encodeRtcp([feedback]));
  if (parsed?.type !== 'transport-cc') throw new Error('no feedback');
  expect(parsed).toEqual(feedback);
  // 24 bits of 64 ms: the receiver only compares them with each other.
  const reference = Math.floor(NOW_MS / 64);
  let units = (((parsed.referenceTime - (reference & 0xff_ffff)) << 8) >> 8) * 256 + (reference * 64 - NOW_MS) * 4;
  const arrivals = parsed.arrivals.map((delta) => {
    if (delta === undefined) return undefined;
    units += delta;
    return units / 4;
  });
  return { base: parsed.baseSequence, count: parsed.feedbackCount, arrivals };
}
describe('ArrivalLog', () => {
  it('tells when each packet came since the last time, to a quarter of a ms', () => {
    const log = new ArrivalLog();
    for (const [sequence, ms] of [
      [7, 0],
      [8, 0.25],
      [9, 1.5],
      [11, 70],
      [10, 75],
    ])
      log.add(sequence, NOW_MS + ms);
    expect(told(log)).toEqual({ base: 7, count: 0, arrivals: [0, 0.25, 1.5, 75, 70] });
    expect(told(log)).toBeUndefined();
    log.add(14, NOW_MS + 200);
    expect(told(log)).toEqual({ base: 12, count: 1, arrivals: [undefined, undefined, 200] });
  });
  it('goes on over the end of 16 bits', () => {
    const log = new ArrivalLog();
    for (const [index, sequence] of [65_534, 65_535, 0, 1].entries()) log.add(sequence, NOW_MS + index);
    expect(told(log)).toEqual({ base: 65_534, count: 0, arrivals: [0, 1, 2, 3] });
    log.add(2, NOW_MS + 9);
    expect(told(log)).toMatchObject({ base: 2, arrivals: [9] });
  });
  it('does not tell again of what it told, and not of what comes after it said lost', () => {
    const log = new ArrivalLog();
    for (const sequence of [1, 3]) log.add(sequence, NOW_MS);
    expect(told(log)?.arrivals).toEqual([0, undefined, 0]);
    for (const sequence of [2, 3]) log.add(sequence, NOW_MS + 5);
    expect(told(log)).toBeUndefined();
  });
  it('tells of many in several', () => {
    const log = new ArrivalLog();
    for (let sequence = 0; sequence < 1000; sequence++) log.add(sequence, NOW_MS + sequence);
    const parts = [told(log), told(log), told(log), told(log)];
    expect(parts.map((part) => part?.arrivals.length)).toEqual([400, 400, 200, undefined]);
    expect(parts.map((part) => part?.base)).toEqual([0, 400, 800, undefined]);
    expect(parts.flatMap((part) => part?.arrivals ?? [])).toEqual(Array.from({ length: 1000 }, (_, ms) => ms));
  });
  it('says lost of what no 16 bits can tell', () => {
    const log = new ArrivalLog();
    log.add(1, NOW_MS);
    log.add(2, NOW_MS + 9000);
    log.add(3, NOW_MS + 10);
    expect(told(log)?.arrivals).toEqual([0, undefined, 10]);
  });
  it('begins anew after a leap, again and again', () => {
    const log = new ArrivalLog();
    for (let leap = 0; leap < 10_000; leap++) log.add((leap * 5000) & 0xffff, NOW_MS + leap);
    const last = (9999 * 5000) & 0xffff;
    expect(told(log)).toMatchObject({ base: last, arrivals: [9999] });
    log.add(last + 1, NOW_MS + 10_000);
    expect(told(log)).toMatchObject({ base: last + 1, arrivals: [10_000] });
  });
  it('keeps a bounded number while nobody asks, and is of use afterwards', () => {
    const log = new ArrivalLog();
    for (let number = 0; number < 50_000; number++) log.add(number & 0xffff, NOW_MS + number / 10);
    let kept = 0;
    for (let part = told(log); part; part = told(log)) kept += part.arrivals.length;
    expect(kept).toBeLessThanOrEqual(4096);
    log.add(50_000, NOW_MS + 5000);
    expect(told(log)).toMatchObject({ base: 50_000, arrivals: [5000] });
  });
});

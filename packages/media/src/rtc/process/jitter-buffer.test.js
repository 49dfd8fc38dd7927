import { SequenceUnwrapper } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { rtpPacket } from '../../testing/rtp.ts';
import { JitterBuffer } from './jitter-buffer.ts';
const PATIENCE_MS = 150;
const BEGAN_MS = 1_800_000_000_000;
/** What came out, in order: the packets' numbers, and `gap`. */
function bench() {
  const out = [];
  const buffer = new JitterBuffer({
    packet: ({ timestamp }) => out.push(timestamp),
    gap: () => out.push('gap'),
  });
  return {
    out,
    buffer,
    push: (nowMs, ...numbers) => {
      for (const number of numbers) buffer.push(number, rtpPacket({ timestamp: number }), BEGAN_MS + nowMs);
    },
    tick: (nowMs, patienceMs = PATIENCE_MS) => buffer.tick(BEGAN_MS + nowMs, patienceMs),
  };
}
describe('JitterBuffer', () => {
  it.each([
    { name: 'in order', came: [10, 11, 12], out: [10, 11, 12] },
    { name: 'two that changed places', came: [10, 12, 11, 13], out: [10, 11, 12, 13] },
    { name: 'the other way round', came: [10, 14, 13, 12, 11], out: [10, 11, 12, 13, 14] },
    { name: 'twice', came: [10, 11, 11, 10, 12, 12], out: [10, 11, 12] },
    { name: 'twice while it waits', came: [10, 12, 12, 11], out: [10, 11, 12] },
    { name: 'before the first', came: [10, 9, 11], out: [10, 11] },
    { name: 'over a jump ahead', came: [10, 11, 2000, 2001], out: [10, 11, 'gap', 2000, 2001] },
    { name: 'over a jump back', came: [5000, 5001, 10, 11], out: [5000, 5001, 'gap', 10, 11] },
    { name: 'over a jump with others waiting', came: [10, 12, 2000], out: [10, 'gap', 2000] },
  ])('gives packets $name', ({ came, out }) => {
    const { push, out: got, buffer } = bench();
    push(0, ...came);
    expect(got).toEqual(out);
    expect(buffer.isWaiting).toBe(false);
  });
  it('goes on where the numbers of 16 bits begin anew', () => {
    const { out, push, tick } = bench();
    const unwrapper = new SequenceUnwrapper();
    push(0, ...[65_534, 65_535, 1, 0, 2].map((sequence) => unwrapper.unwrap(sequence)));
    expect(out.map((number) => Number(number) & 0xffff)).toEqual([65_534, 65_535, 0, 1, 2]);
    push(0, unwrapper.unwrap(4));
    expect(tick(15)).toEqual([3]);
  });
  it('asks after 15 ms, again when an answer should have come, and gives up when its time is over', () => {
    const { out, push, tick, buffer } = bench();
    push(1000, 10, 13, 14);
    expect(tick(1000)).toEqual([]);
    expect(tick(1014)).toEqual([]);
    expect(tick(1015)).toEqual([11, 12]);
    expect(tick(1025)).toEqual([]);
    expect(tick(1114)).toEqual([]);
    expect(tick(1115)).toEqual([11, 12]); // 1.25 of the round trip that is assumed, 80 ms
    expect(tick(1150)).toEqual([]);
    expect(out).toEqual([10]);
    expect(tick(1151)).toEqual([]);
    expect(out).toEqual([10, 'gap', 'gap', 13, 14]);
    expect(buffer.isWaiting).toBe(false);
  });
  it('does not ask for what came by itself', () => {
    const { out, push, tick } = bench();
    push(0, 10, 12);
    push(14, 11);
    expect(tick(15)).toEqual([]);
    expect(out).toEqual([10, 11, 12]);
  });
  it('gives what came before a hole that is given up, and waits on for a younger one', () => {
    const { out, push, tick } = bench();
    push(0, 10, 12);
    push(100, 14);
    tick(151);
    expect(out).toEqual([10, 'gap', 12]);
    push(160, 13);
    expect(out).toEqual([10, 'gap', 12, 13, 14]);
  });
  it('leaves out what comes after it was given up', () => {
    const { out, push, tick } = bench();
    push(0, 10, 12);
    tick(151);
    push(152, 11, 13);
    expect(out).toEqual([10, 'gap', 12, 13]);
  });
  it('learns the round trip from what was asked for once', () => {
    const { push, tick, buffer } = bench();
    for (let number = 10; number < 400; number += 2) {
      const nowMs = number * 100;
      push(nowMs, number, number + 2);
      expect(tick(nowMs + 20)).toEqual([number + 1]);
      push(nowMs + 28, number + 1); // 8 ms
    }
    expect(buffer.rttMs).toBeCloseTo(8, 0);
    // Never more often than every 20 ms, and ten times at most.
    push(100_000, 402);
    const asks = Array.from({ length: 100 }, (_, index) => tick(100_015 + index * 10, 2000).length);
    expect(asks.slice(0, 5)).toEqual([1, 0, 1, 0, 1]);
    expect(asks.reduce((sum, count) => sum + count)).toBe(10);
  });
  it('keeps no more than a window of packets', () => {
    const { out, push, tick } = bench();
    push(0, 10);
    for (let number = 12; number <= 1034; number++) push(0, number);
    expect(out).toEqual([10]);
    expect(tick(15)).toEqual([11]);
    push(0, 1036); // 1,025 after the one that is missing
    expect(out).toEqual([10, 'gap', 1036]);
  });
});

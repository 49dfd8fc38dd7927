import { describe, expect, it, vi } from 'vitest';
import type { RoomReply } from './contract.ts';
import { ROOM_WAIT_MS, SpaceGuard } from './space-guard.ts';

function bench({ minFreeBytes = 100, quotaBytes }: { minFreeBytes?: number; quotaBytes?: number } = {}) {
  const state = { freeBytes: 1000 };
  const asked: string[] = [];
  let answer: ((reply: RoomReply | undefined) => void) | undefined;
  const guard = new SpaceGuard({
    minFreeBytes,
    quotaBytes,
    freeBytes: async () => state.freeBytes,
    ask: ({ reason, freeBytes, sizeBytes }) => {
      asked.push(`${reason} ${freeBytes} ${sizeBytes}`);
      return new Promise((resolve) => (answer = resolve));
    },
  });
  return { guard, state, asked, answer: (reply?: RoomReply) => answer?.(reply) };
}

describe('the guard of the disk', () => {
  it('tells before it stops, and lets what is written meanwhile have the reserve', async () => {
    const { guard, state, asked, answer } = bench();
    expect(await guard.check(5)).toBeUndefined();
    state.freeBytes = 99;
    expect(await guard.check(6)).toBeUndefined();
    await vi.waitFor(() => expect(asked).toEqual(['disk_full 99 6']));
    expect(await guard.check(7)).toBeUndefined();
    answer();
    await vi.waitFor(async () => expect(await guard.check(8)).toBe('disk_full'));
    expect(asked).toHaveLength(1);
  });

  it('goes on when there is room again, and asks again the next time', async () => {
    const { guard, state, asked, answer } = bench();
    for (const round of [1, 2]) {
      state.freeBytes = 50;
      expect(await guard.check(5)).toBeUndefined();
      await vi.waitFor(() => expect(asked).toHaveLength(round));
      state.freeBytes = 500;
      answer();
      await vi.waitFor(async () => expect(await guard.check(5)).toBeUndefined());
    }
  });

  it('asks before a quota is used up, and goes on up to it', async () => {
    const { guard, asked, answer } = bench({ quotaBytes: 800 });
    expect(await guard.check(600)).toBeUndefined();
    expect(await guard.check(701)).toBeUndefined();
    await vi.waitFor(() => expect(asked).toEqual(['quota 1000 701']));
    answer();
    await vi.waitFor(async () => expect(await guard.check(799)).toBeUndefined());
    expect(await guard.check(800)).toBe('quota');
  });

  it('a quota is not passed while an answer is on its way, which may raise it', async () => {
    const { guard, asked, answer } = bench({ quotaBytes: 800 });
    await guard.check(750);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const over = guard.check(900);
    await Promise.resolve();
    answer({ quotaBytes: 2000 });
    expect(await over).toBeUndefined();
    expect(await guard.check(1700)).toBeUndefined();
  });

  it('waits before the first byte, but not for ever', async () => {
    vi.useFakeTimers();
    const { guard, state } = bench();
    state.freeBytes = 0;
    const required = guard.require(0);
    await vi.advanceTimersByTimeAsync(ROOM_WAIT_MS);
    expect(await required).toBe('disk_full');
    vi.useRealTimers();
  });

  it('tries again where the disk refused, when somebody has made room', async () => {
    const { guard, state, answer, asked } = bench({ minFreeBytes: 0 });
    for (const [madeBytes, isWorthIt] of [
      [0, false],
      [500, true],
    ] as const) {
      const count = asked.length;
      const refused = guard.refused(9);
      await vi.waitFor(() => expect(asked.length).toBeGreaterThan(count));
      state.freeBytes += madeBytes;
      answer();
      expect(await refused).toBe(isWorthIt);
    }
  });
});

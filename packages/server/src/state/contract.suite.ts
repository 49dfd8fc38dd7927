import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Delivery, Listener, Position, StateCenter } from './contract.ts';

const PATIENT = { timeout: 10_000 };

type Make = (options: { historySize: number }) => Promise<StateCenter>;

const hear = (seen: Delivery[]): Listener => ({ deliver: (delivery) => void seen.push(delivery), reset: () => {} });
const say = (state: StateCenter, channel: string, event: string, data: unknown): Promise<Position> =>
  state.append(channel, { id: randomUUID(), event, data });

/** What every state center must do; `make` gives a fresh one that keeps `historySize` events per channel. */
export function stateCenterSuite(name: string, make: Make): void {
  const open: Make = async (options) => {
    const state = await make(options);
    onTestFinished(() => state.close());
    return state;
  };
  describe(`state center: ${name}`, () => {
    logTests(open);
    readTests(open);
    listenTests(open);
    groupTests(open);
    leaseTests(open);
    counterTests(open);
    closeTests(open);
  });
}

function logTests(make: Make): void {
  test('offsets rise by one per channel and subscribers see them in order', async () => {
    const state = await make({ historySize: 10 });
    const seen: Delivery[] = [];
    await state.subscribe('a', hear(seen));
    await say(state, 'a', 'one', { n: 1 });
    await say(state, 'b', 'other', {});
    await say(state, 'a', 'two', { n: 2 });
    await expect
      .poll(() => seen.map(({ event, position }) => [event, position?.offset]), PATIENT)
      .toEqual([
        ['one', 1],
        ['two', 2],
      ]);
  });

  test('concurrent appends all get a place, and every subscriber sees the same order', async () => {
    const state = await make({ historySize: 1000 });
    const [one, other]: [Delivery[], Delivery[]] = [[], []];
    await state.subscribe('a', hear(one));
    await state.subscribe('a', hear(other));
    const positions = await Promise.all(Array.from({ length: 500 }, (_, n) => say(state, 'a', 'tick', n)));
    expect(new Set(positions.map(({ offset }) => offset)).size).toBe(500);
    await expect.poll(() => [one.length, other.length], PATIENT).toEqual([500, 500]);
    expect(one.map(({ position }) => position?.offset)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
    expect(other).toEqual(one);
  });

  test('an event with a known id is not appended again, nor delivered again', async () => {
    const state = await make({ historySize: 10 });
    const seen: Delivery[] = [];
    await state.subscribe('a', hear(seen));
    const first = await state.append('a', { id: 'x', event: 'tick', data: 1 });
    expect(await state.append('a', { id: 'x', event: 'tick', data: 1 })).toEqual(first);
    expect(await state.position('a')).toEqual(first);
    await say(state, 'a', 'end', {});
    await expect.poll(() => seen.map(({ event }) => event), PATIENT).toEqual(['tick', 'end']);
  });

  test('an event keeps its data and its time', async () => {
    const state = await make({ historySize: 10 });
    const start = await state.position('a');
    const data = { text: '弹幕 " \\ \n 🎉', list: [1, null, { deep: true }], empty: {}, none: [] };
    await state.append('a', { id: 'x', event: 'chat.message', data, atMs: 1_700_000_000_123 });
    const { events } = await state.read('a', start);
    expect(events).toEqual([{ event: 'chat.message', data, atMs: 1_700_000_000_123, offset: 1 }]);
  });
}

function readTests(make: Make): void {
  test('a read within the history gives exactly what was missed', async () => {
    const state = await make({ historySize: 10 });
    const start = await state.position('a');
    for (const n of [1, 2, 3]) await say(state, 'a', 'tick', { n });
    const read = await state.read('a', { epoch: start.epoch, offset: 1 });
    expect(read.recovered).toBe(true);
    expect(read.position.offset).toBe(3);
    expect(read.events.map(({ data, offset }) => [data, offset])).toEqual([
      [{ n: 2 }, 2],
      [{ n: 3 }, 3],
    ]);
  });

  test('a long history is read whole, up to its last event', async () => {
    const state = await make({ historySize: 2500 });
    const start = await state.position('a');
    // Some at a time: what waits for its answer behind all of them is given up.
    for (let from = 0; from < 2600; from += 200)
      await Promise.all(Array.from({ length: 200 }, (_, n) => say(state, 'a', 'tick', from + n)));
    const read = await state.read('a', { ...start, offset: 100 });
    expect(read.recovered).toBe(true);
    expect(read.events.map(({ offset }) => offset)).toEqual(Array.from({ length: 2500 }, (_, n) => n + 101));
    expect((await state.read('a', { ...start, offset: 99 })).recovered).toBe(false);
  });

  test('a read at the head recovers nothing', async () => {
    const state = await make({ historySize: 10 });
    const head = await say(state, 'a', 'tick', {});
    expect(await state.read('a', head)).toEqual({ recovered: true, position: head, events: [] });
  });

  test.each([
    ['another epoch', { epoch: 'someone-elses', offset: 1 }],
    ['an offset of the future', { offset: 99 }],
    ['an offset older than the history', { offset: 0 }],
  ])('a read since %s is not recovered', async (_name, since) => {
    const state = await make({ historySize: 2 });
    let position = await state.position('a');
    for (const n of [1, 2, 3, 4]) position = await say(state, 'a', 'tick', { n });
    expect(await state.read('a', { ...position, ...since })).toEqual({ recovered: false, position, events: [] });
  });
}

function listenTests(make: Make): void {
  test('ephemeral events have no place and leave no trace', async () => {
    const state = await make({ historySize: 10 });
    const seen: Delivery[] = [];
    await state.subscribe('a', hear(seen));
    const before = await state.position('a');
    await state.publishEphemeral('a', 'blink', 1);
    await expect.poll(() => seen.length, PATIENT).toBe(1);
    expect(seen[0]).toMatchObject({ event: 'blink', data: 1 });
    expect(seen[0]?.position).toBeUndefined();
    expect(await state.position('a')).toEqual(before);
  });

  test('whoever subscribes later hears only what comes later', async () => {
    const state = await make({ historySize: 10 });
    const [early, late]: [Delivery[], Delivery[]] = [[], []];
    await state.subscribe('a', hear(early));
    await say(state, 'a', 'one', {});
    await state.subscribe('a', hear(late));
    await say(state, 'a', 'two', {});
    await expect.poll(() => early.map(({ event }) => event), PATIENT).toEqual(['one', 'two']);
    await expect.poll(() => late.map(({ event }) => event), PATIENT).toEqual(['two']);
  });

  test('after unsubscribing nothing is delivered, others go on, and subscribing again works', async () => {
    const state = await make({ historySize: 10 });
    const [gone, stays, back]: [Delivery[], Delivery[], Delivery[]] = [[], [], []];
    const unsubscribe = await state.subscribe('a', hear(gone));
    const leave = await state.subscribe('a', hear(stays));
    await unsubscribe();
    await unsubscribe();
    await say(state, 'a', 'one', {});
    await expect.poll(() => stays.length, PATIENT).toBe(1);
    const left = leave();
    await state.subscribe('a', hear(back));
    await left;
    await say(state, 'a', 'two', {});
    await expect.poll(() => back.map(({ event }) => event), PATIENT).toEqual(['two']);
    expect([gone.length, stays.length]).toEqual([0, 1]);
  });
}

function groupTests(make: Make): void {
  test('a member counts once, the peak stays, and leaving twice is leaving once', async () => {
    const state = await make({ historySize: 10 });
    expect(await state.counts(['a'])).toEqual(new Map([['a', { count: 0, peak: 0 }]]));
    for (const member of ['x', 'y', 'x']) expect(await state.enter('a', member)).toBe(true);
    await state.enter('b', 'x');
    expect(await state.counts(['a', 'b'])).toEqual(
      new Map([
        ['a', { count: 2, peak: 2 }],
        ['b', { count: 1, peak: 1 }],
      ]),
    );
    await state.leave('a', 'x');
    await state.leave('a', 'x');
    await state.leave('a', 'nobody');
    expect(await state.counts(['a'])).toEqual(new Map([['a', { count: 1, peak: 2 }]]));
    expect(await state.members('a', 10)).toEqual(['y']);
  });

  test('a limit holds under concurrent enters, and those inside may enter again', async () => {
    const state = await make({ historySize: 10 });
    const entered = await Promise.all(Array.from({ length: 50 }, (_, n) => state.enter('a', `m${n}`, 20)));
    expect(entered.filter(Boolean).length).toBe(20);
    const inside = `m${entered.indexOf(true)}`;
    expect(await state.enter('a', inside, 20)).toBe(true);
    expect(await state.enter('a', 'late', 20)).toBe(false);
    await state.leave('a', inside);
    expect(await state.enter('a', 'late', 20)).toBe(true);
    expect((await state.counts(['a'])).get('a')).toEqual({ count: 20, peak: 20 });
  });

  test('a leave follows the enter it was called after', async () => {
    const state = await make({ historySize: 10 });
    await Promise.all([state.enter('a', 'x'), state.leave('a', 'x')]);
    expect((await state.counts(['a'])).get('a')?.count).toBe(0);
    await Promise.all([state.enter('a', 'x'), state.leave('a', 'x'), state.enter('a', 'x')]);
    expect((await state.counts(['a'])).get('a')?.count).toBe(1);
  });

  test('members are given up to a limit', async () => {
    const state = await make({ historySize: 10 });
    const all = Array.from({ length: 30 }, (_, n) => `m${n}`);
    await Promise.all(all.map((member) => state.enter('a', member)));
    const some = await state.members('a', 10);
    expect(new Set(some).size).toBe(10);
    expect(all).toEqual(expect.arrayContaining(some));
    expect((await state.members('a', 100)).toSorted()).toEqual(all.toSorted());
    expect(await state.members('nobody-is-here', 10)).toEqual([]);
  });
}

function leaseTests(make: Make): void {
  test('a lease is held alone until it is released', async () => {
    const state = await make({ historySize: 10 });
    const taken = await Promise.all(Array.from({ length: 10 }, (_, n) => state.lease('a', `value ${n}`)));
    const [lease, ...others] = taken.filter((one) => one !== undefined);
    expect(others).toEqual([]);
    expect(lease).toMatchObject({ name: 'a', isHeld: true });
    const value = `value ${taken.indexOf(lease)}`;
    expect(await state.holders(['a', 'b'])).toEqual(new Map([['a', { nodeId: state.nodeId, value }]]));
    await lease?.release();
    expect(lease?.isHeld).toBe(false);
    expect(await state.holders(['a'])).toEqual(new Map());
    const next = await state.lease('a');
    await lease?.release();
    expect(next?.isHeld).toBe(true);
    expect(await state.holders(['a'])).toEqual(new Map([['a', { nodeId: state.nodeId, value: '' }]]));
  });
}

function counterTests(make: Make): void {
  test('counters add up, are read by 0, and end after their last change', async () => {
    const state = await make({ historySize: 10 });
    await Promise.all(Array.from({ length: 20 }, () => state.count('a', 2, 60_000)));
    expect(await state.count('a', 0, 60_000)).toBe(40);
    expect(await state.count('a', -1, 60_000)).toBe(39);
    expect(await state.count('b', 0, 60_000)).toBe(0);
    await state.clearCount('a');
    expect(await state.count('a', 0, 60_000)).toBe(0);
    await state.count('a', 5, 100);
    await expect.poll(() => state.count('a', 0, 60_000), PATIENT).toBe(0);
  });

  test('a bucket gives what it holds, to nobody more, and fills again', async () => {
    const state = await make({ historySize: 10 });
    // So slow that nothing comes back while the test runs.
    const slow = { burst: 5, perSecond: 1 / 3600 };
    const many = await Promise.all(Array.from({ length: 20 }, () => state.take('a', slow)));
    expect(many.filter((taken) => taken === 1)).toHaveLength(5);
    expect(await state.take('b', slow, 3)).toBe(3);
    expect(await state.take('b', slow, 3)).toBe(2);
    expect(await state.take('b', slow, 3)).toBe(0);
    const quick = { burst: 1, perSecond: 20 };
    expect(await state.take('c', quick)).toBe(1);
    await expect.poll(() => state.take('c', quick), PATIENT).toBe(1);
  });
}

function closeTests(make: Make): void {
  test('closing twice is closing once', async () => {
    const state = await make({ historySize: 10 });
    expect(state.health().ok).toBe(true);
    await state.enter('a', 'x');
    await state.lease('a');
    await Promise.all([state.close(), state.close()]);
    await state.close();
  });
}

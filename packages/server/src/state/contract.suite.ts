import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Delivery, Listener, Position, StateCenter } from './contract.ts';

const hear = (seen: Delivery[]): Listener => ({ deliver: (delivery) => void seen.push(delivery), reset: () => {} });
const say = (state: StateCenter, channel: string, event: string, data: unknown): Promise<Position> =>
  state.append(channel, { id: randomUUID(), event, data });

/** What every state center must do; `make` gives a fresh one that keeps `historySize` events per channel. */
export function stateCenterSuite(name: string, make: (options: { historySize: number }) => Promise<StateCenter>): void {
  describe(`state center: ${name}`, () => {
    test('offsets rise by one per channel and subscribers see them in order', async () => {
      const state = await make({ historySize: 10 });
      const seen: Delivery[] = [];
      await state.subscribe('a', hear(seen));
      await say(state, 'a', 'one', { n: 1 });
      await say(state, 'b', 'other', {});
      await say(state, 'a', 'two', { n: 2 });
      await expect
        .poll(() => seen.map(({ event, position }) => [event, position?.offset]))
        .toEqual([
          ['one', 1],
          ['two', 2],
        ]);
      await state.close();
    });

    test('an event with a known id is not appended again', async () => {
      const state = await make({ historySize: 10 });
      const first = await state.append('a', { id: 'x', event: 'tick', data: 1 });
      expect(await state.append('a', { id: 'x', event: 'tick', data: 1 })).toEqual(first);
      expect(await state.position('a')).toEqual(first);
      await state.close();
    });

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
      await state.close();
    });

    test('a read at the head recovers nothing', async () => {
      const state = await make({ historySize: 10 });
      const head = await say(state, 'a', 'tick', {});
      expect(await state.read('a', head)).toEqual({ recovered: true, position: head, events: [] });
      await state.close();
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
      await state.close();
    });

    test('ephemeral events have no place and leave no trace', async () => {
      const state = await make({ historySize: 10 });
      const seen: Delivery[] = [];
      await state.subscribe('a', hear(seen));
      const before = await state.position('a');
      await state.publishEphemeral('a', 'blink', 1);
      await expect.poll(() => seen.length).toBe(1);
      expect(seen[0]).toMatchObject({ event: 'blink', data: 1 });
      expect(seen[0]?.position).toBeUndefined();
      expect(await state.position('a')).toEqual(before);
      await state.close();
    });

    test('after unsubscribing nothing is delivered', async () => {
      const state = await make({ historySize: 10 });
      const seen: Delivery[] = [];
      const unsubscribe = await state.subscribe('a', hear(seen));
      await unsubscribe();
      await say(state, 'a', 'tick', {});
      expect(seen).toEqual([]);
      await state.close();
    });
  });
}

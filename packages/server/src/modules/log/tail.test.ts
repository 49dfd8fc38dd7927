import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import type { StateCenter } from '../../state/contract.ts';
import type { LogEntry, LogFilter } from './contract.ts';
import { LogTail } from './tail.ts';

const lineOf = (fields: object): string => JSON.stringify({ level: 30, time: 1, ...fields });

async function openNode(name: string, shared: StateCenter): Promise<LogTail> {
  // Two nodes on one state center differ by their ids.
  const state = Object.create(shared, { nodeId: { value: name } }) as StateCenter;
  for (const method of ['subscribe', 'publishEphemeral'] as const)
    Object.defineProperty(state, method, { value: shared[method].bind(shared) });
  const tail = new LogTail({ state, node: name, logger: pino({ level: 'silent' }), now: Date.now });
  await tail.start();
  onTestFinished(() => tail.stop());
  return tail;
}

function listen(tail: LogTail, filter: LogFilter = {}) {
  const heard: { entries: LogEntry[]; dropped: number } = { entries: [], dropped: 0 };
  const leave = tail.listen({
    filter,
    take: (entries, dropped) => {
      heard.entries.push(...entries);
      heard.dropped += dropped;
    },
  });
  return { heard, leave };
}

test('shows what all nodes say, as far as it fits, and nothing once nobody looks on', async () => {
  const state = new MemoryStateCenter({ now: Date.now });
  onTestFinished(() => state.close());
  const [one, other] = [await openNode('one', state), await openNode('other', state)];
  other.addLine(lineOf({ msg: 'before anybody looks' }), 30);
  const all = listen(one);
  const some = listen(one, { level: 'error', room: 'r1', text: 'BROKE 推流' });
  await until(() => {
    other.addLine(lineOf({ msg: 'from there', roomId: 'r1', reqId: 'q' }), 30);
    return all.heard.entries.length > 0;
  });
  one.addLine(lineOf({ msg: 'it broke: 推流', room: 'r1', module: 'live' }), 50);
  one.addLine(lineOf({ msg: 'it broke: 推流', room: 'r2' }), 50);
  one.addLine('no json', 50);
  await until(() => all.heard.entries.some(({ message }) => message === 'no json'));
  expect(all.heard.entries.find(({ message }) => message === 'from there')).toEqual({
    ...{ id: 0, at: 1, level: 'info', kind: 'app', node: 'other', requestId: 'q', room: 'r1' },
    ...{ message: 'from there', fields: {} },
  });
  expect(all.heard.entries.some(({ message }) => message === 'before anybody looks')).toBe(false);
  expect(some.heard.entries).toMatchObject([{ room: 'r1', level: 'error', fields: { module: 'live' } }]);
  for (const { leave } of [all, some]) leave();
  const before = all.heard.entries.length;
  one.addLine(lineOf({ msg: 'nobody looks' }), 30);
  expect(all.heard.entries.length).toBe(before);
  expect(one.listeners).toBe(0);
});

test('more lines than anybody can read are counted, not queued', async () => {
  const state = new MemoryStateCenter({ now: Date.now });
  onTestFinished(() => state.close());
  const tail = await openNode('one', state);
  const { heard } = listen(tail);
  for (let index = 0; index < 2000; index++) tail.addLine(lineOf({ msg: 'again' }), 30);
  await until(() => heard.entries.length > 0);
  expect([heard.entries.length, heard.dropped]).toEqual([500, 1500]);
});

import { expect, test } from 'vitest';
import { AlarmBook, byGravity, type Condition } from './alarms.ts';
import type { MonitorNode } from './contract.ts';

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;
const NOW = 1_800_000_000_000;

const WELL: MonitorNode = {
  ...{ id: 'node', name: 'host', version: '1', startedAt: 0, seenAt: 0, cpu: 0, cores: 2, rssBytes: 1, heapBytes: 1 },
  ...{ memoryTotalBytes: 2, memoryFreeBytes: 1, diskFreeBytes: 50 * GIB, diskTotalBytes: 100 * GIB },
  ...{ eventLoopDelayMs: 10, connections: 0, streams: 0, viewers: 0, inBps: 0, outBps: 0 },
  dependencies: [{ name: 'database', state: 'closed' }],
};
const GOOD: Condition = {
  node: WELL,
  engine: { ok: true, workers: 2, workersUp: 2 },
  state: { ok: true, sinceMs: NOW },
  certificateEndMs: NOW + 60 * DAY_MS,
  recording: [],
};

function book() {
  let nowMs = NOW;
  const bounds = { minFreeBytes: 2 * GIB, eventLoopDelayMs: 1000 };
  const alarms = new AlarmBook({ bounds, now: () => nowMs });
  return {
    judge: (changed: Partial<Condition> = {}) => alarms.judge({ ...GOOD, ...changed }),
    wait: (ms: number) => (nowMs += ms),
  };
}

const node = (changed: Partial<MonitorNode>): Partial<Condition> => ({ node: { ...WELL, ...changed } });

test('all is well', () => {
  expect(book().judge()).toEqual([]);
  expect(book().judge({ certificateEndMs: undefined, node: { ...WELL, diskFreeBytes: undefined } })).toEqual([]);
});

test.each<[string, Partial<Condition>, object | undefined]>([
  [
    'an open breaker',
    node({ dependencies: [{ name: 'redis', state: 'open' }] }),
    { kind: 'breaker_open', level: 'critical', subject: 'redis' },
  ],
  ['one that tries again', node({ dependencies: [{ name: 'redis', state: 'half-open' }] }), undefined],
  [
    'a state center that is away',
    { state: { ok: false, sinceMs: NOW - 5 } },
    { kind: 'state_unavailable', level: 'critical', since: NOW - 5 },
  ],
  [
    'a worker that is down',
    { engine: { ok: true, workers: 2, workersUp: 1 } },
    { kind: 'engine_worker_down', level: 'warning' },
  ],
  [
    'all workers down',
    { engine: { ok: false, workers: 2, workersUp: 0 } },
    { kind: 'engine_worker_down', level: 'critical' },
  ],
  ['a disk at twice the bound', node({ diskFreeBytes: 4 * GIB }), undefined],
  ['a disk nearly full', node({ diskFreeBytes: 4 * GIB - 1 }), { kind: 'disk_low', level: 'warning' }],
  [
    'a disk below the bound',
    node({ diskFreeBytes: 2 * GIB - 1 }),
    { kind: 'disk_low', level: 'critical', data: { freeBytes: 2 * GIB - 1 } },
  ],
  ['a process that is late', node({ eventLoopDelayMs: 500 }), { kind: 'event_loop_late', level: 'warning' }],
  ['one that refuses requests', node({ eventLoopDelayMs: 1000 }), { kind: 'event_loop_late', level: 'critical' }],
  ['a certificate that ends in 15 days', { certificateEndMs: NOW + 15 * DAY_MS }, undefined],
  [
    'in 13 days',
    { certificateEndMs: NOW + 13 * DAY_MS },
    { kind: 'certificate_expiring', level: 'warning', since: NOW - DAY_MS },
  ],
  ['one that ended', { certificateEndMs: NOW - 1 }, { kind: 'certificate_expired', level: 'critical', since: NOW - 1 }],
  [
    'recording without room',
    { recording: [{ code: 'disk_low', since: 7 }] },
    { kind: 'recording_disk_low', level: 'critical', since: 7 },
  ],
  [
    "a room's quota",
    { recording: [{ code: 'room_quota', subject: 'play', since: 7 }] },
    { kind: 'recording_room_quota', level: 'warning', subject: 'play' },
  ],
])('%s', (_name, changed, expected) => {
  expect(book().judge(changed)).toMatchObject(expected === undefined ? [] : [{ node: 'node', ...expected }]);
});

test('an alarm keeps its name and its beginning while it lasts, and begins anew after it was over', () => {
  const { judge, wait } = book();
  const late = node({ eventLoopDelayMs: 700 });
  const [first] = judge(late);
  wait(2000);
  expect(judge(late)).toEqual([first]);
  expect(first?.since).toBe(NOW);
  expect(judge()).toEqual([]);
  wait(2000);
  expect(judge(late)).toEqual([{ ...first, since: NOW + 4000 }]);
});

test('the gravest stands first, then what lasts longest', () => {
  const alarm = (id: string, level: 'warning' | 'critical', since: number) => ({ id, kind: 'x', level, since });
  const all = [
    alarm('a', 'warning', 1),
    alarm('b', 'critical', 9),
    alarm('c', 'critical', 3),
    alarm('d', 'warning', 0),
  ];
  expect(all.toSorted(byGravity).map(({ id }) => id)).toEqual(['c', 'b', 'd', 'a']);
});

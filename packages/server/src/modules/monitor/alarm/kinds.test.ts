import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EngineStream } from '../../../engine/contract.ts';
import type { MonitorNode } from '../contract.ts';
import { AlarmBook, type Change } from './book.ts';
import { ClusterReader, type LostNode } from './cluster.ts';
import { ALARM_KINDS, KIND_NAMES, rulesOf, type AlarmKind, type KindSpec, type RuleChange } from './kinds.ts';
import { Reader, type Condition } from './readings.ts';
import { Refusals } from './refusals.ts';

const START = 1_800_000_000_000;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GIB = 1024 ** 3;

const WELL: MonitorNode = {
  ...{ id: 'node', name: 'host', version: '1', startedAt: 0, seenAt: 0, cpu: 0.1, cores: 2, rssBytes: 1, heapBytes: 1 },
  ...{ memoryTotalBytes: 100, memoryFreeBytes: 50, diskFreeBytes: 50 * GIB, diskTotalBytes: 100 * GIB },
  ...{ eventLoopDelayMs: 10, connections: 0, streams: 0, viewers: 0, inBps: 0, outBps: 0 },
  dependencies: [{ name: 'database', state: 'closed' }],
};
const GOOD: Condition = {
  ...{ node: WELL, streams: [], engine: { ok: true, workers: 2, workersUp: 2 }, state: { ok: true, sinceMs: START } },
  ...{ certificateEndMs: START + 60 * DAY, recording: [], deliveries: [] },
};
const STREAM: EngineStream = {
  ...{ app: 'live', stream: 'play', state: 'publishing', startedAtMs: START, viewers: 1 },
  ...{ recvBps: 4_000_000, sendBps: 1, fps: 25 },
};

/** A platform whose clock is held: one look every 2 s. */
class Scene {
  now = START;
  condition = GOOD;
  lost: LostNode[] = [];
  failed: { id: string; roomId: string | null; atMs: number }[] = [];
  webhooks: { id: string; url: string; sinceMs: number }[] = [];
  isDatabaseAway = false;
  readonly changes: Change[] = [];
  readonly #refusals = new Refusals(() => this.now);
  readonly #reader = new Reader({
    now: () => this.now,
    refusals: this.#refusals,
    bounds: {
      ...{ minFreeBytes: 2 * GIB, eventLoopDelayMs: 1000, sockets: 100, mediaConnections: 100, streams: 10 },
      viewersPerStream: 100,
    },
  });
  readonly #cluster = new ClusterReader({
    lostNodes: () => this.lost,
    failedRecordings: async () => (this.isDatabaseAway ? Promise.reject(new Error('away')) : this.failed),
    failingWebhooks: async () => this.webhooks,
    now: () => this.now,
  });
  readonly book: AlarmBook;

  constructor(changes: readonly RuleChange[] = []) {
    this.book = new AlarmBook({ rules: rulesOf(changes), now: () => this.now });
  }

  get firing(): [string, string, string | undefined][] {
    return this.book.firing().map(({ kind, level, subject }) => [kind, level, subject]);
  }

  node(changed: Partial<MonitorNode>): void {
    this.condition = { ...this.condition, node: { ...this.condition.node, ...changed } };
  }

  stream(changed: Partial<EngineStream>): void {
    this.condition = { ...this.condition, streams: [{ ...STREAM, ...this.condition.streams[0], ...changed }] };
  }

  async refuse(times: number): Promise<void> {
    const deny = { action: 'deny', status: 403, code: 'wrong_key', message: '' } as const;
    const handler = this.#refusals.behind({
      authorizePublish: async () => deny,
      authorizePlay: async () => deny,
      notify: () => {},
    });
    const client = { clientId: 'c', protocol: 'rtmp', address: '::1', app: 'live', stream: 'play', param: '' };
    for (let time = 0; time < times; time++) await handler.authorizePublish(client);
  }

  /** Looks until the time has passed. */
  async pass(ms: number, everyMs = 2 * SECOND): Promise<void> {
    for (const endMs = this.now + ms; this.now < endMs; this.now += everyMs) await this.look();
    await this.look();
  }

  async look(): Promise<void> {
    this.changes.push(...this.book.judge([...this.#reader.read(this.condition), ...(await this.#cluster.read())]));
  }
}

interface Case {
  /** What is wrong, from warning to critical as far as it has both. */
  wrong: [level: 'warning' | 'critical', make: (scene: Scene) => unknown][];
  /** Half-way back: below where it began, and not yet where it clears. */
  between?: (scene: Scene) => void;
  mend(scene: Scene): unknown;
  subject?: string;
  before?: (scene: Scene) => Promise<void>;
  /** How much is not looked at: a forecast takes hours. */
  everyMs?: number;
}

const node = (bad: Partial<MonitorNode>) => (scene: Scene) => scene.node(bad);
const recording = (code: 'disk_low' | 'total_quota' | 'room_quota' | 'bucket_failing' | 'folder_failing'): Case => ({
  wrong: [
    [
      code === 'room_quota' ? 'warning' : 'critical',
      (scene) => (scene.condition = { ...GOOD, recording: [{ code, since: 7 }] }),
    ],
  ],
  mend: (scene) => (scene.condition = GOOD),
});
const condition = (changed: Partial<Condition>) => (scene: Scene) => void (scene.condition = { ...GOOD, ...changed });
const mend = condition({});

/** How each kind is made to fire, and mended. */
const CASES: Readonly<Record<AlarmKind, Case>> = {
  dependency_down: {
    wrong: [['critical', node({ dependencies: [{ name: 'redis', state: 'open' }] })]],
    // It is being tried: nobody knows.
    between: node({ dependencies: [{ name: 'redis', state: 'half-open' }] }),
    mend: node({ dependencies: [{ name: 'redis', state: 'closed' }] }),
    subject: 'redis',
  },
  state_unavailable: { wrong: [['critical', condition({ state: { ok: false, sinceMs: START } })]], mend },
  engine_worker_down: {
    wrong: [
      ['warning', condition({ engine: { ok: true, workers: 2, workersUp: 1 } })],
      ['critical', condition({ engine: { ok: false, workers: 2, workersUp: 0 } })],
    ],
    mend,
  },
  node_lost: {
    wrong: [['critical', (scene) => (scene.lost = [{ id: 'x', name: 'web-2', address: undefined, lostAt: START }])]],
    mend: (scene) => (scene.lost = []),
    subject: 'web-2',
  },
  disk_low: {
    wrong: [
      ['warning', node({ diskFreeBytes: 4 * GIB - 1 })],
      ['critical', node({ diskFreeBytes: 2 * GIB - 1 })],
    ],
    between: node({ diskFreeBytes: 4.2 * GIB }),
    mend: node({ diskFreeBytes: 50 * GIB }),
  },
  disk_forecast: {
    before: (scene) => fill(scene, HOUR, 0),
    wrong: [
      // 50 GiB, 5 GiB an hour less.
      ['warning', (scene) => fill(scene, 3 * HOUR, 5 * GIB)],
      ['critical', (scene) => fill(scene, 2 * HOUR, 15 * GIB)],
    ],
    mend: (scene) => scene.node({ diskFreeBytes: 90 * GIB }),
    everyMs: MINUTE,
  },
  cpu_high: {
    wrong: [
      ['warning', node({ cpu: 0.85 })],
      ['critical', node({ cpu: 0.98 })],
    ],
    between: node({ cpu: 0.8 }),
    mend: node({ cpu: 0.5 }),
  },
  memory_high: {
    wrong: [
      ['warning', node({ memoryFreeBytes: 9 })],
      // Of its container.
      ['critical', node({ memoryLimitBytes: 10, rssBytes: 10 })],
    ],
    between: node({ memoryLimitBytes: undefined, memoryFreeBytes: 13 }),
    mend: node({ memoryFreeBytes: 50 }),
  },
  event_loop_late: {
    wrong: [
      ['warning', node({ eventLoopDelayMs: 500 })],
      ['critical', node({ eventLoopDelayMs: 1000 })],
    ],
    between: node({ eventLoopDelayMs: 450 }),
    mend: node({ eventLoopDelayMs: 1 }),
  },
  connections_limit: {
    wrong: [
      ['warning', node({ connections: 80 })],
      ['critical', node({ connections: 100 })],
    ],
    between: node({ connections: 77 }),
    mend: node({ connections: 3 }),
    subject: 'sockets',
  },
  streams_limit: {
    wrong: [
      ['warning', node({ streams: 8 })],
      ['critical', node({ streams: 10 })],
    ],
    mend: node({ streams: 1 }),
  },
  viewers_limit: {
    wrong: [
      ['warning', (scene) => scene.stream({ viewers: 80 })],
      ['critical', (scene) => scene.stream({ viewers: 100 })],
    ],
    between: (scene) => scene.stream({ viewers: 76 }),
    mend: (scene) => scene.stream({ viewers: 2 }),
    subject: 'play',
  },
  publish_failures: {
    wrong: [
      ['warning', (scene) => scene.refuse(30)],
      ['critical', (scene) => scene.refuse(300)],
    ],
    mend: () => {},
  },
  bitrate_collapse: {
    before: async (scene) => {
      scene.stream({});
      await scene.pass(2 * MINUTE);
    },
    wrong: [
      ['warning', (scene) => scene.stream({ recvBps: 800_000 })],
      ['critical', (scene) => scene.stream({ recvBps: 0 })],
    ],
    between: (scene) => scene.stream({ recvBps: 1_500_000 }),
    mend: (scene) => scene.stream({ recvBps: 4_000_000 }),
    subject: 'play',
  },
  stream_interrupted: {
    before: async (scene) => {
      scene.stream({});
      await scene.look();
    },
    wrong: [
      [
        'warning',
        async (scene) => {
          scene.stream({ state: 'interrupted' });
          await scene.pass(14 * SECOND);
          expect(scene.firing).toEqual([]);
          scene.now += 2 * SECOND;
        },
      ],
    ],
    mend: (scene) => scene.stream({ state: 'publishing' }),
    subject: 'play',
  },
  webhooks_failing: {
    wrong: [
      ['warning', (scene) => (scene.webhooks = [{ id: 'w', url: 'https://x.test/secret', sinceMs: scene.now - HOUR }])],
      ['critical', (scene) => (scene.webhooks = [{ id: 'w', url: 'https://x.test/secret', sinceMs: scene.now - DAY }])],
    ],
    mend: (scene) => (scene.webhooks = []),
    subject: 'w',
  },
  certificate_expiring: {
    wrong: [
      ['warning', condition({ certificateEndMs: START + 13 * DAY })],
      ['critical', condition({ certificateEndMs: START + 2 * DAY })],
    ],
    mend,
  },
  certificate_expired: { wrong: [['critical', condition({ certificateEndMs: START - 1 })]], mend },
  recording_failed: {
    wrong: [['warning', (scene) => (scene.failed = [{ id: 'rec', roomId: 'room', atMs: START }])]],
    mend: (scene) => (scene.failed = []),
    subject: 'rec',
  },
  recording_disk_low: recording('disk_low'),
  recording_total_quota: recording('total_quota'),
  recording_room_quota: recording('room_quota'),
  recording_bucket_failing: recording('bucket_failing'),
  recording_folder_failing: recording('folder_failing'),
  alarm_delivery_failing: {
    wrong: [['warning', condition({ deliveries: [{ channel: 'ops', since: START, error: 'timeout' }] })]],
    mend,
    subject: 'ops',
  },
};

/** Free space goes down by so much an hour. */
async function fill(scene: Scene, forMs: number, perHour: number): Promise<void> {
  for (const endMs = scene.now + forMs; scene.now < endMs; scene.now += MINUTE) {
    scene.node({ diskFreeBytes: (scene.condition.node.diskFreeBytes ?? 0) - perHour / 60 });
    await scene.look();
  }
}

test.each(KIND_NAMES)('%s fires when its rule says so, and is over when that says so', async (kind) => {
  const scene = new Scene();
  const { wrong, between, mend: mended, subject, before, everyMs } = CASES[kind];
  const spec: KindSpec = ALARM_KINDS[kind];
  // What is read from the database is asked for every 4 s.
  const fresh = spec.scope === 'cluster' ? 6 * SECOND : 0;
  await before?.(scene);
  await scene.look();
  expect(scene.firing).toEqual([]);
  for (const [level, make] of wrong) {
    await make(scene);
    if (everyMs === undefined) await scene.pass(spec.forSeconds * SECOND + fresh);
    expect(scene.firing).toContainEqual([kind, level, subject]);
  }
  const [alarm] = scene.book.firing().filter((one) => one.kind === kind);
  between?.(scene);
  if (between !== undefined) await scene.pass(spec.clearAfterSeconds * SECOND + 4 * SECOND);
  expect(scene.book.firing().map(({ id }) => id)).toContain(alarm?.id);
  mended(scene);
  // A minute of refusals, and hours of free space, have to be forgotten first.
  const rest = kind === 'disk_forecast' ? 7 * HOUR : kind === 'publish_failures' ? 70 * SECOND : 0;
  await scene.pass(rest + fresh + spec.clearAfterSeconds * SECOND, everyMs);
  expect(scene.firing).toEqual([]);
  const types = scene.changes.filter((change) => change.alarm.kind === kind).map(({ type }) => type);
  // On its way back it may have been a warning once more.
  expect(types.filter((type) => type !== 'lowered')).toEqual([
    'fired',
    ...wrong.slice(1).map(() => 'raised'),
    'cleared',
  ]);
});

test('what a rule switches off does not fire, and its thresholds and times are what the operator says', async () => {
  const scene = new Scene([
    { kind: 'memory_high', enabled: false },
    { kind: 'cpu_high', warning: 20, critical: 40, clear: 10, forSeconds: 4, clearAfterSeconds: 2 },
  ]);
  scene.node({ memoryFreeBytes: 0, cpu: 0.3 });
  await scene.pass(2 * SECOND);
  expect(scene.firing).toEqual([]);
  await scene.pass(2 * SECOND);
  expect(scene.firing).toEqual([['cpu_high', 'warning', undefined]]);
  scene.node({ cpu: 0.15 });
  await scene.pass(MINUTE);
  expect(scene.firing).toHaveLength(1);
  scene.node({ cpu: 0.05 });
  await scene.pass(2 * SECOND);
  expect(scene.firing).toEqual([]);
});

test('what is pending and becomes well never fires; what fires keeps its name and its beginning', async () => {
  const scene = new Scene();
  scene.node({ cpu: 0.9 });
  await scene.pass(MINUTE);
  scene.node({ cpu: 0.1 });
  await scene.look();
  scene.node({ cpu: 0.9 });
  const beganAt = scene.now;
  await scene.pass(MINUTE);
  expect(scene.changes).toEqual([]);
  await scene.pass(MINUTE);
  const [first] = scene.book.firing();
  expect(first?.since).toBe(beganAt);
  await scene.pass(MINUTE);
  // A moment of rest is not the end.
  scene.node({ cpu: 0.1 });
  await scene.pass(30 * SECOND);
  scene.node({ cpu: 0.9 });
  await scene.pass(10 * MINUTE);
  expect(scene.book.firing().map(({ id }) => id)).toEqual([first?.id]);
  expect(scene.changes.map(({ type }) => type)).toEqual(['fired']);
});

test('what the database would say stays as it was while that is away', async () => {
  const scene = new Scene();
  scene.failed = [{ id: 'rec', roomId: null, atMs: START }];
  await scene.look();
  scene.isDatabaseAway = true;
  await scene.pass(5 * MINUTE);
  expect(scene.firing).toEqual([['recording_failed', 'warning', 'rec']]);
  [scene.isDatabaseAway, scene.failed] = [false, []];
  await scene.pass(10 * SECOND);
  expect(scene.firing).toEqual([]);
});

test('a stream that is sent with less from now on is usual again in a while, and a new one has no usual rate', async () => {
  const scene = new Scene();
  scene.stream({ recvBps: 100_000 });
  await scene.pass(20 * SECOND);
  scene.stream({ recvBps: 1000 });
  await scene.pass(20 * SECOND);
  expect(scene.firing).toEqual([]);
  scene.stream({ recvBps: 4_000_000 });
  await scene.pass(5 * MINUTE);
  scene.stream({ recvBps: 500_000 });
  await scene.pass(MINUTE);
  expect(scene.firing).toEqual([['bitrate_collapse', 'warning', 'play']]);
  await scene.pass(20 * MINUTE);
  expect(scene.firing).toEqual([]);
});

test('of more than a thousand things that are wrong a thousand are told of', () => {
  const book = new AlarmBook({ rules: rulesOf([]), now: () => START });
  const readings = Array.from({ length: 1200 }, (_, n) => ({
    kind: 'recording_room_quota' as const,
    subject: `play-${n}`,
    value: 1,
  }));
  expect(book.judge(readings)).toHaveLength(1000);
  expect(book.judge([])).toHaveLength(1000);
  expect(book.firing()).toEqual([]);
});

test('docs/alarms.md says of every kind what the code says', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../../../../docs/alarms.md'), 'utf8');
  const kinds = text.slice(text.indexOf('\n## Kinds'), text.indexOf('\n## Rules'));
  const rows = [...kinds.matchAll(/^\| `(\w+)` \|(.+)\|$/gm)].map(([, kind = '', rest = '']) => {
    const [unit, warning, critical, clear, wait] = rest.split('|').map((cell) => cell.trim());
    return { kind, unit, warning, critical, clear, wait };
  });
  const cell = (number: number | undefined): string => (number === undefined ? '–' : String(number));
  expect(rows).toEqual(
    KIND_NAMES.map((kind) => {
      const { unit, bad, warning, critical, clear, forSeconds, clearAfterSeconds }: KindSpec = ALARM_KINDS[kind];
      const isState = unit === 'state';
      const sign = isState ? '' : bad === 'above' ? '≥ ' : '< ';
      return {
        ...{ kind, unit },
        warning: isState ? '–' : warning === undefined ? '–' : sign + warning,
        critical: isState ? '–' : critical === undefined ? '–' : sign + critical,
        clear: isState ? '–' : cell(clear),
        wait: `${forSeconds} s, ${clearAfterSeconds} s`,
      };
    }),
  );
});

test.each(['en', 'zh-CN'])('the page has words for every kind in %s, and for none that there is not', (language) => {
  const file = join(import.meta.dirname, `../../../../../web/src/i18n/admin-alarms.${language}.ts`);
  const text = readFileSync(file, 'utf8');
  const kinds = /\n {2}alarms: \{([^}]*)\}/.exec(text)?.[1] ?? '';
  expect([...kinds.matchAll(/^ {4}(\w+): '.+',$/gm)].map(([, kind]) => kind)).toEqual(KIND_NAMES);
});

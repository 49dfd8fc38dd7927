/**
 * What can be wrong, and from when on it counts as that. `state` kinds are right or wrong; the others compare a figure
 * with thresholds that the operator may change. A test compares this table with docs/alarms.md.
 */
export interface KindSpec {
  /** Who judges it: each node itself, or one node for all. */
  scope: 'node' | 'cluster';
  unit: 'state' | 'percent' | 'per_minute' | 'seconds' | 'minutes' | 'hours' | 'days';
  /** Which side of the thresholds is bad. `above` includes the threshold, `below` does not. */
  bad: 'above' | 'below';
  warning?: number;
  critical?: number;
  /** Over only when the figure is back on this side of it. */
  clear: number;
  /** How long it lasts before it fires, and how long it has to be well before it is over. */
  forSeconds: number;
  clearAfterSeconds: number;
}

type Timing = Pick<KindSpec, 'forSeconds' | 'clearAfterSeconds'>;
type Thresholds = Pick<KindSpec, 'warning' | 'critical' | 'clear'>;

const AT_ONCE: Timing = { forSeconds: 0, clearAfterSeconds: 0 };

/** Values of a reading of a `state` kind. */
export const WELL = 0;
export const WARNING = 1;
export const CRITICAL = 2;

const state = (scope: KindSpec['scope'], timing: Timing): KindSpec => ({
  ...{ scope, unit: 'state', bad: 'above', warning: WARNING, critical: CRITICAL, clear: WARNING },
  ...timing,
});
const figure = (unit: KindSpec['unit'], bad: KindSpec['bad'], thresholds: Thresholds, timing: Timing): KindSpec => ({
  scope: 'node',
  unit,
  bad,
  ...thresholds,
  ...timing,
});

const LIMIT: Thresholds = { warning: 80, critical: 100, clear: 75 };
const LIMIT_TIMING: Timing = { forSeconds: 10, clearAfterSeconds: 60 };

export const ALARM_KINDS = {
  dependency_down: state('node', { forSeconds: 0, clearAfterSeconds: 10 }),
  state_unavailable: state('node', { forSeconds: 4, clearAfterSeconds: 6 }),
  engine_worker_down: state('node', { forSeconds: 4, clearAfterSeconds: 6 }),
  node_lost: state('cluster', AT_ONCE),
  disk_low: figure(
    'percent',
    'below',
    { warning: 200, critical: 100, clear: 220 },
    { forSeconds: 0, clearAfterSeconds: 30 },
  ),
  disk_forecast: figure(
    'hours',
    'below',
    { warning: 24, critical: 4, clear: 36 },
    { forSeconds: 600, clearAfterSeconds: 600 },
  ),
  cpu_high: figure(
    'percent',
    'above',
    { warning: 85, critical: 97, clear: 75 },
    { forSeconds: 120, clearAfterSeconds: 60 },
  ),
  memory_high: figure(
    'percent',
    'above',
    { warning: 90, critical: 97, clear: 85 },
    { forSeconds: 60, clearAfterSeconds: 60 },
  ),
  event_loop_late: figure(
    'percent',
    'above',
    { warning: 50, critical: 100, clear: 40 },
    { forSeconds: 4, clearAfterSeconds: 10 },
  ),
  connections_limit: figure('percent', 'above', LIMIT, LIMIT_TIMING),
  streams_limit: figure('percent', 'above', LIMIT, LIMIT_TIMING),
  viewers_limit: figure('percent', 'above', LIMIT, LIMIT_TIMING),
  publish_failures: figure(
    'per_minute',
    'above',
    { warning: 30, critical: 300, clear: 10 },
    { forSeconds: 0, clearAfterSeconds: 60 },
  ),
  bitrate_collapse: figure(
    'percent',
    'below',
    { warning: 30, critical: 10, clear: 60 },
    { forSeconds: 10, clearAfterSeconds: 10 },
  ),
  stream_interrupted: figure('seconds', 'above', { warning: 15, clear: 1 }, { forSeconds: 0, clearAfterSeconds: 4 }),
  webhooks_failing: {
    ...figure('minutes', 'above', { warning: 15, critical: 240, clear: 1 }, AT_ONCE),
    scope: 'cluster',
  },
  certificate_expiring: figure('days', 'below', { warning: 14, critical: 3, clear: 14 }, AT_ONCE),
  certificate_expired: state('node', AT_ONCE),
  recording_failed: state('cluster', AT_ONCE),
  recording_disk_low: state('node', AT_ONCE),
  recording_total_quota: state('node', AT_ONCE),
  recording_room_quota: state('node', AT_ONCE),
  recording_bucket_failing: state('node', AT_ONCE),
  recording_folder_failing: state('node', AT_ONCE),
  alarm_delivery_failing: state('node', { forSeconds: 60, clearAfterSeconds: 0 }),
} as const satisfies Record<string, KindSpec>;

export type AlarmKind = keyof typeof ALARM_KINDS;
export const KIND_NAMES = Object.keys(ALARM_KINDS) as [AlarmKind, ...AlarmKind[]];

export function isAlarmKind(name: string): name is AlarmKind {
  return Object.hasOwn(ALARM_KINDS, name);
}

/** What an operator wrote of one kind. */
export interface RuleChange {
  kind: AlarmKind;
  enabled?: boolean;
  warning?: number;
  critical?: number;
  clear?: number;
  forSeconds?: number;
  clearAfterSeconds?: number;
}

export type Rule = KindSpec & { enabled: boolean };
export type Rules = Readonly<Record<AlarmKind, Rule>>;

/** The table with the operator's changes. */
export function rulesOf(changes: readonly RuleChange[]): Rules {
  const byKind = new Map(changes.map((change) => [change.kind, change]));
  return Object.fromEntries(
    KIND_NAMES.map((kind) => {
      const { kind: _, ...change } = byKind.get(kind) ?? { kind };
      return [kind, { enabled: true, ...ALARM_KINDS[kind], ...change }];
    }),
  ) as Record<AlarmKind, Rule>;
}

/** Why a change makes no sense, in words for the operator; undefined when it does. */
export function ruleProblem(change: RuleChange): string | undefined {
  const { kind } = change;
  const spec: KindSpec = ALARM_KINDS[kind];
  const given = (['warning', 'critical', 'clear'] as const).filter((field) => change[field] !== undefined);
  if (spec.unit === 'state')
    return given.length === 0 ? undefined : `${kind} is right or wrong: it has no ${given.join(', ')}`;
  const { bad, warning, critical, clear } = { ...spec, ...change };
  const isWorse = (one: number, other: number): boolean => (bad === 'above' ? one > other : one < other);
  if (warning !== undefined && critical !== undefined && isWorse(warning, critical))
    return `${kind}: critical (${critical}) has to be ${bad} warning (${warning})`;
  const first = warning ?? critical;
  if (first !== undefined && isWorse(clear, first))
    return `${kind}: clear (${clear}) has to be ${bad === 'above' ? 'below' : 'above'} where it begins (${first})`;
  return undefined;
}

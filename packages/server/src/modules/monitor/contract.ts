import { z } from 'zod';
import type { EngineRendition } from '../../engine/contract.ts';
import { nodeStateSchema } from '../node/contract.ts';
import { publishingSchema, roomFactsSchema, type PublishingHealth } from '../live/contract.ts';
import { alarmEventSchemas, monitorAlarmSchema } from './alarm/contract.ts';

export type { MonitorAlarm } from './alarm/contract.ts';

/** Ephemeral, for administrators. */
export const MONITOR_CHANNEL = 'monitor';
/** On `monitor`: the overview, every 2 s while somebody listens. */
export const MONITOR_SAMPLED = 'monitor.sampled';

const bytes = z.number().describe('Bytes');
const bps = z.number().describe('Bits per second');

const dependencySchema = z.object({
  name: z.string().describe('database, redis, engine, mail, bucket'),
  state: z.enum(['closed', 'open', 'half-open']).describe('Of its circuit breaker: closed is well'),
});

export const monitorNodeSchema = z.object({
  id: z.string().describe('New with each start'),
  name: z.string().describe('node.name, or of the machine'),
  region: z.string().optional(),
  state: nodeStateSchema.optional().describe('`draining` takes no publishers, `drained` may be stopped'),
  address: z.string().optional().describe('Where it listens'),
  version: z.string(),
  startedAt: z.number().describe('ms since the epoch'),
  seenAt: z.number().describe('When it was heard of last, ms since the epoch'),
  cpu: z.number().describe('Share of all cores of its machine that its processes use, 0 to 1'),
  cores: z.number(),
  rssBytes: bytes.describe('Memory of its processes'),
  heapBytes: bytes.describe('JavaScript objects of the main thread'),
  memoryTotalBytes: bytes.describe('Of the machine'),
  memoryFreeBytes: bytes.describe('Of the machine'),
  memoryLimitBytes: bytes.optional().describe('What its container may use, where that is less'),
  diskFreeBytes: bytes.optional().describe('Where dataDir is'),
  diskTotalBytes: bytes.optional(),
  eventLoopDelayMs: z.number().describe('How late the main thread was in the last sample, its 99th percentile'),
  connections: z.number().describe('Realtime and signaling sockets'),
  streams: z.number().describe('That it carries'),
  viewers: z.number().describe('Media connections to it'),
  inBps: bps.describe('From publishers'),
  outBps: bps.describe('To media viewers'),
  dependencies: z.array(dependencySchema),
});
export type MonitorNode = z.output<typeof monitorNodeSchema>;

const totalsSchema = z.object({
  liveRooms: z.number(),
  preparingRooms: z.number(),
  streams: z.number(),
  viewers: z.number().describe('Media connections to all nodes'),
  connections: z.number(),
  inBps: bps,
  outBps: bps,
  accounts: z.number(),
});

export const overviewSchema = z.object({
  at: z.number().describe('ms since the epoch'),
  totals: totalsSchema,
  nodes: z.array(monitorNodeSchema).describe('Those that were heard of within 15 s'),
  alarms: z.array(monitorAlarmSchema).describe('What is wrong now, the gravest first'),
});
export type Overview = z.output<typeof overviewSchema>;

/** Events of the channel `monitor`, for AsyncAPI. */
export const monitorEventSchemas = {
  [MONITOR_CHANNEL]: {
    ...{ logged: false, snapshot: overviewSchema },
    events: { [MONITOR_SAMPLED]: overviewSchema, ...alarmEventSchemas },
  },
} as const;

const monitorPointSchema = z.object({
  at: z.number().describe('When the minute began, ms since the epoch'),
  viewers: z.number(),
  streams: z.number(),
  connections: z.number(),
  inBps: bps,
  outBps: bps,
  cpu: z.number().describe('Share of all cores of all nodes, 0 to 1'),
  rssBytes: bytes,
  eventLoopDelayMs: z.number().describe('Of the latest node'),
});
export type MonitorPoint = z.output<typeof monitorPointSchema>;

export const historySchema = z.object({
  stepMs: z.number(),
  points: z
    .array(monitorPointSchema)
    .describe('The last 24 h, the oldest first; minutes without any node are left out'),
});
export type MonitorHistory = z.output<typeof historySchema>;

const monitorStreamSchema = z.object({
  room: roomFactsSchema,
  publishing: publishingSchema.optional().describe('While somebody publishes'),
  viewers: z.number().describe('Media connections, to all nodes'),
  outBps: bps.optional(),
  node: z.string().optional().describe('Id of the node that carries it'),
});
export type MonitorStream = z.output<typeof monitorStreamSchema>;
export const monitorStreamsSchema = z.object({
  streams: z.array(monitorStreamSchema).describe('Live and preparing rooms that have a stream, most viewers first'),
});

export const monitorConfigSchema = z.object({
  settings: z.array(
    z.object({
      key: z.string().describe('As in kaibo.yaml: media.graceMs'),
      value: z
        .string()
        .describe(
          'As it is, lists as JSON; empty where nothing is set. Of secrets only `set` or empty, in addresses passwords are ***',
        ),
      from: z.enum(['flag', 'environment', 'file', 'default']),
      isSecret: z.literal(true).optional(),
      about: z.string().optional().describe('What it is for, in English'),
    }),
  ),
});
export type MonitorConfig = z.output<typeof monitorConfigSchema>;
export type ConfigSetting = MonitorConfig['settings'][number];

/** A stream as the node that carries it tells the others of it. */
export interface CarriedStream {
  /** Public stream name. */
  stream: string;
  nodeId: string;
  /** Undefined while it is interrupted. */
  publishing: PublishingHealth | undefined;
  /** Media connections. */
  viewers: number;
  outBps: number | undefined;
  /** It has the stream from another node, for viewers of its own. */
  isPassedOn?: true;
  /** Of its last picture, ms since the epoch. */
  posterAtMs?: number;
  renditions?: readonly EngineRendition[];
}

/** What all nodes carry, as far as this one was told: at most a few seconds old. */
export interface StreamBoard {
  carried(): Map<string, CarriedStream>;
  /** The one that has a stream itself. */
  carrier(stream: string): CarriedStream | undefined;
  node(id: string): MonitorNode | undefined;
}

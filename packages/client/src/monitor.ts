import type { Caller } from './caller.ts';
import type { PublishingInfo, Room, RoomStatus } from './types.ts';

/** One process of the platform. Times are ms since the epoch. */
export interface MonitorNode {
  id: string;
  /** As its operator calls it, or its machine. */
  name: string;
  region?: string;
  /** `draining` takes no publishers and sends sockets away; `drained` may be stopped. */
  state?: 'active' | 'draining' | 'drained';
  address?: string;
  version: string;
  startedAt: number;
  seenAt: number;
  /** Share of all its cores, 0 to 1. */
  cpu: number;
  cores: number;
  rssBytes: number;
  heapBytes: number;
  memoryTotalBytes: number;
  memoryFreeBytes: number;
  diskFreeBytes?: number;
  diskTotalBytes?: number;
  /** The 99th percentile of the last sample. */
  eventLoopDelayMs: number;
  connections: number;
  streams: number;
  viewers: number;
  inBps: number;
  outBps: number;
  /** Of circuit breakers: `closed` is well. */
  dependencies: { name: string; state: 'closed' | 'open' | 'half-open' }[];
}

/** What is wrong now. Newer servers may know more kinds: see docs/monitoring.md. */
export interface MonitorAlarm {
  id: string;
  kind: string;
  level: 'warning' | 'critical';
  subject?: string;
  /** Id of the node that it is about, where it is about one. */
  node?: string;
  /** ms since the epoch. */
  since: number;
  data?: Record<string, unknown>;
}

export interface MonitorOverview {
  /** ms since the epoch. */
  at: number;
  totals: {
    liveRooms: number;
    preparingRooms: number;
    streams: number;
    viewers: number;
    connections: number;
    inBps: number;
    outBps: number;
    accounts: number;
  };
  nodes: MonitorNode[];
  alarms: MonitorAlarm[];
}

/** A minute over all nodes. */
export interface MonitorPoint {
  /** When it began, ms since the epoch. */
  at: number;
  viewers: number;
  streams: number;
  connections: number;
  inBps: number;
  outBps: number;
  cpu: number;
  rssBytes: number;
  eventLoopDelayMs: number;
}

export interface MonitorStream {
  /** As everybody may know it; private ones too. */
  room: Omit<Room, 'playUrls'>;
  publishing?: PublishingInfo;
  /** Media connections. */
  viewers: number;
  outBps?: number;
  /** Id of the node that carries it. */
  node?: string;
}

export interface ConfigSetting {
  key: string;
  /** As it is, lists as JSON; empty where nothing is set. Of a secret only `set` or empty. */
  value: string;
  from: 'flag' | 'environment' | 'file' | 'default';
  isSecret?: true;
  about?: string;
}

export interface AdminRoomQuery {
  status?: RoomStatus | readonly RoomStatus[];
  q?: string;
  page?: number;
  pageSize?: number;
}

/** What operators look at; for administrators. The channel `monitor` tells a `MonitorOverview` every 2 s. */
export class MonitorApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  overview(): Promise<MonitorOverview> {
    return this.#caller.json('/api/monitor/overview');
  }

  /** The last 24 h, a point a minute. */
  history(): Promise<{ stepMs: number; points: MonitorPoint[] }> {
    return this.#caller.json('/api/monitor/history');
  }

  /** Empties a node before it is stopped; what is left of its streams after `timeoutMs` is cut. */
  async drainNode(id: string, { timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    await this.#caller.json(`/api/nodes/${encodeURIComponent(id)}/drain`, { method: 'POST', body: { timeoutMs } });
  }

  async undrainNode(id: string): Promise<void> {
    await this.#caller.json(`/api/nodes/${encodeURIComponent(id)}/undrain`, { method: 'POST' });
  }

  async streams(): Promise<MonitorStream[]> {
    const { streams } = await this.#caller.json<{ streams: MonitorStream[] }>('/api/monitor/streams');
    return streams;
  }

  async config(): Promise<ConfigSetting[]> {
    const { settings } = await this.#caller.json<{ settings: ConfigSetting[] }>('/api/monitor/config');
    return settings;
  }

  /** Private ones too, the newest first. */
  async rooms({ status, ...query }: AdminRoomQuery = {}): Promise<{
    rooms: Room[];
    /** Over all pages. */
    total: number;
  }> {
    const statuses = typeof status === 'string' ? status : status?.join(',');
    const response = await this.#caller.send('/api/admin/rooms', { query: { ...query, status: statuses } });
    const rooms = (await response.json()) as Room[];
    return { rooms, total: Number(response.headers.get('x-total-count') ?? rooms.length) };
  }
}

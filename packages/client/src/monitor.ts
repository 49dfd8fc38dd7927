import type { AlarmChannel, AlarmQuery, AlarmSilence, MonitorAlarm, NewAlarmSilence } from './alarms.ts';
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

const ALARMS = '/api/monitor/alarms';

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
  /** What is wrong now, the gravest first; or, by `state`, the history, the newest first. */
  alarms(query: AlarmQuery = {}): Promise<{
    alarms: MonitorAlarm[];
    /** The `before` of the next page, if there is one. */
    next?: string;
  }> {
    return this.#caller.json(ALARMS, { query: { ...query } });
  }

  /** Somebody looks after it: channels are not told of it again. */
  acknowledge(alarmId: string, note?: string): Promise<MonitorAlarm> {
    return this.#caller.json(`${ALARMS}/${encodeURIComponent(alarmId)}/ack`, { method: 'POST', body: { note } });
  }

  /** Those that are not over. */
  async silences(): Promise<AlarmSilence[]> {
    const { silences } = await this.#caller.json<{ silences: AlarmSilence[] }>(`${ALARMS}/silences`);
    return silences;
  }

  silence(silence: NewAlarmSilence): Promise<AlarmSilence> {
    return this.#caller.json(`${ALARMS}/silences`, { method: 'POST', body: silence });
  }

  changeSilence(id: string, change: { endsAt?: number; reason?: string }): Promise<AlarmSilence> {
    return this.#caller.json(`${ALARMS}/silences/${encodeURIComponent(id)}`, { method: 'PATCH', body: change });
  }

  async endSilence(id: string): Promise<void> {
    await this.#caller.send(`${ALARMS}/silences/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  async alarmChannels(): Promise<AlarmChannel[]> {
    const { channels } = await this.#caller.json<{ channels: AlarmChannel[] }>(`${ALARMS}/channels`);
    return channels;
  }

  /** Sends a trial message. */
  testAlarmChannel(name: string): Promise<{ delivered: boolean; error?: string }> {
    return this.#caller.json(`${ALARMS}/channels/${encodeURIComponent(name)}/test`, { method: 'POST' });
  }
}

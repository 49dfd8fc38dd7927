import type { EngineHealth, EngineStream } from '../../../engine/contract.ts';
import type { StateHealth } from '../../../state/contract.ts';
import type { MonitorNode } from '../contract.ts';
import type { Reading } from './book.ts';
import { DiskForecast } from './forecast.ts';
import { CRITICAL, WARNING, WELL, type AlarmKind } from './kinds.ts';
import type { Refusals } from './refusals.ts';
import { StreamWatch } from './stream-watch.ts';

const DAY_MS = 86_400_000;

/** What is looked at of one process, beside its sample. */
export interface Condition {
  node: MonitorNode;
  /** That it carries. */
  streams: readonly EngineStream[];
  engine: EngineHealth;
  state: StateHealth;
  certificateEndMs: number | undefined;
  /** Of recording: what it suffers from. */
  recording: readonly { code: string; subject?: string; since: number }[];
  /** Channels of alarms to which nothing is delivered. */
  deliveries: readonly { channel: string; since: number; error: string }[];
}

/** What figures are compared with. */
export interface AlarmBounds {
  /** Recordings end when less is free; 0 is never. */
  minFreeBytes: number;
  /** Requests are refused when the process is this late. */
  eventLoopDelayMs: number;
  /** Realtime and signaling connections. */
  sockets: number;
  /** Media connections. */
  mediaConnections: number;
  streams: number;
  viewersPerStream: number;
}

export interface ReaderDeps {
  bounds: AlarmBounds;
  refusals: Refusals;
  now: () => number;
}

/** Makes readings of what one process is like. */
export class Reader {
  readonly #deps: ReaderDeps;
  readonly #forecast: DiskForecast;
  readonly #streams: StreamWatch;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
    this.#forecast = new DiskForecast(deps.now);
    this.#streams = new StreamWatch(deps.now);
  }

  read(condition: Condition): Reading[] {
    const { node, engine, state, recording, deliveries } = condition;
    return [
      ...node.dependencies.map(dependency),
      { kind: 'state_unavailable', value: state.ok ? WELL : CRITICAL, since: state.sinceMs },
      workers(engine),
      ...this.#disk(node),
      ...this.#machine(node),
      ...this.#limits(node),
      ...this.#streams.look(condition.streams, this.#deps.bounds.viewersPerStream),
      this.#publishing(),
      ...this.#certificate(condition.certificateEndMs),
      ...recording.flatMap(ofRecording),
      ...deliveries.map(
        ({ channel, since, error }): Reading => ({
          ...{ kind: 'alarm_delivery_failing', subject: channel, value: WARNING, since },
          data: { error },
        }),
      ),
    ];
  }

  #disk({ diskFreeBytes: freeBytes, diskTotalBytes: totalBytes }: MonitorNode): Reading[] {
    const { minFreeBytes } = this.#deps.bounds;
    const data = { freeBytes, totalBytes, minFreeBytes };
    const hours = this.#forecast.add(freeBytes);
    const share = freeBytes === undefined ? undefined : (freeBytes / minFreeBytes) * 100;
    return [
      { kind: 'disk_low', value: minFreeBytes === 0 ? Infinity : share, data },
      { kind: 'disk_forecast', value: hours, data },
    ];
  }

  #machine(node: MonitorNode): Reading[] {
    const { memoryTotalBytes, memoryFreeBytes, memoryLimitBytes, rssBytes, eventLoopDelayMs } = node;
    const { eventLoopDelayMs: boundMs } = this.#deps.bounds;
    const ofMachine = 1 - memoryFreeBytes / Math.max(1, memoryTotalBytes);
    const ofLimit = memoryLimitBytes === undefined ? 0 : rssBytes / memoryLimitBytes;
    return [
      { kind: 'cpu_high', value: node.cpu * 100, data: { cores: node.cores } },
      { kind: 'memory_high', value: Math.max(ofMachine, ofLimit) * 100, data: { rssBytes, memoryFreeBytes } },
      {
        kind: 'event_loop_late',
        value: (eventLoopDelayMs / boundMs) * 100,
        data: { delayMs: eventLoopDelayMs, boundMs },
      },
    ];
  }

  #limits({ connections, viewers, streams }: MonitorNode): Reading[] {
    const { bounds } = this.#deps;
    const of = (
      kind: AlarmKind,
      { count, limit, subject }: { count: number; limit: number; subject?: string },
    ): Reading => ({
      ...{ kind, value: (count / limit) * 100, data: { count, limit } },
      ...(subject === undefined ? {} : { subject }),
    });
    return [
      of('connections_limit', { count: connections, limit: bounds.sockets, subject: 'sockets' }),
      of('connections_limit', { count: viewers + streams, limit: bounds.mediaConnections, subject: 'media' }),
      of('streams_limit', { count: streams, limit: bounds.streams }),
    ];
  }

  #publishing(): Reading {
    const { count, codes } = this.#deps.refusals.lastMinute();
    return { kind: 'publish_failures', value: count, data: { codes } };
  }

  #certificate(endMs: number | undefined): Reading[] {
    if (endMs === undefined) return [];
    const leftMs = endMs - this.#deps.now();
    const data = { endsAt: endMs };
    return leftMs <= 0
      ? [{ kind: 'certificate_expired', value: CRITICAL, since: endMs, data }]
      : [{ kind: 'certificate_expiring', value: leftMs / DAY_MS, data }];
  }
}

/** While it is being tried again nobody knows. */
function dependency({ name, state }: MonitorNode['dependencies'][number]): Reading {
  const value = { closed: WELL, open: CRITICAL, 'half-open': undefined }[state];
  return { kind: 'dependency_down', subject: name, value };
}

function workers({ ok, workers: all, workersUp }: EngineHealth): Reading {
  const value = !ok ? CRITICAL : workersUp < all ? WARNING : WELL;
  return { kind: 'engine_worker_down', value, data: { workers: all, workersUp } };
}

const OF_RECORDING: Readonly<Record<string, AlarmKind>> = {
  disk_low: 'recording_disk_low',
  total_quota: 'recording_total_quota',
  room_quota: 'recording_room_quota',
  bucket_failing: 'recording_bucket_failing',
  folder_failing: 'recording_folder_failing',
};

function ofRecording({ code, subject, since }: Condition['recording'][number]): Reading[] {
  const kind = OF_RECORDING[code];
  if (kind === undefined) return [];
  // A room's quota is its owner's matter.
  const value = code === 'room_quota' ? WARNING : CRITICAL;
  return [{ kind, value, since, ...(subject === undefined ? {} : { subject }) }];
}

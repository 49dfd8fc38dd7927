import type { EngineHealth } from '../../engine/contract.ts';
import type { StateHealth } from '../../state/contract.ts';
import type { MonitorAlarm, MonitorNode } from './contract.ts';

const DAY_MS = 86_400_000;
/** A certificate that ends sooner was not renewed in time. */
const CERTIFICATE_DAYS = 14;
/** Of the bound at which recordings end: from here on somebody has to make room. */
const DISK_WARNING_TIMES = 2;
/** Of the delay at which requests are refused. */
const LATE_WARNING_SHARE = 0.5;

/** What alarms of one process are made of, beside its sample. */
export interface Condition {
  node: MonitorNode;
  engine: EngineHealth;
  state: StateHealth;
  certificateEndMs: number | undefined;
  /** Of recording: what it suffers from. */
  recording: readonly { code: string; subject?: string; since: number }[];
}

export interface AlarmBounds {
  /** Recordings end when less is free; 0 is never. */
  minFreeBytes: number;
  /** Requests are refused when the process is this late. */
  eventLoopDelayMs: number;
}

/** Without what is known only by having looked before. */
type Finding = Pick<MonitorAlarm, 'kind' | 'level' | 'subject' | 'data'> & { since?: number };

/** What is wrong with this process now; remembers since when. As many as its rules and dependencies give at most. */
export class AlarmBook {
  readonly #bounds: AlarmBounds;
  readonly #now: () => number;
  #since = new Map<string, number>();

  constructor({ bounds, now }: { bounds: AlarmBounds; now: () => number }) {
    this.#bounds = bounds;
    this.#now = now;
  }

  judge(condition: Condition): MonitorAlarm[] {
    const before = this.#since;
    this.#since = new Map();
    const { id: node } = condition.node;
    return this.#findings(condition).map(({ since, ...finding }) => {
      const id = [finding.kind, node, finding.subject ?? ''].join(':');
      const began = since ?? before.get(id) ?? this.#now();
      this.#since.set(id, began);
      return { id, ...finding, node, since: began };
    });
  }

  #findings({ node, engine, state, certificateEndMs, recording }: Condition): Finding[] {
    return [
      ...node.dependencies
        .filter((dependency) => dependency.state === 'open')
        .map(({ name }): Finding => ({ kind: 'breaker_open', level: 'critical', subject: name })),
      ...(state.ok ? [] : [{ kind: 'state_unavailable', level: 'critical', since: state.sinceMs } as const]),
      ...this.#workers(engine),
      ...this.#disk(node),
      ...this.#late(node),
      ...this.#certificate(certificateEndMs),
      ...recording.map(
        ({ code, subject, since }): Finding => ({
          kind: `recording_${code}`,
          // A room's quota is its owner's matter.
          level: code === 'room_quota' ? 'warning' : 'critical',
          ...(subject === undefined ? {} : { subject }),
          since,
        }),
      ),
    ];
  }

  #workers({ ok, workers, workersUp }: EngineHealth): Finding[] {
    if (workersUp >= workers && ok) return [];
    return [{ kind: 'engine_worker_down', level: ok ? 'warning' : 'critical', data: { workers, workersUp } }];
  }

  #disk({ diskFreeBytes: freeBytes, diskTotalBytes: totalBytes }: MonitorNode): Finding[] {
    const { minFreeBytes } = this.#bounds;
    if (freeBytes === undefined || freeBytes >= minFreeBytes * DISK_WARNING_TIMES) return [];
    const level = freeBytes < minFreeBytes ? 'critical' : 'warning';
    return [{ kind: 'disk_low', level, data: { freeBytes, totalBytes, minFreeBytes } }];
  }

  #late({ eventLoopDelayMs: delayMs }: MonitorNode): Finding[] {
    const { eventLoopDelayMs: boundMs } = this.#bounds;
    if (delayMs < boundMs * LATE_WARNING_SHARE) return [];
    return [{ kind: 'event_loop_late', level: delayMs < boundMs ? 'warning' : 'critical', data: { delayMs, boundMs } }];
  }

  #certificate(endMs: number | undefined): Finding[] {
    if (endMs === undefined) return [];
    const leftMs = endMs - this.#now();
    if (leftMs <= 0) return [{ kind: 'certificate_expired', level: 'critical', since: endMs, data: { endsAt: endMs } }];
    if (leftMs > CERTIFICATE_DAYS * DAY_MS) return [];
    return [
      {
        kind: 'certificate_expiring',
        level: 'warning',
        since: endMs - CERTIFICATE_DAYS * DAY_MS,
        data: { endsAt: endMs },
      },
    ];
  }
}

/** The gravest first, then those that last longest. */
export function byGravity(one: MonitorAlarm, other: MonitorAlarm): number {
  const rank = ({ level }: MonitorAlarm): number => (level === 'critical' ? 0 : 1);
  return rank(one) - rank(other) || one.since - other.since || one.id.localeCompare(other.id);
}

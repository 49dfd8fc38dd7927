import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Database } from '../../../database/database.ts';
import { Loop } from '../../../database/loop.ts';
import type { Outbox, Work } from '../../../database/outbox.ts';
import { Projector } from '../../../database/projector.ts';
import type { EngineHandler } from '../../../engine/contract.ts';
import { Outbound } from '../../../http/outbound.ts';
import { StateUnavailableError, type StateCenter } from '../../../state/contract.ts';
import type { CallerOf, Language } from '../../gateway/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { ChannelOptions } from './channels/contract.ts';
import { Sender, type AlarmMailer } from './channels/sender.ts';
import { ClusterReader, type ClusterReaderDeps } from './cluster.ts';
import { ALARM_ACKNOWLEDGED, type MonitorAlarm } from './contract.ts';
import { AlarmDesk } from './desk.ts';
import { Dispatcher } from './dispatcher.ts';
import { rulesOf, type AlarmKind, type RuleChange } from './kinds.ts';
import { AlarmMetrics } from './metrics.ts';
import { Reader, type AlarmBounds, type Condition } from './readings.ts';
import { Refusals } from './refusals.ts';
import { addAlarmRoutes } from './routes.ts';
import { AlarmService } from './service.ts';
import { Silences } from './silences.ts';
import { AlarmStore } from './store.ts';
import { KIND_WORDS } from './texts.ts';

const EVERY_MS = 2000;
const SWEEP_EVERY_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** For what is about all nodes longer: another one may be at it, and only the database knows. */
const NODE_PATIENCE_MS = 1000;
const CLUSTER_PATIENCE_MS = 10_000;
/** A node that is away no longer may be starting anew, and finds its alarms as it left them. */
const GONE_MS = 120_000;

export interface AlarmOptions {
  rules: readonly RuleChange[];
  channels: readonly ChannelOptions[];
  language: Language;
  notices: 'off' | 'critical' | 'all';
  repeatMinutes: number;
  groupSeconds: number;
  timeoutMs: number;
  allowPrivate: readonly string[];
  keepDays: number;
}

export interface AlarmDeps extends Pick<ClusterReaderDeps, 'lostNodes' | 'failedRecordings' | 'failingWebhooks'> {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  notifier: Notifier;
  mailer: AlarmMailer;
  /** Whether anybody on the Internet could reach an address. */
  isPublic(address: string): boolean;
  options: AlarmOptions;
  bounds: AlarmBounds;
  /** This node: what it keeps over restarts, and what operators call it. */
  place: { id: string; name: string };
  /** Of the page of alarms, where it is known. */
  pageUrl: string | undefined;
  /** To whoever looks at the page. */
  publish(event: string, data: { alarm: MonitorAlarm }): Promise<void>;
  /** What fires, of all nodes. */
  firing(): MonitorAlarm[];
  /** Under the names that nodes keep, those that live. */
  livingPlaces(): string[];
  logger: Logger;
  now: () => number;
}

export interface Alarms {
  refusalsBehind(handler: EngineHandler): EngineHandler;
  /** One look at this node. */
  judge(condition: Omit<Condition, 'deliveries'>): Promise<void>;
  /** What this node lets fire, and for all nodes, if that is its work. */
  firing(): MonitorAlarm[];
  addRoutes(app: FastifyInstance, callerOf: CallerOf): void;
  measure(registry: Registry): void;
  start(): void;
  /** Idempotent. */
  stop(): Promise<void>;
}

/** Judges, writes down, tells. */
export function createAlarms(deps: AlarmDeps): Alarms {
  const { options, now, logger } = deps;
  const { metrics, refusals, reader, node, cluster, dispatcher, outbound, service, silences, store } = assemble(deps);
  const clusterReader = new ClusterReader(deps);
  const gone = new GonePlaces(deps, store);
  const projector = new Projector({
    ...{ name: 'alarms', state: deps.state, logger, everyMs: EVERY_MS },
    work: async () => {
      await cluster.round(await clusterReader.read());
      await gone.close();
    },
    onLost: () => {
      cluster.forget();
      gone.forget();
    },
  });
  const sweeper = new Loop({
    ...{ logger, restMs: SWEEP_EVERY_MS, failedWords: 'old alarms were not removed' },
    work: async () => {
      const beforeMs = now() - options.keepDays * DAY_MS;
      await silences.sweep(beforeMs);
      return store.sweep(beforeMs);
    },
  });
  const firing = (): MonitorAlarm[] => [...node.firing(), ...cluster.firing()];
  return {
    refusalsBehind: (handler) => refusals.behind(handler),
    judge: (condition) => node.round(reader.read({ ...condition, deliveries: dispatcher.failing() })),
    firing,
    addRoutes: (app, callerOf) => addAlarmRoutes(app, { service, silences, dispatcher, callerOf }),
    measure: (registry) => metrics.measure(registry, firing),
    start: () => {
      projector.start();
      sweeper.start();
    },
    stop: async () => {
      await Promise.all([projector.stop(), sweeper.stop(), dispatcher.stop()]);
      outbound.stop();
      await Promise.all([node.stop(), cluster.stop()]);
    },
  };
}

/** Closes alarms of nodes that do not come back. */
class GonePlaces {
  readonly #deps: Pick<AlarmDeps, 'livingPlaces' | 'now'>;
  readonly #store: AlarmStore;
  readonly #seenAtMs = new Map<string, number>();
  #sinceMs: number | undefined;

  constructor(deps: Pick<AlarmDeps, 'livingPlaces' | 'now'>, store: AlarmStore) {
    this.#deps = deps;
    this.#store = store;
  }

  async close(): Promise<void> {
    const now = this.#deps.now();
    this.#sinceMs ??= now;
    for (const place of this.#deps.livingPlaces()) this.#seenAtMs.set(place, now);
    for (const [place, atMs] of this.#seenAtMs) if (now - atMs >= GONE_MS) this.#seenAtMs.delete(place);
    if (now - this.#sinceMs >= GONE_MS) await this.#store.closeGone([...this.#seenAtMs.keys()], now);
  }

  forget(): void {
    this.#sinceMs = undefined;
    this.#seenAtMs.clear();
  }
}

function assemble(deps: AlarmDeps) {
  const { database, options, state, now, logger, publish, place } = deps;
  const metrics = new AlarmMetrics();
  const refusals = new Refusals(now);
  const reader = new Reader({ ...deps, refusals });
  const store = new AlarmStore(database);
  const silences = new Silences(deps);
  const outbound = new Outbound({ ...deps, ...options });
  const dispatcher = new Dispatcher({
    ...{ ...options, now, logger, sender: new Sender({ ...deps, outbound }), groupMs: options.groupSeconds * 1000 },
    ...{ site: () => `Kaibo · ${place.name}`, url: deps.pageUrl },
    count: (type, outcome) => metrics.delivery(type, outcome),
    onTold: (ids, atMs) => {
      for (const desk of [node, cluster]) desk.wasTold(ids, atMs);
    },
  });
  const tell = (event: string, alarm: MonitorAlarm): void => {
    publish(event, { alarm }).catch((error: unknown) => {
      if (!(error instanceof StateUnavailableError)) logger.warn({ err: error }, 'an alarm was not told');
    });
  };
  const common = {
    ...{ ...deps, rules: rulesOf(options.rules), store, silences, dispatcher, tell },
    repeatMs: options.repeatMinutes * MINUTE_MS,
    notify: (work: Work, alarm: MonitorAlarm) => notifyAdministrators(deps, { store, work, alarm }),
  };
  const here = { place: place.id, node: state.nodeId, nodeName: place.name };
  const node = new AlarmDesk({ ...common, place: here, patienceMs: NODE_PATIENCE_MS });
  const everywhere = { place: '', node: null, nodeName: null };
  const cluster = new AlarmDesk({ ...common, place: everywhere, patienceMs: CLUSTER_PATIENCE_MS });
  const service = new AlarmService({
    ...deps,
    store,
    acknowledged: (alarm, ack) => {
      for (const desk of [node, cluster]) desk.acknowledge(alarm.id, ack);
      tell(ALARM_ACKNOWLEDGED, alarm);
    },
  });
  return { metrics, refusals, reader, store, silences, outbound, dispatcher, node, cluster, service };
}

async function notifyAdministrators(
  { notifier, options }: AlarmDeps,
  { store, work, alarm }: { store: AlarmStore; work: Work; alarm: MonitorAlarm },
): Promise<void> {
  if (options.notices === 'off' || alarm.silenced || (options.notices === 'critical' && alarm.level !== 'critical'))
    return;
  const { id, kind, level, subject, nodeName } = alarm;
  const data = { code: 'alarm', alarmId: id, kind, level, subject, nodeName, words: KIND_WORDS[kind as AlarmKind] };
  const administrators = await store.administrators(work.transaction);
  await notifier.notify(
    work,
    administrators.map((userId) => ({
      userId,
      kind: 'system' as const,
      data,
      group: `alarm:${kind}:${subject ?? ''}`,
    })),
  );
}

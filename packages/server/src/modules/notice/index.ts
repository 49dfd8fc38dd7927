import type { OutboxTap } from '../../database/outbox.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import { noticeAccountHolder } from './account.ts';
import type { Notifier } from './contract.ts';
import { Fanout, rememberLive } from './fanout.ts';
import { Loop } from '../../database/loop.ts';
import { NoticeMetrics } from './metrics.ts';
import { StoredNotifier } from './notifier.ts';
import { Outbound } from '../../http/outbound.ts';
import { Pusher } from './push/pusher.ts';
import { PushStore } from './push/store.ts';
import { loadVapidKeys } from './push/vapid.ts';
import { addNoticeRoutes } from './routes.ts';
import { NoticeService } from './service.ts';
import { NoticeStore } from './store.ts';
import { DeliveryBound } from './webhook/bound.ts';
import { Courier } from './webhook/courier.ts';
import { addWebhookRoutes } from './webhook/routes.ts';
import { WebhookService } from './webhook/service.ts';
import { WebhookStore } from './webhook/store.ts';
import { WebhookTap } from './webhook/tap.ts';

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;
const SWEEP_BATCH = 5000;
const MAX_NOTICES = 1000;
const KEEP_DELIVERED_MS = 7 * DAY_MS;
const KEEP_DEAD_MS = 30 * DAY_MS;
const KEEP_FANOUTS_MS = 7 * DAY_MS;

export interface NoticeOptions {
  keepDays: number;
  /** Where push services complain: `mailto:` or `https:`. */
  pushSubject: string;
  allowPrivate: readonly string[];
  timeoutMs: number;
  /** Deliveries that may wait for one webhook. */
  maxWaiting: number;
}

export interface NoticeModuleDeps extends InteractDeps {
  options: NoticeOptions;
  /** Whether anybody on the Internet could reach an address. */
  isPublic(address: string): boolean;
  /** PEM of authorities besides the usual ones, for push services and webhooks. */
  ca?: string;
}

/** What people are told: in the page, by push, and other programs by webhook. */
export interface NoticeModule extends InteractModule {
  notifier: Notifier;
}

/** For the command line, which commits only: the platform that runs tells followers and webhooks. */
export function createEventTap({ database, now }: Pick<InteractDeps, 'database' | 'now'>): OutboxTap {
  const tap = new WebhookTap({ store: new WebhookStore(database), now });
  return {
    write: async (transaction, events) => {
      await rememberLive(transaction, events);
      await tap.write(transaction, events);
    },
    wants: (transaction, event) => tap.wants(transaction, event),
    committed: () => {},
  };
}

/** For the command line; the platform that runs finds within a second what was changed. */
export function createWebhookService(
  deps: Pick<InteractDeps, 'database' | 'outbox' | 'now'> &
    Pick<NoticeModuleDeps, 'isPublic'> &
    Pick<NoticeOptions, 'allowPrivate' | 'timeoutMs'>,
): WebhookService {
  const store = new WebhookStore(deps.database);
  return new WebhookService({ ...deps, store, outbound: new Outbound(deps), onChange: () => {} });
}

export function createNoticeModule(deps: NoticeModuleDeps): NoticeModule {
  const { outbox, logger, options } = deps;
  const parts = assemble(deps);
  const { metrics, notifier, fanout, service, webhooks, tap, courier, bound, webhookService, sweeper } = parts;
  let pusher: Pusher | undefined;
  let publicKey = '';
  outbox.tap({
    write: async (transaction, events) => {
      await rememberLive(transaction, events);
      await tap.write(transaction, events);
    },
    wants: (transaction, event) => tap.wants(transaction, event),
    committed: () => {
      fanout.nudge();
      courier.nudge();
      pusher?.nudge();
    },
  });
  return {
    notifier,
    accountHolder: noticeAccountHolder({ ...parts, ...deps }),
    addRoutes: (app) => {
      addNoticeRoutes(app, { service, publicKey: () => publicKey });
      addWebhookRoutes(app, webhookService);
    },
    measure: (registry) => metrics.measure(registry, { pendingDeliveries: () => webhooks.countPending() }),
    start: async () => {
      const keys = await loadVapidKeys(deps.database, deps.now);
      ({ publicKey } = keys);
      pusher = new Pusher({
        ...{ ...deps, ...parts, keys, logger, store: parts.pushStore, subject: options.pushSubject },
        count: (outcome) => metrics.push(outcome),
      });
      for (const part of [fanout, courier, bound, pusher, sweeper]) part.start();
    },
    stop: async () => {
      parts.outbound.stop();
      await Promise.all([fanout, courier, bound, pusher, sweeper].map(async (part) => part?.stop()));
    },
  };
}

function assemble(deps: NoticeModuleDeps) {
  const { database, now, options, logger } = deps;
  const metrics = new NoticeMetrics();
  const store = new NoticeStore(database);
  const pushStore = new PushStore(database);
  const webhooks = new WebhookStore(database);
  const outbound = new Outbound({ ...deps, ...options });
  const notifier = new StoredNotifier({ store, now, count: (kind) => metrics.notice(kind) });
  const fanout = new Fanout({ ...deps, notifier });
  const service = new NoticeService({ ...deps, store, pushStore, outbound });
  const tap = new WebhookTap({ store: webhooks, now });
  const forWebhooks = { ...deps, store: webhooks, outbound, notifier };
  const courier = new Courier({ ...forWebhooks, count: (outcome) => metrics.delivery(outcome) });
  const bound = new DeliveryBound({
    ...{ ...forWebhooks, maxWaiting: options.maxWaiting },
    count: (dropped) => metrics.delivery('dropped', dropped),
  });
  const webhookService = new WebhookService({
    ...forWebhooks,
    onChange: () => {
      tap.forget();
      courier.nudge();
    },
  });
  const sweeper = new Loop({
    ...{ logger, restMs: SWEEP_EVERY_MS, failedWords: 'old notices were not removed' },
    work: async () => {
      await store.sweepSurplus(MAX_NOTICES);
      await store.sweepTraces(now() - KEEP_FANOUTS_MS);
      await webhooks.sweep({ deliveredBeforeMs: now() - KEEP_DELIVERED_MS, deadBeforeMs: now() - KEEP_DEAD_MS });
      if (options.keepDays === 0) return false;
      return (await store.sweepOld(now() - options.keepDays * DAY_MS, SWEEP_BATCH)) === SWEEP_BATCH;
    },
  });
  return {
    metrics,
    store,
    pushStore,
    webhooks,
    outbound,
    notifier,
    fanout,
    service,
    tap,
    courier,
    bound,
    webhookService,
    sweeper,
  };
}

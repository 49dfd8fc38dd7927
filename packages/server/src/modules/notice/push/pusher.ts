import type { Logger } from 'pino';
import webPush from 'web-push';
import type { NoticeTable } from '../../../database/tables/notices.ts';
import { StateUnavailableError, type Lease, type StateCenter } from '../../../state/contract.ts';
import { Loop } from '../../../database/loop.ts';
import { OutboundError, type Outbound } from '../../../http/outbound.ts';
import { noticeOf } from '../store.ts';
import type { PushStore, QueuedPush, SubscriptionRow } from './store.ts';
import type { VapidKeys } from './vapid.ts';

const REST_MS = 1000;
const BATCH = 256;
const AT_ONCE = 64;
const LEASE = 'notice:push';
/** How long a push service keeps it for a browser that is off. */
const TTL_SECONDS = 86_400;
/** Push services take 4096 bytes, encryption's own included. */
const MAX_PAYLOAD_BYTES = 3000;
/** Pauses before it is tried again; after the last one it is let go. */
const RETRIES_MS = [10_000, 60_000, 300_000, 900_000, 3_600_000];

export type PushOutcome = 'delivered' | 'failed' | 'gone' | 'dropped';
/** The platform stops: it stays in the queue as it is. */
type Ended = 'stopping';

export interface PusherDeps {
  store: PushStore;
  state: StateCenter;
  outbound: Outbound;
  keys: VapidKeys;
  /** `mailto:` or `https:`, where push services complain. */
  subject: string;
  logger: Logger;
  now: () => number;
  count(outcome: PushOutcome): void;
}

/** Sends notices to the browsers that want them, by the push services of their makers (RFC 8030, 8291, 8292). */
export class Pusher {
  readonly #deps: PusherDeps;
  readonly #loop: Loop;

  constructor(deps: PusherDeps) {
    this.#deps = deps;
    const { logger } = deps;
    this.#loop = new Loop({
      ...{ logger, restMs: REST_MS, failedWords: 'pushes wait' },
      work: () => this.#work(),
    });
  }

  start(): void {
    this.#loop.start();
  }

  nudge(): void {
    this.#loop.nudge();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #work(): Promise<boolean> {
    const { store, now } = this.#deps;
    if ((await store.due(now(), 1)).length === 0) return false;
    const lease = await this.#lease();
    if (lease === undefined) return false;
    try {
      while (lease.isHeld && !this.#loop.isStopped) {
        const due = await store.due(now(), BATCH);
        if (due.length === 0) return false;
        // Whoever is slow holds up one place only.
        const rest = due.values();
        await Promise.all(Array.from({ length: AT_ONCE }, () => this.#pushEach(rest)));
      }
      return false;
    } finally {
      await lease.release();
    }
  }

  async #lease(): Promise<Lease | undefined> {
    try {
      return await this.#deps.state.lease(LEASE);
    } catch (error) {
      if (error instanceof StateUnavailableError) return undefined;
      throw error;
    }
  }

  async #pushEach(rest: IterableIterator<QueuedPush>): Promise<void> {
    for (const push of rest) await this.#push(push);
  }

  async #push({ seq, attempts, subscription, notice }: QueuedPush): Promise<void> {
    const { store, now, count } = this.#deps;
    // What was read meanwhile does not ring.
    if (subscription === undefined || notice === undefined || notice.read_at !== null) return store.done(seq);
    const outcome = await this.#send(subscription, notice);
    if (outcome === 'stopping') return;
    const waitMs = RETRIES_MS[attempts];
    if (outcome === 'gone') await store.gone(subscription.id);
    else if (outcome === 'failed' && waitMs !== undefined)
      await store.later(seq, { attempts: attempts + 1, nextAtMs: now() + waitMs });
    else await store.done(seq);
    count(outcome === 'failed' && waitMs === undefined ? 'dropped' : outcome);
  }

  async #send({ endpoint, p256dh, auth }: SubscriptionRow, notice: NoticeTable): Promise<PushOutcome | Ended> {
    const { outbound, keys, subject } = this.#deps;
    try {
      const { headers, body } = webPush.generateRequestDetails(
        { endpoint, keys: { p256dh, auth } },
        Buffer.from(payloadOf(notice)),
        // A newer form of a notice replaces the one that a browser has not fetched yet.
        { TTL: TTL_SECONDS, topic: topicOf(notice.id), vapidDetails: { subject, ...keys } },
      );
      const entries = Object.entries(headers).map(([name, value]) => [name, String(value)]);
      const status = await outbound.post(endpoint, { headers: Object.fromEntries(entries), body });
      if (status >= 200 && status < 300) return 'delivered';
      if (status === 404 || status === 410) return 'gone';
      // Too large, or not understood: it will not be the next time.
      return status === 400 || status === 413 ? 'dropped' : 'failed';
    } catch (error) {
      if (error instanceof OutboundError) {
        if (error.code === 'stopping') return error.code;
        return error.code === 'address_refused' ? 'gone' : 'failed';
      }
      // Keys of a browser that are none.
      return 'gone';
    }
  }
}

function payloadOf(row: NoticeTable): string {
  const notice = noticeOf(row);
  const text = JSON.stringify(notice);
  return Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES ? text : JSON.stringify({ ...notice, data: {} });
}

/** At most 32 letters of base64url: a UUID without its dashes. */
function topicOf(id: string): string {
  return id.replaceAll('-', '').slice(0, 32);
}

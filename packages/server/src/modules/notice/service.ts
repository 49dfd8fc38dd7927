import { randomUUID } from 'node:crypto';
import type { Outbox } from '../../database/outbox.ts';
import { AppError, type Account } from '../gateway/contract.ts';
import { userChannelOf } from '../user/contract.ts';
import { NOTICE_READ, type Notice, type NoticesQuery, type Preferences, type SubscribePushInput } from './contract.ts';
import { OutboundError, type Outbound } from '../../http/outbound.ts';
import { endpointHash, type PushStore, type SubscriptionRow } from './push/store.ts';
import { cursorOf, noticeOf, type NoticeStore } from './store.ts';

export interface NoticeServiceDeps {
  store: NoticeStore;
  pushStore: PushStore;
  outbox: Outbox;
  outbound: Outbound;
  now: () => number;
}

/** What somebody was told, and how they want to be. */
export class NoticeService {
  readonly #deps: NoticeServiceDeps;

  constructor(deps: NoticeServiceDeps) {
    this.#deps = deps;
  }

  async list(
    { id: userId }: Account,
    query: NoticesQuery,
  ): Promise<{ notices: Notice[]; unread: number; next: string | undefined }> {
    const { store } = this.#deps;
    const rows = await store.list(userId, query);
    const shown = rows.slice(0, query.limit);
    const last = rows.length > query.limit ? shown.at(-1) : undefined;
    return {
      notices: shown.map(noticeOf),
      unread: await store.unread(userId),
      next: last === undefined ? undefined : cursorOf(last),
    };
  }

  async unread({ id }: Account): Promise<number> {
    return this.#deps.store.unread(id);
  }

  /** `ids` left out, everything. Answers how many are unread then; the other devices hear of it. */
  async read({ id: userId }: Account, ids: readonly string[] | undefined): Promise<number> {
    const { store, outbox, now } = this.#deps;
    return outbox.transact(async ({ transaction, emit }) => {
      const read = await store.read(transaction, { userId, ids, nowMs: now() });
      const unread = (await store.unreadOf(transaction, [userId])).get(userId) ?? 0;
      const data = { ids: ids === undefined ? undefined : read, unread };
      if (read.length > 0) await emit({ channel: userChannelOf(userId), event: NOTICE_READ, data });
      return unread;
    });
  }

  async preferences({ id }: Account): Promise<Preferences> {
    return this.#deps.store.preferences(id);
  }

  /** What the platform itself says is always kept: it may be what keeps an account safe. */
  async prefer({ id }: Account, changes: Partial<Preferences>): Promise<Preferences> {
    const { store, outbox } = this.#deps;
    const { system, ...others } = changes;
    const all = system === undefined ? others : { ...others, system: { ...system, inApp: true } };
    await outbox.transact(async ({ transaction }) => store.prefer(transaction, id, all));
    return store.preferences(id);
  }

  async subscriptions({
    id,
  }: Account): Promise<{ id: string; service: string; userAgent: string; createdAt: number }[]> {
    return (await this.#deps.pushStore.ofUser(id)).map(viewOf);
  }

  /** @throws AppError push_endpoint_refused */
  async subscribe({ id: userId }: Account, input: SubscribePushInput, userAgent: string): Promise<void> {
    const { pushStore, outbox, outbound, now } = this.#deps;
    try {
      await outbound.check(input.endpoint);
    } catch (error) {
      throw error instanceof OutboundError ? new AppError('push_endpoint_refused') : error;
    }
    const { endpoint, keys } = input;
    const row: SubscriptionRow = {
      ...{ id: randomUUID(), user_id: userId, endpoint, endpoint_hash: endpointHash(endpoint), ...keys },
      ...{ user_agent: userAgent.slice(0, 300), created_at: now() },
    };
    await outbox.transact(async ({ transaction }) => pushStore.subscribe(transaction, row));
  }

  /** By its endpoint, which only the browser knows. */
  async unsubscribe({ id: userId }: Account, endpoint: string): Promise<void> {
    const { pushStore, outbox } = this.#deps;
    await outbox.transact(async ({ transaction }) => pushStore.unsubscribe(transaction, { userId, endpoint }));
  }
}

function viewOf({ id, endpoint, user_agent: userAgent, created_at: createdAt }: SubscriptionRow) {
  return { id, service: new URL(endpoint).host, userAgent, createdAt };
}

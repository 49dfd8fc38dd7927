import type { Caller } from './caller.ts';

/** Newer servers may know more. */
export type NoticeKind = 'live' | 'gift' | 'lottery' | 'moderation' | 'mention' | 'level' | 'system';

/** Something that somebody is told. */
export interface Notice {
  id: string;
  kind: NoticeKind;
  /** What it is about, by its kind: ids and names. */
  data: Record<string, unknown>;
  /** ms since the epoch. */
  createdAt: number;
  /** Left out while it is unread. */
  readAt?: number;
}

export interface NoticePage {
  /** The newest first. */
  notices: Notice[];
  /** Over all pages. */
  unread: number;
  /** The `before` of the next page, if there is one. */
  next?: string;
}

export interface NoticePreference {
  /** Whether it is kept and shown at all. */
  inApp: boolean;
  /** Whether it is pushed to browsers, too. */
  push: boolean;
}
export type NoticePreferences = Record<NoticeKind, NoticePreference>;

/** Event `notice.created` on the `user` channel; a notice whose id is known already is a newer form of it. */
export interface NoticeCreated {
  notice: Notice;
  unread: number;
}

/** Event `notice.read` on the `user` channel; without `ids`, all were read. */
export interface NoticesRead {
  ids?: string[];
  unread: number;
}

/** A browser that takes pushes; its endpoint is not shown. */
export interface PushDevice {
  id: string;
  /** Host of the push service. */
  service: string;
  userAgent: string;
  createdAt: number;
}

/** What `PushSubscription.toJSON()` gives. */
export interface PushSubscriptionInput {
  endpoint?: string;
  keys?: Record<string, string>;
}

/** What somebody is told, by the page and by Web Push. */
export class NoticesApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  list({ unread, ...query }: { before?: string; limit?: number; unread?: boolean } = {}): Promise<NoticePage> {
    return this.#caller.json('/api/notices', { query: { ...query, unread: unread === true ? 'true' : undefined } });
  }

  async unread(): Promise<number> {
    return (await this.#caller.json<{ unread: number }>('/api/notices/unread')).unread;
  }

  /** These, or all. Answers how many are unread then. */
  async read(ids: readonly string[] | 'all'): Promise<number> {
    const body = ids === 'all' ? { all: true } : { ids };
    return (await this.#caller.json<{ unread: number }>('/api/notices/read', { method: 'POST', body })).unread;
  }

  preferences(): Promise<NoticePreferences> {
    return this.#caller.json('/api/notices/preferences');
  }

  /** Kinds that are left out stay as they are; `system` is always kept. */
  setPreferences(changes: Partial<NoticePreferences>): Promise<NoticePreferences> {
    return this.#caller.json('/api/notices/preferences', { method: 'PUT', body: changes });
  }

  /** `applicationServerKey` of `PushManager.subscribe`. */
  async pushKey(): Promise<string> {
    return (await this.#caller.json<{ publicKey: string }>('/api/push/key')).publicKey;
  }

  devices(): Promise<PushDevice[]> {
    return this.#caller.json('/api/push/subscriptions');
  }

  async subscribePush({ endpoint, keys }: PushSubscriptionInput): Promise<void> {
    await this.#caller.send('/api/push/subscriptions', { method: 'POST', body: { endpoint, keys } });
  }

  async unsubscribePush(endpoint: string): Promise<void> {
    await this.#caller.send('/api/push/subscriptions', { method: 'DELETE', body: { endpoint } });
  }
}

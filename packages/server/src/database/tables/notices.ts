// The tables of migrations/0012-notices.ts as rows.
import type { Generated } from 'kysely';

type Flag = 0 | 1;

export interface NoticeTables {
  notices: NoticeTable;
  notice_preferences: NoticePreferenceTable;
  notice_fanouts: NoticeFanoutTable;
  push_subscriptions: PushSubscriptionTable;
  push_queue: PushQueueTable;
  webhooks: WebhookTable;
  webhook_deliveries: WebhookDeliveryTable;
}

export interface NoticeTable {
  id: string;
  user_id: string;
  kind: string;
  /** JSON. */
  data: string;
  /** Of a group there is one unread notice at most. */
  group_key: string | null;
  created_at: number;
  read_at: number | null;
}

/** What somebody wants of a kind; without a row, everything. */
export interface NoticePreferenceTable {
  user_id: string;
  kind: string;
  in_app: Flag;
  push: Flag;
}

/** Followers who are being told that a broadcast began, one row a room. */
export interface NoticeFanoutTable {
  room_id: string;
  /** Whom they follow. */
  user_id: string;
  title: string;
  created_at: number;
  /** The last follow that was told: its time, and by whom. */
  cursor_at: number;
  cursor_id: string;
  /** How many were told. */
  told: number;
  done_at: number | null;
}

/** A browser that takes pushes. */
export interface PushSubscriptionTable {
  id: string;
  user_id: string;
  /** A secret of the browser: whoever knows it may push, if they have our key. */
  endpoint: string;
  /** SHA-256 in hex of the endpoint: unique. */
  endpoint_hash: string;
  p256dh: string;
  auth: string;
  user_agent: string;
  created_at: number;
}

export interface PushQueueTable {
  seq: Generated<number>;
  subscription_id: string;
  notice_id: string;
  attempts: number;
  next_at: number;
}

export interface WebhookTable {
  id: string;
  /** `platform`, or `user:ID`. */
  owner: string;
  url: string;
  /** Kept as it is, for each delivery is signed by it. Shown once. */
  secret: string;
  /** JSON: names of events, `room.*`, or `*`. */
  events: string;
  enabled: Flag;
  /** Since when nothing arrived; null while things do. */
  failing_since: number | null;
  /** When it was switched off for failing too long. */
  given_up_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface WebhookDeliveryTable {
  /** The order. */
  seq: Generated<number>;
  /** `X-Kaibo-Delivery`. */
  id: string;
  webhook_id: string;
  /** The event's channel: deliveries of one key go out one after the other. */
  order_key: string;
  event: string;
  /** What is sent, to the byte. */
  body: string;
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  next_at: number;
  /** A failure after this is the last one. */
  deadline_at: number;
  /** HTTP status or code of the last failure. */
  last_error: string | null;
  created_at: number;
  done_at: number | null;
}

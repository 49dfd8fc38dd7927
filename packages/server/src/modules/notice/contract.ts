import type { Work } from '../../database/outbox.ts';

export type NoticeKind = 'live' | 'gift' | 'lottery' | 'moderation' | 'mention' | 'level' | 'system';

export interface NewNotice {
  userId: string;
  kind: NoticeKind;
  /** Plain JSON, of which the page makes words in the reader's language: ids and names, never a secret. */
  data: Readonly<Record<string, unknown>>;
  /** An unread notice of the same group is replaced instead of another being added. */
  group?: string;
}

/** How other modules tell people something, in the transaction of what they tell. */
export interface Notifier {
  notify(work: Pick<Work, 'transaction' | 'emit'>, notices: readonly NewNotice[]): Promise<void>;
}

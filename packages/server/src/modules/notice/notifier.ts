import { randomUUID } from 'node:crypto';
import type { Transaction } from '../../database/database.ts';
import type { Work } from '../../database/outbox.ts';
import type { NoticeTable } from '../../database/tables/notices.ts';
import { userChannelOf } from '../user/contract.ts';
import { NOTICE_CREATED, type NewNotice, type Notice, type Notifier } from './contract.ts';
import { noticeOf, type NoticeStore } from './store.ts';

/** Rows of one statement. */
const BATCH = 500;

/** Writes notices, the events that show them, and the pushes to be sent, in the transaction of what is told. */
export class StoredNotifier implements Notifier {
  readonly #store: NoticeStore;
  readonly #now: () => number;
  readonly #count: (kind: string) => void;

  constructor({ store, now, count }: { store: NoticeStore; now: () => number; count(kind: string): void }) {
    this.#store = store;
    this.#now = now;
    this.#count = count;
  }

  async notify(work: Pick<Work, 'transaction' | 'emit'>, notices: readonly NewNotice[]): Promise<void> {
    // Everybody locks the rows of groups in the same order, so that two transactions never wait for each other.
    const sorted = lastOfEachGroup(notices).toSorted((a, b) =>
      a.userId < b.userId ? -1 : Number(a.userId > b.userId),
    );
    for (let at = 0; at < sorted.length; at += BATCH) await this.#notifySome(work, sorted.slice(at, at + BATCH));
  }

  async #notifySome(
    { transaction, emit }: Pick<Work, 'transaction' | 'emit'>,
    notices: readonly NewNotice[],
  ): Promise<void> {
    const userIds = [...new Set(notices.map(({ userId }) => userId))];
    const wishes = await this.#store.wishes(transaction, userIds);
    const wanted = notices.filter(({ userId, kind }) => wishes.of(userId, kind).inApp);
    if (wanted.length === 0) return;
    const rows = await this.#write(transaction, wanted);
    const unread = await this.#store.unreadOf(transaction, [...new Set(rows.map(({ user_id: id }) => id))]);
    await emit(
      ...rows.map((row) => ({
        channel: userChannelOf(row.user_id),
        event: NOTICE_CREATED,
        data: { notice: noticeOf(row), unread: unread.get(row.user_id) ?? 0 } satisfies {
          notice: Notice;
          unread: number;
        },
      })),
    );
    const pushed = rows.filter(({ user_id: userId, kind }) => wishes.of(userId, kind).push);
    await this.#store.queuePushes(transaction, pushed, this.#now());
    for (const { kind } of rows) this.#count(kind);
  }

  async #write(transaction: Transaction, notices: readonly NewNotice[]): Promise<NoticeTable[]> {
    const rows = notices.map(
      ({ userId, kind, data, group }): NoticeTable => ({
        ...{ id: randomUUID(), user_id: userId, kind, data: JSON.stringify(data) },
        ...{ group_key: group ?? null, created_at: this.#now(), read_at: null },
      }),
    );
    return this.#store.insert(transaction, rows);
  }
}

/** Of one group and reader only the newest would remain anyway, and a statement may touch a row only once. */
function lastOfEachGroup(notices: readonly NewNotice[]): NewNotice[] {
  const last = new Map<string, NewNotice>();
  const alone: NewNotice[] = [];
  for (const notice of notices) {
    if (notice.group === undefined) alone.push(notice);
    else last.set(`${notice.userId}\0${notice.group}`, notice);
  }
  return [...last.values(), ...alone];
}

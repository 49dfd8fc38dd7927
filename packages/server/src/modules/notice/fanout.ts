import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../../database/database.ts';
import type { CommittedEvent, Outbox } from '../../database/outbox.ts';
import type { NoticeFanoutTable } from '../../database/tables/notices.ts';
import { StateUnavailableError, type StateCenter } from '../../state/contract.ts';
import { isRoomLive } from './events.ts';
import type { Notifier } from './contract.ts';
import { Loop } from '../../database/loop.ts';

/** Followers told in one transaction: on SQLite nobody else has a turn meanwhile. */
const BATCH = 200;
const REST_MS = 1000;
const LEASE = 'notice:fanout';

export interface FanoutDeps {
  database: Database;
  outbox: Outbox;
  state: StateCenter;
  notifier: Notifier;
  logger: Logger;
  now: () => number;
}

/**
 * Tells followers that somebody is live. What is to be told is committed with the room's event; one node works it off
 * in batches, each with the place it reached, so that whoever goes on after a crash tells nobody twice.
 */
export class Fanout {
  readonly #deps: FanoutDeps;
  readonly #loop: Loop;

  constructor(deps: FanoutDeps) {
    this.#deps = deps;
    const { logger } = deps;
    this.#loop = new Loop({
      ...{ logger, restMs: REST_MS, failedWords: 'followers wait to be told' },
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

  /** One batch of every broadcast in turn, so that a small one does not wait for one of millions. */
  async #work(): Promise<boolean> {
    if ((await this.#open(1)).length === 0) return false;
    const lease = await this.#lease();
    if (lease === undefined) return false;
    try {
      let open = await this.#open(20);
      while (open.length > 0 && lease.isHeld && !this.#loop.isStopped) {
        for (const row of open) {
          await this.#tell(row);
          await setImmediate();
        }
        // What is told waits for its way to the pages: the list of events is never longer than a batch of each.
        await this.#deps.outbox.flush();
        open = await this.#open(20);
      }
      return false;
    } finally {
      await lease.release();
    }
  }

  async #lease() {
    try {
      return await this.#deps.state.lease(LEASE);
    } catch (error) {
      if (error instanceof StateUnavailableError) return undefined;
      throw error;
    }
  }

  async #open(limit: number): Promise<NoticeFanoutTable[]> {
    return this.#deps.database
      .selectFrom('notice_fanouts')
      .selectAll()
      .where('done_at', 'is', null)
      .orderBy('created_at')
      .limit(limit)
      .execute();
  }

  async #tell(row: NoticeFanoutTable): Promise<void> {
    const { database, outbox, notifier, now } = this.#deps;
    const streamer = await database
      .selectFrom('users')
      .select(['id', 'username', 'name', 'avatar'])
      .where('id', '=', row.user_id)
      .executeTakeFirst();
    const room = await database
      .selectFrom('rooms')
      .select(['status', 'is_private', 'title'])
      .where('id', '=', row.room_id)
      .executeTakeFirst();
    // Nobody is called to a broadcast that is over, or that they may not see.
    const isOver = streamer === undefined || room?.status !== 'live' || room.is_private === 1;
    const followers = isOver ? [] : await this.#followersAfter(row);
    const last = followers.at(-1);
    await outbox.transact(async (work) => {
      const { numUpdatedRows } = await work.transaction
        .updateTable('notice_fanouts')
        .set({
          ...(last === undefined ? {} : { cursor_at: last.created_at, cursor_id: last.follower_id }),
          told: row.told + followers.length,
          done_at: followers.length < BATCH ? now() : null,
        })
        .where('room_id', '=', row.room_id)
        .where('done_at', 'is', null)
        .where('cursor_at', '=', row.cursor_at)
        .where('cursor_id', '=', row.cursor_id)
        .executeTakeFirst();
      // Another node took over and did this batch.
      if (numUpdatedRows === 0n || streamer === undefined) return;
      const { id: userId, username, name, avatar } = streamer;
      const data = { roomId: row.room_id, title: room?.title ?? row.title, userId, username, name, avatar };
      const group = `live:${userId}`;
      await notifier.notify(
        work,
        followers.map(({ follower_id: follower }) => ({ userId: follower, kind: 'live', data, group })),
      );
    });
  }

  /** Who follows later than the broadcast began has seen that it has. */
  async #followersAfter(row: NoticeFanoutTable): Promise<{ follower_id: string; created_at: number }[]> {
    return this.#deps.database
      .selectFrom('follows')
      .select(['follower_id', 'created_at'])
      .where('user_id', '=', row.user_id)
      .where('created_at', '<=', row.created_at)
      .where(({ or, and, eb }) =>
        or([
          eb('created_at', '>', row.cursor_at),
          and([eb('created_at', '=', row.cursor_at), eb('follower_id', '>', row.cursor_id)]),
        ]),
      )
      .orderBy('created_at')
      .orderBy('follower_id')
      .limit(BATCH)
      .execute();
  }
}

/** What followers are to be told, in the transaction of the events. */
export async function rememberLive(transaction: Transaction, events: readonly CommittedEvent[]): Promise<void> {
  for (const { channel, event, data, created_at: atMs } of events) {
    const room = isRoomLive(channel, event, data);
    if (room === undefined) continue;
    await transaction
      .insertInto('notice_fanouts')
      .values({
        ...{ room_id: room.id, user_id: room.userId, title: room.title, created_at: atMs },
        ...{ cursor_at: 0, cursor_id: '', told: 0, done_at: null },
      })
      .onConflict((conflict) => conflict.column('room_id').doNothing())
      .execute();
  }
}

import type { Database, Transaction } from '../../database/database.ts';
import type { UserDirectory } from '../user/contract.ts';
import type { Summary } from './contract.ts';
import { deriveMinutes, MINUTE_MS, SPEAKS_FOR_MS, type MinuteRow, type Span } from './derive.ts';
import type { InsightStore } from './store.ts';
import type { ShownRoom, SummaryRow, SummaryStore } from './summary-store.ts';

/** After the end: by then every node has written down who came, what was said, and the last point is there. */
const SETTLED_MS = 15_000;
/** Broadcasts that ended longer ago stay without a summary of their own; what can be asked of them still is. */
const LOOK_BACK_MS = 90 * 24 * 3_600_000;
/** Summed up in one round. */
const PER_ROUND = 20;
/** The newest minutes may not be made yet: they are made of points when they are asked for. */
const FRESH_MS = 2 * MINUTE_MS;
const SUPPORTERS = 10;

export interface SummaryDeps {
  database: Database;
  insight: InsightStore;
  store: SummaryStore;
  users: UserDirectory;
  now: () => number;
}

/** What broadcasts came to: told of one that goes on, and kept of one that is over. */
export class Summaries {
  readonly #deps: SummaryDeps;

  constructor(deps: SummaryDeps) {
    this.#deps = deps;
  }

  /** In the order of the rooms. */
  async of(rooms: readonly ShownRoom[]): Promise<Summary[]> {
    const { store } = this.#deps;
    const ids = rooms.map(({ id }) => id);
    const stored = await store.stored(ids);
    const given = await store.given(ids);
    const supporters = await this.#supporters(ids);
    const recordings = await store.recordings(ids);
    const summaries: Summary[] = [];
    for (const room of rooms) {
      const row = stored.get(room.id) ?? (await this.#rowOf(room));
      const endedAt = room.end_time ?? undefined;
      const durationMs = Math.max(0, row.ended_at - row.started_at);
      const recordingId = recordings.get(room.id);
      summaries.push({
        roomId: room.id,
        title: row.title,
        startedAt: row.started_at,
        ...(endedAt === undefined ? {} : { endedAt }),
        durationMs,
        peakViewers: row.peak_viewers,
        averageViewers: durationMs === 0 ? 0 : Math.round((row.watch_ms / durationMs) * 10) / 10,
        watchMs: row.watch_ms,
        viewers: row.viewers,
        ...{ messages: row.messages, chatters: row.chatters, newFollowers: row.new_followers },
        ...(given.get(room.id) ?? { coins: 0, gifts: 0, gifters: 0 }),
        interruptions: row.interruptions,
        topSupporters: supporters.get(room.id) ?? [],
        ...(recordingId === undefined ? {} : { recordingId }),
      });
    }
    return summaries;
  }

  /**
   * Sums broadcasts up that are over. Once for each, in one transaction: whatever died in the middle of it has changed
   * nothing, and doing it again comes to the same.
   */
  async finish(): Promise<void> {
    const { store, now } = this.#deps;
    const range = { fromMs: now() - LOOK_BACK_MS, toMs: now() - SETTLED_MS };
    for (const room of await store.unfinished(range, PER_ROUND)) await this.#finishOne(room);
  }

  async #finishOne(room: ShownRoom): Promise<void> {
    const { database, insight, store } = this.#deps;
    await database.transaction().execute(async (transaction) => {
      await insight.putMinutes(transaction, await this.#lastMinutes(room, transaction));
      await store.add(transaction, await this.#rowOf(room, transaction));
      await store.forgetTraces(transaction, room.id);
    });
  }

  /** Of all points that are left, and with what was said as the archive has it. */
  async #lastMinutes(room: ShownRoom, transaction: Transaction): Promise<MinuteRow[]> {
    const { insight } = this.#deps;
    const span = spanOf(room, Infinity);
    const points = await insight.pointsOf(room.id, 0, transaction);
    const said = await insight.messagesByMinute(room.id, { fromMs: span.startMs, toMs: span.endMs }, transaction);
    const known = await insight.minutesOf(room.id, transaction);
    // A minute that its first points are gone of is better known as it was made when they were there.
    const first = points[0]?.at ?? Infinity;
    const isWhole = (at: number): boolean => at >= first || !known.some((minute) => minute.at === at);
    const derived = deriveMinutes(points, span, 0).filter(({ at }) => isWhole(at));
    const minutes = new Map<number, MinuteRow>(known.map((minute) => [minute.at, minute]));
    for (const minute of derived) minutes.set(minute.at, { ...minute, user_id: room.user_id });
    for (const at of said.keys()) if (!minutes.has(at)) minutes.set(at, silentMinute(room, at));
    return [...minutes.values()].map((minute) => ({ ...minute, messages: said.get(minute.at) ?? 0 }));
  }

  /** As of now where it goes on. */
  async #rowOf(room: ShownRoom, transaction?: Transaction): Promise<SummaryRow> {
    const { store, now } = this.#deps;
    const span = spanOf(room, now());
    const range = { fromMs: span.startMs, toMs: span.endMs };
    const { watchMs, peak } = await this.#watched(room, transaction);
    const { messages, chatters } = await store.said(room.id, range, transaction);
    return {
      room_id: room.id,
      user_id: room.user_id,
      title: room.title,
      started_at: span.startMs,
      ended_at: span.endMs,
      peak_viewers: Math.max(room.peak_viewers, peak),
      watch_ms: watchMs,
      viewers: await store.people(room.id, transaction),
      messages,
      chatters,
      new_followers: room.user_id === null ? 0 : await store.followers(room.user_id, range, transaction),
      interruptions: room.interruptions,
    };
  }

  /** Once summed up all minutes are there; before that the newest are made of points. */
  async #watched(room: ShownRoom, transaction?: Transaction): Promise<{ watchMs: number; peak: number }> {
    const { insight, store, now } = this.#deps;
    if (transaction !== undefined) return store.watched(room.id, Number.MAX_SAFE_INTEGER, transaction);
    const freshMs = now() - FRESH_MS;
    const fromMs = freshMs - (freshMs % MINUTE_MS);
    const { watchMs, peak } = await store.watched(room.id, fromMs);
    const points = await insight.pointsOf(room.id, fromMs - SPEAKS_FOR_MS);
    const minutes = deriveMinutes(points, spanOf(room, now()), fromMs);
    return {
      watchMs: minutes.reduce((total, minute) => total + minute.watch_ms, watchMs),
      peak: Math.max(peak, ...minutes.map((minute) => minute.peak_viewers)),
    };
  }

  /** Accounts that are gone are not named. */
  async #supporters(roomIds: readonly string[]): Promise<Map<string, Summary['topSupporters']>> {
    const { store, users } = this.#deps;
    const supporters = await store.supporters(roomIds, SUPPORTERS);
    const known = await users.findMany([...new Set(supporters.map(({ userId }) => userId))]);
    const byRoom = Map.groupBy(supporters, ({ roomId }) => roomId);
    return new Map(
      [...byRoom].map(([roomId, ofRoom]) => [
        roomId,
        ofRoom.flatMap(({ userId, coins }) => {
          const user = known.get(userId);
          if (user === undefined) return [];
          const { id, username, name, avatar } = user;
          return [{ user: { id, username, name, ...(avatar === undefined ? {} : { avatar }) }, coins }];
        }),
      ]),
    );
  }
}

function spanOf(room: ShownRoom, openEndMs: number): Span {
  return { startMs: room.start_time, endMs: room.end_time ?? openEndMs };
}

/** In which something was said, and no sample was taken. */
function silentMinute({ id, user_id }: ShownRoom, at: number): MinuteRow {
  return {
    ...{ room_id: id, user_id, at, viewers: 0, peak_viewers: 0, watch_ms: 0 },
    ...{ bitrate_bps: null, fps_milli: null, keyframe_interval_ms: null, rtt_ms: null },
    ...{ messages: 0, coins: 0 },
  };
}

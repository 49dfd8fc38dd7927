import type { Insertable } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { MonitorMinuteTable } from '../../database/tables/insight.ts';
import type { MonitorPoint } from './contract.ts';

/** How long minutes are kept. */
const KEEP_MS = 24 * 3_600_000;
const MAX_FAILED = 20;
const MAX_WEBHOOKS = 50;

/** The queries of monitoring. */
export class MonitorStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** A minute that was written down stays: two nodes that looked at it at once saw the same. */
  async addMinute(point: MonitorPoint): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto('monitor_minutes')
        .values(rowOf(point))
        .onConflict((conflict) => conflict.column('at').doNothing())
        .execute();
      await transaction
        .deleteFrom('monitor_minutes')
        .where('at', '<=', point.at - KEEP_MS)
        .execute();
    });
  }

  /** Of the last 24 h before `now`, the oldest first. */
  async minutes(now: number): Promise<MonitorPoint[]> {
    const rows = await this.#database
      .selectFrom('monitor_minutes')
      .selectAll()
      .where('at', '>', now - KEEP_MS)
      .orderBy('at')
      .execute();
    return rows.map((row) => ({
      at: row.at,
      viewers: row.viewers,
      streams: row.streams,
      connections: row.connections,
      inBps: row.in_bps,
      outBps: row.out_bps,
      cpu: row.cpu_permille / 1000,
      rssBytes: row.rss_bytes,
      eventLoopDelayMs: row.event_loop_delay_ms,
    }));
  }

  /** Recordings that failed since then, the newest first. */
  async failedRecordings(sinceMs: number): Promise<{ id: string; roomId: string | null; atMs: number }[]> {
    const rows = await this.#database
      .selectFrom('recordings')
      .select(['id', 'room_id', 'updated_at'])
      .where('state', '=', 'failed')
      .where('updated_at', '>', sinceMs)
      .orderBy('updated_at', 'desc')
      .limit(MAX_FAILED)
      .execute();
    return rows.map(({ id, room_id: roomId, updated_at: atMs }) => ({ id, roomId, atMs }));
  }

  /** Webhooks of the platform to which nothing is delivered, those that were switched off for it too. */
  async failingWebhooks(): Promise<{ id: string; url: string; sinceMs: number }[]> {
    const rows = await this.#database
      .selectFrom('webhooks')
      .select(['id', 'url', 'failing_since'])
      .where('owner', '=', 'platform')
      .where(({ or, eb }) => or([eb('enabled', '=', 1), eb('given_up_at', 'is not', null)]))
      .where('failing_since', 'is not', null)
      .orderBy('failing_since')
      .limit(MAX_WEBHOOKS)
      .execute();
    return rows.map(({ id, url, failing_since: sinceMs }) => ({ id, url, sinceMs: sinceMs ?? 0 }));
  }
}

function rowOf(point: MonitorPoint): Insertable<MonitorMinuteTable> {
  return {
    at: point.at,
    viewers: Math.round(point.viewers),
    streams: Math.round(point.streams),
    connections: Math.round(point.connections),
    in_bps: Math.round(point.inBps),
    out_bps: Math.round(point.outBps),
    cpu_permille: Math.round(point.cpu * 1000),
    rss_bytes: Math.round(point.rssBytes),
    event_loop_delay_ms: Math.round(point.eventLoopDelayMs),
  };
}

import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import type { InsightDay } from './contract.ts';
import type { Range } from './store.ts';
import type { ShownRoom } from './summary-store.ts';

/** Days begin at a multiple of this in every time zone, so that what is summed up by it can be put into days. */
const SLOT_MS = 15 * 60_000;

export interface DaysDeps {
  database: Database;
  calendar: PeriodStarts;
  /** Of the calendar; left out, the server's. */
  timeZone: string | undefined;
  now: () => number;
}

/** A day, from when to when it lasts, ms since the epoch. */
interface DaySpan extends Range {
  day: string;
}

/** The sums of a channel by day, where the platform is at home. */
export class Days {
  readonly #deps: DaysDeps;
  readonly #format: Intl.DateTimeFormat;

  constructor(deps: DaysDeps) {
    this.#deps = deps;
    this.#format = new Intl.DateTimeFormat('en-u-ca-gregory', {
      ...{ timeZone: deps.timeZone, year: 'numeric', month: '2-digit', day: '2-digit' },
    });
  }

  /** The last `count` days, of which today is the last. */
  spans(count: number): DaySpan[] {
    const { calendar, now } = this.#deps;
    const spans: DaySpan[] = [];
    for (let toMs = now() + 1, index = 0; index < count; index++) {
      const { day: fromMs } = calendar.startsAt(toMs - 1);
      spans.unshift({ day: this.#nameOf(fromMs), fromMs, toMs });
      toMs = fromMs;
    }
    return spans;
  }

  /** `rooms` are all broadcasts of the account that were live within these days. */
  async sums(userId: string, spans: readonly DaySpan[], rooms: readonly ShownRoom[]): Promise<InsightDay[]> {
    const fromMs = spans[0]?.fromMs ?? 0;
    const [minutes, coins, followers] = await Promise.all([
      this.#minutes(userId, fromMs),
      this.#coins(userId, fromMs),
      this.#followers(userId, fromMs),
    ]);
    return spans.map((span) => {
      const within = <Row extends { slot: number }>(rows: readonly Row[]): Row[] =>
        rows.filter(({ slot }) => slot >= span.fromMs && slot < span.toMs);
      const ownMinutes = within(minutes);
      return {
        day: span.day,
        broadcasts: rooms.filter(({ start_time: at }) => at >= span.fromMs && at < span.toMs).length,
        durationMs: sumOf(rooms, (room) => this.#liveMs(room, span)),
        watchMs: sumOf(ownMinutes, ({ watchMs }) => Number(watchMs)),
        peakViewers: Math.max(
          0,
          ...ownMinutes.map(({ peak }) => Number(peak)),
          ...rooms.filter((room) => this.#isWithin(room, span)).map((room) => room.peak_viewers),
        ),
        messages: sumOf(ownMinutes, ({ messages }) => Number(messages)),
        coins: sumOf(within(coins), (slot) => slot.coins),
        newFollowers: sumOf(within(followers), ({ count }) => count),
      };
    });
  }

  #liveMs({ start_time: startMs, end_time: endMs }: ShownRoom, { fromMs, toMs }: Range): number {
    return Math.max(0, Math.min(endMs ?? this.#deps.now(), toMs) - Math.max(startMs, fromMs));
  }

  #isWithin({ start_time: startMs, end_time: endMs }: ShownRoom, { fromMs, toMs }: Range): boolean {
    return startMs >= fromMs && (endMs ?? this.#deps.now()) < toMs;
  }

  async #minutes(
    userId: string,
    fromMs: number,
  ): Promise<{ slot: number; watchMs: number; peak: number; messages: number }[]> {
    const rows = await this.#deps.database
      .selectFrom('room_minutes')
      .select(({ fn }) => [
        slotOf('room_minutes.at').as('slot'),
        fn.sum<number>('watch_ms').as('watchMs'),
        fn.max('peak_viewers').as('peak'),
        fn.sum<number>('messages').as('messages'),
      ])
      .where('user_id', '=', userId)
      .where('at', '>=', fromMs)
      .groupBy(slotOf('room_minutes.at'))
      .execute();
    return rows.map((row) => ({ ...row, slot: Number(row.slot) }));
  }

  async #coins(userId: string, fromMs: number): Promise<{ slot: number; coins: number }[]> {
    const rows = await this.#deps.database
      .selectFrom('gift_orders')
      .select(({ fn }) => [slotOf('gift_orders.at').as('slot'), fn.sum<number>('total').as('coins')])
      .where('channel_id', '=', userId)
      .where('at', '>=', fromMs)
      .where('refunded_at', 'is', null)
      .groupBy(slotOf('gift_orders.at'))
      .execute();
    return rows.map(({ slot, coins }) => ({ slot: Number(slot), coins: Number(coins) }));
  }

  async #followers(userId: string, fromMs: number): Promise<{ slot: number; count: number }[]> {
    const rows = await this.#deps.database
      .selectFrom('follows')
      .select(({ fn }) => [slotOf('follows.created_at').as('slot'), fn.countAll<number>().as('count')])
      .where('user_id', '=', userId)
      .where('created_at', '>=', fromMs)
      .groupBy(slotOf('follows.created_at'))
      .execute();
    return rows.map(({ slot, count }) => ({ slot: Number(slot), count: Number(count) }));
  }

  #nameOf(atMs: number): string {
    const parts = Object.fromEntries(this.#format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    return `${parts['year']}-${parts['month']}-${parts['day']}`;
  }
}

const slotOf = (column: string) => sql<number>`${sql.ref(column)} - ${sql.ref(column)} % ${sql.lit(SLOT_MS)}`;

function sumOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

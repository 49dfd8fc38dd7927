import { AppError, type Caller } from '../gateway/contract.ts';
import type { Proof, RoomDirectory } from '../live/contract.ts';
import type { Insight, Series, Summary } from './contract.ts';
import type { Days } from './days.ts';
import { MINUTE_MS, STEP_MS } from './derive.ts';
import { pointOf } from './sampler.ts';
import type { InsightStore } from './store.ts';
import type { Summaries } from './summaries.ts';
import type { SummaryStore } from './summary-store.ts';

/** How far back a series of steps goes. */
const SERIES_MS = 6 * 3_600_000;
const MOST_BROADCASTS = 50;
/** Of which the days of a channel are made; one broadcast every 20 minutes. */
const MOST_ROOMS = 6500;

export interface InsightServiceDeps {
  rooms: RoomDirectory;
  store: InsightStore;
  summaryStore: SummaryStore;
  summaries: Summaries;
  days: Days;
  now: () => number;
}

/** How broadcasts went, for whoever owns them and for administrators. */
export class InsightService {
  readonly #deps: InsightServiceDeps;

  constructor(deps: InsightServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError room_not_found, forbidden */
  async series(caller: Caller, roomId: string, proof?: Proof): Promise<Series> {
    await this.assertOwner(caller, roomId, proof);
    const { store, now } = this.#deps;
    const points = await store.pointsOf(roomId, now() - SERIES_MS);
    if (points.length > 0) return { stepMs: STEP_MS, points: points.map(pointOf) };
    return { stepMs: MINUTE_MS, points: (await store.minutesOf(roomId)).map(pointOf) };
  }

  /** @throws AppError room_not_found, forbidden, room_not_live */
  async summary(caller: Caller, roomId: string): Promise<Summary> {
    await this.assertOwner(caller, roomId);
    const room = await this.#deps.summaryStore.find(roomId);
    if (room === undefined) throw new AppError('room_not_live');
    const [summary] = await this.#deps.summaries.of([room]);
    if (summary === undefined) throw new AppError('room_not_live');
    return summary;
  }

  async ofChannel(userId: string, count: number): Promise<Insight> {
    const { days, summaryStore, summaries, now } = this.#deps;
    const spans = days.spans(count);
    const range = { fromMs: spans[0]?.fromMs ?? 0, toMs: now() + 1 };
    const rooms = await summaryStore.ofUser(userId, range, MOST_ROOMS);
    return {
      days: await days.sums(userId, spans, rooms),
      broadcasts: await summaries.of(rooms.slice(0, MOST_BROADCASTS)),
    };
  }

  /** @throws AppError room_not_found, room_private, banned_from_room, forbidden */
  async assertOwner(caller: Caller, roomId: string, proof?: Proof): Promise<void> {
    const { isOwner } = await this.#deps.rooms.standing(caller, roomId, proof);
    if (!isOwner) throw new AppError('forbidden');
  }
}

import type { OutboxEvent } from '../../../database/outbox.ts';
import type { UserDirectory, UserFacts } from '../../user/contract.ts';
import {
  beaconSchema,
  termsSchema,
  type Beacon,
  type Entry,
  type Lottery,
  type LotteryEvent,
  type LotteryProof,
  type LotteryTerms,
  type Winner,
} from './contract.ts';
import type { EntryRow, LotteryRow } from './store.ts';

export function termsOf({ terms }: Pick<LotteryRow, 'terms'>): LotteryTerms {
  return termsSchema.parse(JSON.parse(terms));
}

/** Undefined before it is known. */
export function beaconOf({ beacon }: Pick<LotteryRow, 'beacon'>): Beacon | undefined {
  return beacon === null ? undefined : beaconSchema.parse(JSON.parse(beacon));
}

export function entryView({ n, user_id: userId, name, at, chain }: EntryRow): Entry {
  return { n, userId, name, at, chain };
}

/** What everybody may know. The seed is part of it only when it was drawn, together with the `winners`. */
export function lotteryView(row: LotteryRow, winners: readonly Winner[] = []): Lottery {
  const { prize, winners: places, condition, beacon } = termsOf(row);
  const value = row.status === 'drawn' ? beaconOf(row)?.value : undefined;
  return {
    id: row.id,
    roomId: row.room_id,
    prize,
    winners: places,
    condition,
    status: row.status,
    startedAt: row.started_at,
    endsAt: row.ends_at ?? undefined,
    closedAt: row.closed_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    entries: row.entries,
    commitment: row.commitment,
    head: row.head,
    beacon,
    result: value === undefined ? undefined : { seed: row.seed, value, winners: [...winners] },
  };
}

/** Undefined before it is drawn. */
export function proofOf(row: LotteryRow, entries: readonly EntryRow[]): LotteryProof | undefined {
  const beacon = beaconOf(row);
  if (row.status !== 'drawn' || beacon === undefined || row.closed_at === null) return undefined;
  const winners = entries.filter(({ place }) => place !== null);
  winners.sort((one, other) => (one.place ?? 0) - (other.place ?? 0));
  return {
    id: row.id,
    terms: row.terms,
    commitment: row.commitment,
    entries: entries.map(entryView),
    head: row.head,
    closedAt: row.closed_at,
    seed: row.seed,
    beacon,
    winners: winners.map(({ n, user_id: userId, name }) => ({ n, userId, name })),
  };
}

/** By lottery, with the names and pictures of now where the accounts are still there. */
export async function winnersView(rows: readonly EntryRow[], users: UserDirectory): Promise<Map<string, Winner[]>> {
  const known = rows.length === 0 ? new Map<string, UserFacts>() : await users.findMany(rows.map((row) => row.user_id));
  const winners = new Map<string, Winner[]>();
  for (const { lottery_id: id, n, user_id: userId, name: entered } of rows) {
    const { name = entered, avatar } = known.get(userId) ?? {};
    winners.set(id, [...(winners.get(id) ?? []), { n, userId, name, avatar }]);
  }
  return winners;
}

export function lotteryEvent(event: LotteryEvent, lottery: Lottery): OutboxEvent {
  return { channel: `room:${lottery.roomId}`, event, data: lottery };
}

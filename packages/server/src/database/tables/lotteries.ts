// The tables of migrations/0009-lotteries.ts as rows.

export interface LotteryTables {
  lotteries: LotteryTable;
  lottery_entries: LotteryEntryTable;
}

/** The only moves: open → closed → drawn, and from the first two to cancelled. */
export type LotteryStatus = 'open' | 'closed' | 'drawn' | 'cancelled';

export interface LotteryTable {
  id: string;
  room_id: string;
  channel_id: string;
  /** The account that began it; null for the owner of a room without one. */
  created_by: string | null;
  status: LotteryStatus;
  /** `room_id` while it is open, else null: a room has one open lottery at most. */
  open_room: string | null;
  /** Canonical JSON, as it is hashed. */
  terms: string;
  /** 32 bytes in hex. A secret until it is drawn. */
  seed: string;
  commitment: string;
  /** Of the chain of entries, as of now. */
  head: string;
  entries: number;
  /** JSON, with everything that a proof needs; null before it is known. */
  beacon: string | null;
  started_at: number;
  ends_at: number | null;
  closed_at: number | null;
  /** When it was drawn or cancelled. */
  ended_at: number | null;
  /** When somebody has to look at it next; null when nothing is to be done, or only by hand. */
  due_at: number | null;
}

export interface LotteryEntryTable {
  lottery_id: string;
  /** From 1, without a gap. */
  n: number;
  user_id: string;
  /** As shown when they entered; empty once the account is gone. */
  name: string;
  at: number;
  /** The head of the chain after this entry. */
  chain: string;
  /** Among the winners, from 1 in the order of the draw. */
  place: number | null;
}

import type { Caller } from './caller.ts';
import { roomPath } from './rooms.ts';
import type { GetRoomOptions, OwnerOptions } from './rooms.ts';

/** Who may enter: everybody with an account; who follows the host; who says the phrase in the chat; who gives since it began. */
export type LotteryCondition =
  | { type: 'anyone' }
  | { type: 'follower' }
  | { type: 'phrase'; phrase: string }
  | { type: 'gift'; giftId?: string; minCoins?: number };

/** What decides beside the seed: hashes in a row over the chain's head, or a round of https://drand.love. */
export type LotteryBeacon = { kind: 'delay'; iterations: number } | { kind: 'drand'; chain: string; round: number };

export interface LotteryEntry {
  /** From 1, in the order in which they entered. */
  n: number;
  userId: string;
  /** As shown when they entered; empty once the account is gone. */
  name: string;
  /** ms since the epoch. */
  at: number;
  /** The head of the chain after this entry, hex. */
  chain: string;
}

export interface LotteryWinner {
  n: number;
  userId: string;
  name: string;
  avatar?: string;
}

/** Times are ms since the epoch, hashes hex. */
export interface Lottery {
  id: string;
  roomId: string;
  prize: string;
  /** How many are drawn. */
  winners: number;
  condition: LotteryCondition;
  /** `closed`: nobody enters any more, and what decides is not known yet. */
  status: 'open' | 'closed' | 'drawn' | 'cancelled';
  startedAt: number;
  /** Left out, it is closed by hand. */
  endsAt?: number;
  closedAt?: number;
  endedAt?: number;
  entries: number;
  /** SHA-256 of the seed. */
  commitment: string;
  /** Of the chain of entries, as of now. */
  head: string;
  beacon: LotteryBeacon;
  result?: { seed: string; value: string; winners: LotteryWinner[] };
  /** The caller's own; not in events. */
  entry?: LotteryEntry;
}

export interface StartLotteryInput {
  /** At most 100 characters. */
  prize: string;
  /** 1 to 100. */
  winners: number;
  /** 10 to 86,400; left out, it is closed by hand. */
  durationSeconds?: number;
  condition?: LotteryCondition;
}

/** Everything that a draw can be recomputed from; docs/lottery.md says how. */
export interface LotteryProof {
  id: string;
  /** Canonical JSON, as it was hashed. */
  terms: string;
  commitment: string;
  entries: LotteryEntry[];
  head: string;
  closedAt: number;
  seed: string;
  beacon:
    | { kind: 'delay'; iterations: number; checkpoints: string[]; value: string }
    | { kind: 'drand'; chain: string; round: number; signature: string; value: string };
  winners: LotteryWinner[];
}

/** On `live:ID`, at most once a second from each node: of two, the one with more entries is the newer one. */
export type LotteryProgress = Pick<Lottery, 'id' | 'entries' | 'head'>;

/** Lotteries that anybody can check. On `room:ID` are `lottery.started`, `lottery.closed` and `lottery.ended`. */
export class LotteriesApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** By the owner of the room. `lottery_open` while another one is. */
  start(roomId: string, input: StartLotteryInput, { ownerToken }: OwnerOptions = {}): Promise<Lottery> {
    return this.#caller.json(`${roomPath(roomId)}/lotteries`, { method: 'POST', body: input, ownerToken });
  }

  /** The last 20, the newest first. */
  ofRoom(roomId: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<Lottery[]> {
    return this.#caller.json(`${roomPath(roomId)}/lotteries`, { ownerToken, signal, query: { token: playToken } });
  }

  get(id: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<Lottery> {
    return this.#caller.json(lotteryPath(id), { ownerToken, signal, query: { token: playToken } });
  }

  /** Enters, once: a second time answers the same entry. `lottery_needs_…` says which condition is not met. */
  join(id: string, { playToken }: { playToken?: string } = {}): Promise<Lottery> {
    return this.#caller.json(lotteryPath(id, 'join'), { method: 'POST', body: {}, query: { token: playToken } });
  }

  /** Closes it now; who won comes with `lottery.ended`. */
  draw(id: string, { ownerToken }: OwnerOptions = {}): Promise<Lottery> {
    return this.#caller.json(lotteryPath(id, 'draw'), { method: 'POST', body: {}, ownerToken });
  }

  /** Nobody wins. */
  cancel(id: string, { ownerToken }: OwnerOptions = {}): Promise<Lottery> {
    return this.#caller.json(lotteryPath(id, 'cancel'), { method: 'POST', body: {}, ownerToken });
  }

  /** After entry number `after`; at most 1,000 at a time. */
  entries(
    id: string,
    { ownerToken, playToken, signal, after, limit }: GetRoomOptions & { after?: number; limit?: number } = {},
  ): Promise<LotteryEntry[]> {
    const query = { token: playToken, after, limit };
    return this.#caller.json(lotteryPath(id, 'entries'), { ownerToken, signal, query });
  }

  /** Once it is drawn. */
  proof(id: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<LotteryProof> {
    return this.#caller.json(lotteryPath(id, 'proof'), { ownerToken, signal, query: { token: playToken } });
  }
}

function lotteryPath(id: string, part?: string): string {
  return `/api/lotteries/${encodeURIComponent(id)}${part === undefined ? '' : `/${part}`}`;
}

import { randomBytes, randomUUID } from 'node:crypto';
import { canonicalJson } from '../../../http/canonical-json.ts';
import { audit } from '../../../database/audit.ts';
import { isUniqueViolation } from '../../../database/errors.ts';
import type { Outbox } from '../../../database/outbox.ts';
import { AppError, type Account, type Caller } from '../../gateway/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomStanding } from '../../live/contract.ts';
import type { Beacons } from './beacons.ts';
import { assertFits, assertMeets, type ConditionDeps } from './conditions.ts';
import {
  MOST_ENTRIES,
  type EntriesQuery,
  type Entry,
  type Lottery,
  type LotteryTerms,
  type OwnLottery,
  type StartLotteryInput,
} from './contract.ts';
import type { Drawer } from './drawer.ts';
import type { EntryDesk } from './entry-desk.ts';
import { chainBegin, commitmentOf } from './fairness.ts';
import type { ProofCache, WrittenProof } from './proof-cache.ts';
import type { LotteryRow, LotteryStore } from './store.ts';
import { entryView, lotteryEvent, lotteryView, proofOf, winnersView } from './view.ts';

const SEED_BYTES = 32;
const LISTED = 20;

export interface LotteryServiceDeps extends ConditionDeps {
  store: LotteryStore;
  outbox: Outbox;
  rooms: RoomDirectory;
  desk: EntryDesk;
  drawer: Drawer;
  beacons: Beacons;
  proofs: ProofCache;
  now: () => number;
  /** Told of one that began on this node. */
  onStarted: () => void;
}

/** The rules of lotteries: a room's owner holds them, whoever has an account and may see the room enters. */
export class LotteryService {
  readonly #deps: LotteryServiceDeps;

  constructor(deps: LotteryServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError lottery_open, lottery_condition_unfit, room_ended */
  async start(caller: Caller, roomId: string, input: StartLotteryInput): Promise<Lottery> {
    const { store, outbox, now, onStarted } = this.#deps;
    const { room } = await this.#owned(caller, roomId);
    if (room.status === 'ended') throw new AppError('room_ended');
    assertFits(input.condition, room.userId);
    const row = await this.#prepared(input, {
      ...{ room_id: room.id, channel_id: channelIdOf(room), created_by: caller.account?.id ?? null },
    });
    try {
      await outbox.transact(async ({ transaction, emit }) => {
        await store.insert(transaction, row);
        const { commitment } = row;
        await audit(transaction, {
          ...{ ...actorOf(caller, room.userId, { lottery: row.id, commitment }), action: 'lottery.started' },
          ...{ subject: `room:${room.id}`, atMs: now() },
        });
        await emit(lotteryEvent('lottery.started', lotteryView(row)));
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new AppError('lottery_open');
      throw error;
    }
    onStarted();
    return lotteryView(row);
  }

  /** Also when they entered before. @throws AppError lottery_closed, lottery_full, lottery_own, lottery_needs_… */
  async join(caller: Caller, id: string, token?: string): Promise<OwnLottery> {
    const { desk, users } = this.#deps;
    const { id: userId } = accountOf(caller);
    const { row, standing } = await this.#seen(caller, id, token);
    if (userId === standing.room.userId || userId === row.created_by) throw new AppError('lottery_own');
    if (row.status !== 'open') throw new AppError('lottery_closed');
    await assertMeets(row, userId, this.#deps);
    const name = (await users.find(userId))?.name ?? '';
    const entry = await desk.enter(id, { userId, name });
    return { ...lotteryView(await this.#row(id)), entry: entryView(entry) };
  }

  /** Closes it now; who won comes as soon as what decides is known. Of a closed one, nothing. @throws AppError lottery_closed */
  async draw(caller: Caller, id: string): Promise<OwnLottery> {
    const { drawer } = this.#deps;
    const { row, standing } = await this.#managed(caller, id);
    if (row.status === 'cancelled') throw new AppError('lottery_closed');
    if (row.status === 'open') await drawer.close(row, actorOf(caller, standing.room.userId));
    drawer.nudge();
    return this.#view(await this.#row(id), caller);
  }

  /** Nobody wins. @throws AppError lottery_closed when it was drawn or cancelled */
  async cancel(caller: Caller, id: string): Promise<OwnLottery> {
    const { row, standing } = await this.#managed(caller, id);
    const cancelled = await this.#deps.drawer.cancel(row, actorOf(caller, standing.room.userId));
    if (cancelled === undefined) throw new AppError('lottery_closed');
    return this.#view(cancelled, caller);
  }

  async get(caller: Caller, id: string, token?: string): Promise<OwnLottery> {
    const { row } = await this.#seen(caller, id, token);
    return this.#view(row, caller);
  }

  /** The newest first. */
  async ofRoom(caller: Caller, roomId: string, token?: string): Promise<OwnLottery[]> {
    await this.#deps.rooms.standing(caller, roomId, { token });
    return this.#views(await this.#deps.store.ofRoom(roomId, LISTED), caller);
  }

  async entries(caller: Caller, id: string, { token, after, limit }: EntriesQuery): Promise<Entry[]> {
    await this.#seen(caller, id, token);
    return (await this.#deps.store.entries(id, { after, limit })).map(entryView);
  }

  /** @throws AppError lottery_not_drawn */
  async proof(caller: Caller, id: string, token?: string): Promise<WrittenProof> {
    const { store, proofs } = this.#deps;
    const { row } = await this.#seen(caller, id, token);
    if (row.status !== 'drawn') throw new AppError('lottery_not_drawn');
    return proofs.get(id, async () => {
      const proof = proofOf(row, await store.entries(id, { after: 0, limit: MOST_ENTRIES }));
      if (proof === undefined) throw new AppError('lottery_not_drawn');
      return proof;
    });
  }

  async #prepared(
    { prize, winners, durationSeconds, condition }: StartLotteryInput,
    place: Pick<LotteryRow, 'room_id' | 'channel_id' | 'created_by'>,
  ): Promise<LotteryRow> {
    const { beacons, now } = this.#deps;
    const endOf = (startMs: number): number | undefined =>
      durationSeconds === undefined ? undefined : startMs + durationSeconds * 1000;
    const startedAt = now();
    const endsAt = endOf(startedAt);
    const beacon = await beacons.plan(endsAt);
    const id = randomUUID();
    const seed = randomBytes(SEED_BYTES);
    const commitment = commitmentOf(seed);
    const facts: LotteryTerms = { roomId: place.room_id, prize, winners, condition, startedAt, endsAt, beacon };
    const terms = canonicalJson(facts);
    return {
      ...{ id, ...place, status: 'open', open_room: place.room_id, terms, seed: seed.toString('hex'), commitment },
      ...{ head: chainBegin({ id, commitment, terms }), entries: 0, beacon: null, started_at: startedAt },
      ...{ ends_at: endsAt ?? null, closed_at: null, ended_at: null, due_at: endsAt ?? null },
    };
  }

  async #row(id: string): Promise<LotteryRow> {
    const row = await this.#deps.store.find(id);
    if (row === undefined) throw new AppError('lottery_not_found');
    return row;
  }

  /** @throws AppError as a room that the caller may not see */
  async #seen(caller: Caller, id: string, token?: string): Promise<{ row: LotteryRow; standing: RoomStanding }> {
    const row = await this.#row(id);
    return { row, standing: await this.#deps.rooms.standing(caller, row.room_id, { token }) };
  }

  async #managed(caller: Caller, id: string): Promise<{ row: LotteryRow; standing: RoomStanding }> {
    const row = await this.#row(id);
    return { row, standing: await this.#owned(caller, row.room_id) };
  }

  async #owned(caller: Caller, roomId: string): Promise<RoomStanding> {
    const standing = await this.#deps.rooms.standing(caller, roomId);
    if (!standing.isOwner) throw new AppError('forbidden');
    return standing;
  }

  async #view(row: LotteryRow, caller: Caller): Promise<OwnLottery> {
    const [view] = await this.#views([row], caller);
    return view ?? lotteryView(row);
  }

  async #views(rows: readonly LotteryRow[], { account }: Caller): Promise<OwnLottery[]> {
    const { store, users } = this.#deps;
    const ids = rows.map(({ id }) => id);
    const drawn = rows.filter(({ status }) => status === 'drawn').map(({ id }) => id);
    const winners = await winnersView(await store.winnersOf(drawn), users);
    const own = account === undefined ? [] : await store.entriesIn(ids, account.id);
    const entries = new Map(own.map((entry) => [entry.lottery_id, entryView(entry)]));
    return rows.map((row) => ({ ...lotteryView(row, winners.get(row.id)), entry: entries.get(row.id) }));
  }
}

function accountOf({ account }: Caller): Account {
  if (account === undefined) throw new AppError('login_required');
  return account;
}

/** For the audit trail. */
function actorOf(
  { account, address }: Caller,
  ownerId: string | null,
  details: Record<string, unknown> = {},
): { actor: string; address: string; details: Record<string, unknown> } {
  const isOther = account !== undefined && account.id !== ownerId;
  return {
    actor: account === undefined ? 'owner' : `user:${account.id}`,
    address,
    details: { ...details, ...(isOther ? { as: 'admin' } : {}) },
  };
}

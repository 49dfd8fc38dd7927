import { audit } from '../../database/audit.ts';
import type { Outbox, Work } from '../../database/outbox.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { GiftHistory } from '../interact/gift/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomFacts } from '../live/contract.ts';
import type { Goal, SetGoalInput } from './contract.ts';
import type { GoalTicker } from './goal-ticker.ts';
import type { OverlayStore } from './store.ts';

export interface GoalDeps {
  store: OverlayStore;
  gifts: GiftHistory;
  rooms: RoomDirectory;
  outbox: Outbox;
  ticker: GoalTicker;
  now: () => number;
}

/** How far a channel is with what it collects for; null without a goal. The progress is counted and kept nowhere. */
export async function readGoal(
  { store, gifts }: Pick<GoalDeps, 'store' | 'gifts'>,
  channelId: string,
): Promise<Goal | null> {
  const row = await store.goalOf(channelId);
  if (row === undefined) return null;
  const { title, kind, target, started_at: startedAt } = row;
  const progress =
    kind === 'coins' ? await gifts.receivedSince(channelId, startedAt) : await store.followersOf(channelId);
  return { title, kind, target, progress, startedAt };
}

/** What a channel collects for, as its owner sets it. */
export class Goals {
  readonly #deps: GoalDeps;

  constructor(deps: GoalDeps) {
    this.#deps = deps;
  }

  /** @throws AppError room_not_found, room_private, banned_from_room */
  async ofRoom(caller: Caller, roomId: string, token: string | undefined): Promise<Goal | null> {
    const { room } = await this.#deps.rooms.standing(caller, roomId, { token });
    return readGoal(this.#deps, channelIdOf(room));
  }

  /** @throws AppError forbidden; room_takes_no_gifts where no account owns the room */
  async set(caller: Caller, roomId: string, { restart, ...input }: SetGoalInput): Promise<Goal | null> {
    const { store, now } = this.#deps;
    const room = await this.#ownRoom(caller, roomId);
    if (room.userId === null) throw new AppError('room_takes_no_gifts');
    const at = now();
    await this.#note(caller, { room, action: 'goal.set', details: input }, ({ transaction }) =>
      store.setGoal(transaction, { channel_id: channelIdOf(room), ...input, started_at: at, updated_at: at }, restart),
    );
    return readGoal(this.#deps, channelIdOf(room));
  }

  /** @throws AppError forbidden */
  async remove(caller: Caller, roomId: string): Promise<void> {
    const room = await this.#ownRoom(caller, roomId);
    await this.#note(caller, { room, action: 'goal.removed' }, async ({ transaction }) => {
      await this.#deps.store.removeGoal(transaction, channelIdOf(room));
    });
  }

  async #ownRoom(caller: Caller, roomId: string): Promise<RoomFacts> {
    const { room, isOwner } = await this.#deps.rooms.standing(caller, roomId);
    if (!isOwner) throw new AppError('forbidden');
    return room;
  }

  async #note(
    caller: Caller,
    { room, ...entry }: { room: RoomFacts; action: string; details?: Record<string, unknown> },
    work: (unit: Work) => Promise<void>,
  ): Promise<void> {
    const { outbox, ticker, now } = this.#deps;
    const actor = caller.account === undefined ? 'owner' : `user:${caller.account.id}`;
    await outbox.transact(async (unit) => {
      await work(unit);
      await audit(unit.transaction, {
        ...{ ...entry, actor, subject: `channel:${channelIdOf(room)}` },
        ...{ address: caller.address, atMs: now() },
      });
    });
    ticker.changed({ roomId: room.id, channelId: channelIdOf(room) }, true);
  }
}

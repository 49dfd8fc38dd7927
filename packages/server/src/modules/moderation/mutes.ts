import type { Outbox, OutboxEvent, Work } from '../../database/outbox.ts';
import { chatChannelOf } from '../interact/chat/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import { channelIdOf, type Proof, type RoomDirectory } from '../live/contract.ts';
import type { Notifier } from '../notice/contract.ts';
import type { UserDirectory, UserFacts } from '../user/contract.ts';
import type { ModerationEvent, Mute, NewMute, Page, StandingAnswer } from './contract.ts';
import { deskOf, noteDown, type Desk } from './desk.ts';
import type { MuteRow, MuteStore } from './mute-store.ts';

export interface MuteServiceDeps {
  store: MuteStore;
  rooms: RoomDirectory;
  users: UserDirectory;
  outbox: Outbox;
  notifier: Notifier;
  now: () => number;
}

/** Who may not speak in a channel, whichever of its rooms is on. */
export class MuteService {
  readonly #deps: MuteServiceDeps;

  constructor(deps: MuteServiceDeps) {
    this.#deps = deps;
  }

  /** What the caller is in the room. @throws AppError room_not_found, room_private, banned_from_room */
  async standing(caller: Caller, roomId: string, proof: Proof): Promise<StandingAnswer> {
    const { store, rooms } = this.#deps;
    const { room, person, isOwner, isModerator } = await rooms.standing(caller, roomId, proof);
    const until = person === undefined ? undefined : await store.until(channelIdOf(room), person);
    const muted = until === undefined ? undefined : { until: until === Infinity ? undefined : until };
    return { person, isOwner, isModerator, muted };
  }

  async list(caller: Caller, roomId: string, page: Page): Promise<{ mutes: Mute[]; total: number }> {
    const { store, rooms, users } = this.#deps;
    const { channelId } = await deskOf(rooms, caller, roomId);
    const { rows, total } = await store.list(channelId, page);
    const known = await users.findMany(rows.map(userIdOf).filter((id) => id !== undefined));
    return { mutes: rows.map((row) => muteOf(row, known.get(userIdOf(row) ?? ''))), total };
  }

  /** @throws AppError forbidden, user_not_found, too_many_mutes */
  async add(caller: Caller, roomId: string, input: NewMute): Promise<Mute> {
    return this.put(await deskOf(this.#deps.rooms, caller, roomId), input);
  }

  /** The same for somebody who was found to be a moderator. */
  async put(desk: Desk, { person, reason, seconds }: NewMute): Promise<Mute> {
    const { store, users, outbox, notifier, now } = this.#deps;
    const { room, channelId, by } = desk;
    await this.#assertMayMute(desk, person);
    const userId = userIdOf({ person });
    const user = userId === undefined ? undefined : await users.find(userId);
    if (userId !== undefined && user === undefined) throw new AppError('user_not_found');
    const until = seconds === undefined ? null : now() + seconds * 1000;
    const row: MuteRow = {
      ...{ channel_id: channelId, person, name: user?.name ?? null, until, reason: reason ?? null },
      ...{ created_by: by.userId ?? null, created_at: now() },
    };
    await outbox.transact(async (work) => {
      if (!(await store.put(work.transaction, row))) throw new AppError('too_many_mutes');
      const details = { person, reason, until: until ?? undefined };
      await this.#tell(work, desk, { action: 'member.muted', event: 'chat.muted', person, details });
      if (userId === undefined) return;
      const data = { what: 'muted', roomId: room.id, title: room.title, until: until ?? undefined, reason };
      await notifier.notify(work, [{ userId, kind: 'moderation', data, group: `muted:${channelId}` }]);
    });
    return muteOf(row, user);
  }

  /** @throws AppError mute_not_found */
  async remove(caller: Caller, roomId: string, person: string): Promise<void> {
    const { store, rooms, outbox } = this.#deps;
    const desk = await deskOf(rooms, caller, roomId);
    await outbox.transact(async (work) => {
      if (!(await store.remove(work.transaction, desk.channelId, person))) throw new AppError('mute_not_found');
      await this.#tell(work, desk, { action: 'member.unmuted', event: 'chat.unmuted', person, details: { person } });
    });
  }

  /** Nobody mutes the owner; moderators mute no moderator. */
  async #assertMayMute({ room, isOwner }: Desk, person: string): Promise<void> {
    if (room.userId !== null && person === `user:${room.userId}`) throw new AppError('forbidden');
    if (!isOwner && (await this.#deps.store.isModerator(room.id, person))) throw new AppError('forbidden');
  }

  async #tell(
    { transaction, emit }: Work,
    { room, by }: Desk,
    {
      action,
      event,
      person,
      details,
    }: { action: string; event: ModerationEvent; person: string; details: Record<string, unknown> },
  ): Promise<void> {
    await noteDown(transaction, { by, action, subject: `room:${room.id}`, details, atMs: this.#deps.now() });
    const told: OutboxEvent = { channel: chatChannelOf(room.id), event, data: { person, until: details['until'] } };
    await emit(told);
  }
}

function userIdOf({ person }: { person: string }): string | undefined {
  return person.startsWith('user:') ? person.slice('user:'.length) : undefined;
}

function muteOf(row: MuteRow, user: UserFacts | undefined): Mute {
  return {
    person: row.person,
    userId: userIdOf(row),
    name: user?.name ?? row.name ?? undefined,
    reason: row.reason ?? undefined,
    until: row.until ?? undefined,
    createdAt: row.created_at,
  };
}

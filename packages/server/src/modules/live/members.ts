import type { OutboxEvent } from '../../database/outbox.ts';
import type { RoomMembership } from '../../database/schema.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { UserDirectory, UserFacts } from '../user/contract.ts';
import { roomChannel } from './announcer.ts';
import { command } from './control.ts';
import type { MemberEvent } from './events.ts';
import { actorOf, type Ledger } from './ledger.ts';
import type { BanInput, InviteInput, Member, Page } from './member-schemas.ts';
import type { MemberRow, MemberStore } from './member-store.ts';
import { assertMayManage, assertMayModerate, mayManage, ownerPersonOf, type Standing } from './rights.ts';
import type { RoomService } from './service.ts';
import type { RoomRow } from './store.ts';

export interface MemberServiceDeps {
  members: MemberStore;
  rooms: RoomService;
  ledger: Ledger;
  users: UserDirectory;
  now: () => number;
}

type Kind = RoomMembership;

/** The rules of moderation: who may be sent out, kept out, let in, and who may do that. */
export class MemberService {
  readonly #deps: MemberServiceDeps;

  constructor(deps: MemberServiceDeps) {
    this.#deps = deps;
  }

  /** Ends what a person has in the room; they may come back. */
  async kick(caller: Caller, roomId: string, person: string): Promise<void> {
    const { row, standing } = await this.#lookAs('moderator', caller, roomId);
    await this.#assertMayRemove(row, standing, person);
    const note = { actor: actorOf(caller, standing), action: 'member.kicked', details: { person } };
    await this.#deps.ledger.about(row.id, note, async () => [
      event(row, 'member.kicked', { person }),
      command('live.removed', { roomId: row.id, person, code: 'kicked_from_room' }),
    ]);
  }

  async ban(caller: Caller, roomId: string, { person, reason, seconds }: BanInput): Promise<Member> {
    const { now, users } = this.#deps;
    const { row, standing } = await this.#lookAs('moderator', caller, roomId);
    await this.#assertMayRemove(row, standing, person);
    const user = person.startsWith('user:') ? await this.#user(person.slice('user:'.length)) : undefined;
    const expiresAt = seconds === undefined ? null : now() + seconds * 1000;
    const entry = this.#entry(row, { person, kind: 'banned', reason, expiresAt, caller });
    await this.#put(entry, { caller, standing, action: 'member.banned' }, [
      event(row, 'member.banned', { person, expiresAt: expiresAt ?? undefined }),
      command('live.removed', { roomId: row.id, person, code: 'banned_from_room' }),
    ]);
    return memberOf(entry, user === undefined ? new Map() : await users.findMany([user.id]));
  }

  async unban(caller: Caller, roomId: string, person: string): Promise<void> {
    const { row, standing } = await this.#lookAs('moderator', caller, roomId);
    await this.#remove(row, { person, kind: 'banned' }, { caller, standing, action: 'member.unbanned' }, [
      event(row, 'member.unbanned', { person }),
    ]);
  }

  async addModerator(caller: Caller, roomId: string, userId: string): Promise<Member> {
    const { row, standing } = await this.#lookAs('owner', caller, roomId);
    return this.#add(row, { userId, kind: 'moderator' }, { caller, standing, action: 'moderator.added' });
  }

  async removeModerator(caller: Caller, roomId: string, userId: string): Promise<void> {
    const { row, standing } = await this.#lookAs('owner', caller, roomId);
    await this.#drop(row, { userId, kind: 'moderator' }, { caller, standing, action: 'moderator.removed' });
  }

  async invite(caller: Caller, roomId: string, input: InviteInput): Promise<Member> {
    const { row, standing } = await this.#lookAs('moderator', caller, roomId);
    const named = 'username' in input ? await this.#deps.users.findByUsername(input.username) : undefined;
    const userId = 'userId' in input ? input.userId : named?.id;
    if (userId === undefined) throw new AppError('user_not_found');
    return this.#add(row, { userId, kind: 'invited' }, { caller, standing, action: 'member.invited' });
  }

  async uninvite(caller: Caller, roomId: string, userId: string): Promise<void> {
    const { row, standing } = await this.#lookAs('moderator', caller, roomId);
    await this.#drop(row, { userId, kind: 'invited' }, { caller, standing, action: 'member.uninvited' });
  }

  async list(
    caller: Caller,
    roomId: string,
    page: Page & { kind: Kind },
  ): Promise<{ members: Member[]; total: number }> {
    const { members, users } = this.#deps;
    await this.#lookAs('moderator', caller, roomId);
    const { rows, total } = await members.list(roomId, page);
    const ids = rows.map(userIdOf).filter((id) => id !== undefined);
    const known = await users.findMany(ids);
    return { members: rows.map((row) => memberOf(row, known)), total };
  }

  async #lookAs(
    role: 'owner' | 'moderator',
    caller: Caller,
    roomId: string,
  ): Promise<{ row: RoomRow; standing: Standing }> {
    const found = await this.#deps.rooms.look(caller, roomId);
    if (role === 'owner') assertMayManage(found.standing);
    else assertMayModerate(found.standing);
    return found;
  }

  /** Nobody removes the owner; moderators remove no moderator. */
  async #assertMayRemove(row: RoomRow, standing: Standing, person: string): Promise<void> {
    if (person === ownerPersonOf(row)) throw new AppError('forbidden');
    if (mayManage(standing)) return;
    const known = await this.#deps.members.kindsOf(row.id, [person]);
    if (known.some(({ kind }) => kind === 'moderator')) throw new AppError('forbidden');
  }

  async #add(
    row: RoomRow,
    { userId, kind }: { userId: string; kind: Kind },
    by: { caller: Caller; standing: Standing; action: MemberEvent },
  ): Promise<Member> {
    const user = await this.#user(userId);
    const entry = this.#entry(row, { person: `user:${userId}`, kind, expiresAt: null, caller: by.caller });
    await this.#put(entry, by, [event(row, by.action, { userId, name: user.name })]);
    return memberOf(entry, new Map([[userId, user]]));
  }

  /** In a private room they have to leave unless they may be there for another reason; they find out by coming back. */
  async #drop(
    row: RoomRow,
    { userId, kind }: { userId: string; kind: Kind },
    by: { caller: Caller; standing: Standing; action: MemberEvent },
  ): Promise<void> {
    const person = `user:${userId}`;
    const events = [event(row, by.action, { userId })];
    if (row.is_private === 1) events.push(command('live.removed', { roomId: row.id, person, code: 'room_private' }));
    await this.#remove(row, { person, kind }, by, events);
  }

  async #put(
    entry: MemberRow,
    { caller, standing, action }: { caller: Caller; standing: Standing; action: MemberEvent },
    events: OutboxEvent[],
  ): Promise<void> {
    const { ledger, members } = this.#deps;
    const { person, reason, expires_at: expiresAt } = entry;
    const details = { person, reason: reason ?? undefined, expiresAt: expiresAt ?? undefined };
    await ledger.about(entry.room_id, { actor: actorOf(caller, standing), action, details }, async (transaction) => {
      if (!(await members.put(transaction, entry))) throw new AppError('too_many_members');
      return events;
    });
  }

  async #remove(
    row: RoomRow,
    { person, kind }: { person: string; kind: Kind },
    { caller, standing, action }: { caller: Caller; standing: Standing; action: MemberEvent },
    events: OutboxEvent[],
  ): Promise<void> {
    const { ledger, members } = this.#deps;
    const note = { actor: actorOf(caller, standing), action, details: { person } };
    const isDone = await ledger.about(row.id, note, async (transaction) =>
      (await members.remove(transaction, { roomId: row.id, person, kind })) ? events : undefined,
    );
    if (!isDone) throw new AppError('member_not_found');
  }

  #entry(
    row: RoomRow,
    {
      person,
      kind,
      reason,
      expiresAt,
      caller,
    }: { person: string; kind: Kind; reason?: string; expiresAt: number | null; caller: Caller },
  ): MemberRow {
    return {
      room_id: row.id,
      person,
      kind,
      reason: reason ?? null,
      created_by: caller.account?.id ?? null,
      created_at: this.#deps.now(),
      expires_at: expiresAt,
    };
  }

  async #user(userId: string): Promise<UserFacts> {
    const user = await this.#deps.users.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    return user;
  }
}

function event(row: RoomRow, name: MemberEvent, data: Record<string, unknown>): OutboxEvent {
  return { channel: roomChannel(row.id), event: name, data };
}

function userIdOf({ person }: { person: string }): string | undefined {
  return person.startsWith('user:') ? person.slice('user:'.length) : undefined;
}

function memberOf(row: MemberRow, users: ReadonlyMap<string, UserFacts>): Member {
  const userId = userIdOf(row);
  const user = userId === undefined ? undefined : users.get(userId);
  return {
    person: row.person,
    userId,
    name: user?.name,
    avatar: user?.avatar,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  };
}

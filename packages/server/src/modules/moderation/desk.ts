import { audit } from '../../database/audit.ts';
import type { Transaction } from '../../database/database.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomFacts } from '../live/contract.ts';

/** Who does something, for the audit trail. */
export interface By {
  /** As `AuditEntry.actor`. */
  name: string;
  userId?: string;
  address?: string;
  /** What gave them the right, where it was not the room being theirs. */
  as?: 'admin' | 'moderator';
}

/** Somebody who may moderate, and where. */
export interface Desk {
  room: RoomFacts;
  channelId: string;
  /** The owner or an administrator, who may do more than a moderator. */
  isOwner: boolean;
  by: By;
}

/** @throws AppError room_not_found, room_private, banned_from_room, forbidden */
export async function deskOf(rooms: RoomDirectory, caller: Caller, roomId: string): Promise<Desk> {
  const { room, isOwner, isModerator } = await rooms.standing(caller, roomId);
  if (!isOwner && !isModerator) throw new AppError('forbidden');
  const { account, address } = caller;
  const isTheirs = account === undefined || account.id === room.userId;
  const as = isTheirs ? undefined : isOwner ? 'admin' : 'moderator';
  const name = account === undefined ? 'owner' : `user:${account.id}`;
  return { room, channelId: channelIdOf(room), isOwner, by: { name, userId: account?.id, address, as } };
}

/** An administrator, on a route that is for these only. */
export function adminOf({ account, address }: Caller): By {
  if (account === undefined) throw new AppError('login_required');
  return { name: `user:${account.id}`, userId: account.id, address };
}

/** Writes down what somebody with power did, in the transaction that does it. */
export async function noteDown(
  transaction: Transaction,
  { by, ...entry }: { by: By; action: string; subject: string; details: Record<string, unknown>; atMs: number },
): Promise<void> {
  const details = by.as === undefined ? entry.details : { ...entry.details, as: by.as };
  await audit(transaction, { ...entry, details, actor: by.name, address: by.address });
}

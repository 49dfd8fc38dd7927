import { createHash, randomBytes } from 'node:crypto';
import { AppError, type Caller } from '../gateway/contract.ts';
import { equalInConstantTime } from './signer.ts';
import type { RoomRow } from './store.ts';

export const OWNER_COOKIE_PREFIX = 'kaibo_owner_';

export interface OwnerToken {
  /** Shown once, to whoever made the room. */
  token: string;
  /** What is kept. */
  hash: string;
}

export function newOwnerToken(): OwnerToken {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashOf(token) };
}

/**
 * Creating a room needs an account unless `access` is open. There are no accounts yet, so this machine itself may;
 * a page of another site that runs in a browser on this machine may not.
 */
export function assertMayCreate(caller: Caller, access: 'members' | 'open'): void {
  if (access === 'open') return;
  if (!caller.local) throw new AppError('account_required');
  if (!caller.sameOrigin) throw new AppError('cross_site');
}

/** Proven by the owner token, or by its cookie when no other site's page sent it along. `token` is one given in a message. */
export function isOwner(caller: Caller, room: RoomRow, token?: string): boolean {
  const cookie = caller.sameOrigin ? caller.cookies[OWNER_COOKIE_PREFIX + room.id] : undefined;
  const proofs = [...caller.tokens, token, cookie];
  const expected = room.owner_token_hash;
  return (
    expected !== null && proofs.some((proof) => proof !== undefined && equalInConstantTime(hashOf(proof), expected))
  );
}

export function assertOwner(caller: Caller, room: RoomRow, token?: string): void {
  if (!isOwner(caller, room, token)) throw new AppError('forbidden');
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

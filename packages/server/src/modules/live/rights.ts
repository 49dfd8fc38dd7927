import { createHash, randomBytes } from 'node:crypto';
import type { UserDirectory } from '../user/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { Proof } from './contract.ts';
import type { MemberStore } from './member-store.ts';
import { equalInConstantTime, type PlayPass, type Signer } from './signer.ts';
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
 * Creating a room needs an account unless `access` is open. Until the first account exists, this machine itself may;
 * a page of another site that runs in a browser on this machine may not.
 */
export async function assertMayCreate(
  caller: Caller,
  { access, users }: { access: 'members' | 'open'; users: UserDirectory },
): Promise<void> {
  if (access === 'open' || caller.account !== undefined) return;
  if (!caller.local || (await users.countUsers()) > 0) throw new AppError('account_required');
  if (!caller.sameOrigin) throw new AppError('cross_site');
}

/** What somebody is in a room. */
export interface Standing {
  isOwner: boolean;
  isAdmin: boolean;
  isModerator: boolean;
  isInvited: boolean;
  isBanned: boolean;
  /** They came with a play token that is good for them. */
  hasPass: boolean;
  /** Who they are counted as, when that is proven. */
  person: string | undefined;
}

/** Judges who may do what in a room. */
export class RoomRights {
  readonly #members: MemberStore;
  readonly #signer: Signer;

  constructor(deps: { members: MemberStore; signer: Signer }) {
    this.#members = deps.members;
    this.#signer = deps.signer;
  }

  /** A media connection has no caller, only what stands in its URL. */
  async judge(room: RoomRow, { caller, token, vid }: Proof & { caller?: Caller }): Promise<Standing> {
    const pass = this.#signer.readPlayToken(room.id, token);
    const self = caller?.account === undefined ? undefined : `user:${caller.account.id}`;
    const person = self ?? pass?.person ?? this.#signer.personOf(vid);
    const known = await this.#members.kindsOf(room.id, person === undefined ? [] : [person]);
    const is = (kind: string): boolean => known.some((row) => row.kind === kind);
    const isOwner = caller !== undefined && isOwnerOf(caller, room, token);
    const isMember = is('invited') || is('moderator');
    return {
      isOwner,
      isAdmin: caller !== undefined && isAdmin(caller),
      isModerator: self !== undefined && is('moderator'),
      isInvited: self !== undefined && is('invited'),
      isBanned: !isOwner && is('banned'),
      hasPass: isGood(pass, { person, isMember }),
      person,
    };
  }

  /** As `judge` says who they are, without asking the database. */
  personOf(roomId: string, { caller, token, vid }: Proof & { caller: Caller }): string | undefined {
    if (caller.account !== undefined) return `user:${caller.account.id}`;
    return this.#signer.readPlayToken(roomId, token)?.person ?? this.#signer.personOf(vid);
  }
}

/** Change, close, see the key, name moderators. */
export function mayManage({ isOwner, isAdmin: isAdministrator }: Standing): boolean {
  return isOwner || isAdministrator;
}

/** Kick, ban, see who watches. */
export function mayModerate(standing: Standing): boolean {
  return mayManage(standing) || standing.isModerator;
}

export function mayKnow(room: RoomRow, standing: Standing): boolean {
  return room.is_private === 0 || mayModerate(standing) || standing.isInvited || standing.hasPass;
}

/** @throws AppError banned_from_room, room_private */
export function assertMayEnter(room: RoomRow, standing: Standing): void {
  if (standing.isBanned && !mayManage(standing)) throw new AppError('banned_from_room');
  if (!mayKnow(room, standing)) throw new AppError('room_private');
}

export function assertMayManage(standing: Standing): void {
  if (!mayManage(standing)) throw new AppError('forbidden');
}

export function assertMayModerate(standing: Standing): void {
  if (!mayModerate(standing)) throw new AppError('forbidden');
}

/** The account that owns the room, as it is counted. */
export function ownerPersonOf(room: RoomRow): string | undefined {
  return room.user_id === null ? undefined : `user:${room.user_id}`;
}

/**
 * By the account; in a room without one by the owner token, or by its cookie when no other site's page sent it along.
 * `token` is one given in a message.
 */
function isOwnerOf(caller: Caller, room: RoomRow, token: string | undefined): boolean {
  if (room.user_id !== null) return caller.account?.id === room.user_id;
  const cookie = caller.sameOrigin ? caller.cookies[OWNER_COOKIE_PREFIX + room.id] : undefined;
  const proofs = [...caller.tokens, token, cookie];
  const expected = room.owner_token_hash;
  return (
    expected !== null && proofs.some((proof) => proof !== undefined && equalInConstantTime(hashOf(proof), expected))
  );
}

/** An administrator's API key is one only with the scope for it. */
function isAdmin({ account }: Caller): boolean {
  return account?.role === 'admin' && (account.scopes === undefined || account.scopes.includes('admin'));
}

function isGood(pass: PlayPass | undefined, { person, isMember }: { person?: string; isMember: boolean }): boolean {
  if (pass === undefined) return false;
  if (pass.person !== undefined && pass.person !== person) return false;
  return !pass.forMember || isMember;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

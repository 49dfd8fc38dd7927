import type { MediaEngine } from '../../engine/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { ENTER_MS, type Audience } from './audience.ts';
import { LIVE_APP, type Proof } from './contract.ts';
import type { Control } from './control.ts';
import type { Entered, Page, PlayToken, PlayTokenInput, Viewer } from './member-schemas.ts';
import { assertMayEnter, assertMayModerate, ownerPersonOf } from './rights.ts';
import type { RoomService } from './service.ts';
import type { Signer } from './signer.ts';

/** Persons of one room that can be listed. */
const MAX_LISTED = 1000;

export interface PresenceServiceDeps {
  rooms: RoomService;
  audience: Audience;
  control: Control;
  engine: MediaEngine;
  signer: Signer;
  users: UserDirectory;
  now: () => number;
}

/** Being in a room without a connection, who is there, and the signed words that let people in. */
export class PresenceService {
  readonly #deps: PresenceServiceDeps;

  constructor(deps: PresenceServiceDeps) {
    this.#deps = deps;
  }

  /** The account's own, which is always the same; a new one for others. */
  viewerId({ account }: Caller): string {
    const { signer } = this.#deps;
    return account === undefined ? signer.newViewerId() : signer.viewerIdOf(account.id);
  }

  /** @throws AppError banned_from_room, room_private, room_ended, room_full */
  async enter(caller: Caller, roomId: string, { token, vid }: Proof): Promise<Entered> {
    const { rooms, audience, signer } = this.#deps;
    const isKnown = caller.account === undefined && signer.personOf(vid) !== undefined;
    const own = isKnown && vid !== undefined ? vid : this.viewerId(caller);
    const { row, standing } = await rooms.look(caller, roomId, { token, vid: own });
    assertMayEnter(row, standing);
    if (row.status === 'ended') throw new AppError('room_ended');
    const { person, isOwner } = standing;
    if (person !== undefined && !isOwner && person !== ownerPersonOf(row)) {
      const isLetIn = await audience.enter({ id: row.id, maxViewers: row.max_viewers }, person);
      if (!isLetIn) throw new AppError('room_full');
    }
    await audience.refresh([row.id]);
    return { vid: own, viewerCount: audience.known(row.id)?.count ?? 0, expiresInSeconds: ENTER_MS / 1000 };
  }

  /** On whichever node they entered. */
  async leave(caller: Caller, roomId: string, proof: Proof): Promise<void> {
    const { rooms, control } = this.#deps;
    const { row, standing } = await rooms.look(caller, roomId, proof);
    if (standing.person !== undefined) await control.tell('live.left', { roomId: row.id, person: standing.person });
  }

  /** For the owner and moderators; in a stable order, at most `MAX_LISTED`. */
  async viewers(
    caller: Caller,
    roomId: string,
    { page, pageSize }: Page,
  ): Promise<{ viewers: Viewer[]; total: number }> {
    const { rooms, audience, users } = this.#deps;
    const { row, standing } = await rooms.look(caller, roomId);
    assertMayModerate(standing);
    const people = (await audience.people(row.id, MAX_LISTED)).sort();
    await audience.refresh([row.id]);
    const shown = people.slice((page - 1) * pageSize, page * pageSize);
    const known = await users.findMany(shown.filter(isAccount).map(idOf));
    const viewers = shown.map((person): Viewer => {
      const user = isAccount(person) ? known.get(idOf(person)) : undefined;
      return { person, userId: user?.id, name: user?.name, avatar: user?.avatar };
    });
    return { viewers, total: Math.max(people.length, audience.known(row.id)?.count ?? 0) };
  }

  /** For the owner and moderators. */
  async playToken(caller: Caller, roomId: string, { expiresInSeconds, viewer }: PlayTokenInput): Promise<PlayToken> {
    const { rooms, signer, engine, now } = this.#deps;
    const { row, standing } = await rooms.look(caller, roomId);
    assertMayModerate(standing);
    const expiresAt = now() + expiresInSeconds * 1000;
    const token = signer.playToken(row.id, { person: viewer, untilMs: expiresAt });
    const target = { app: LIVE_APP, stream: row.play_id, ...caller.site, query: { token } };
    const playUrls = row.mode === 'p2p' ? {} : engine.playUrls(target);
    return { token, expiresAt, url: `/rooms/${row.id}?token=${encodeURIComponent(token)}`, playUrls };
  }
}

function isAccount(person: string): boolean {
  return person.startsWith('user:');
}

function idOf(person: string): string {
  return person.slice(person.indexOf(':') + 1);
}

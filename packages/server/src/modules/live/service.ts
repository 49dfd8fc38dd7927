import { randomBytes, randomInt } from 'node:crypto';
import type { EngineStream, MediaEngine } from '../../engine/contract.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { Announcer } from './announcer.ts';
import { ROOMS_CHANNEL } from './announcer.ts';
import {
  canMove,
  LIVE_APP,
  type CreateRoomInput,
  type ListRoomsQuery,
  type Room,
  type RoomStatus,
  type UpdateRoomInput,
} from './contract.ts';
import { assertMayCreate, assertOwner, isOwner, newOwnerToken } from './rights.ts';
import type { Signer } from './signer.ts';
import type { RoomChanges, RoomRow, RoomStore } from './store.ts';
import type { RoomView } from './view.ts';

const ID_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const ID_LENGTH = 12;

export interface RoomServiceDeps {
  store: RoomStore;
  outbox: Outbox;
  engine: MediaEngine;
  state: StateCenter;
  announcer: Announcer;
  view: RoomView;
  signer: Signer;
  access: 'members' | 'open';
  now: () => number;
  /** Writes the present numbers of a stream's viewers down, before its room ends. */
  saveTally(playId: string): Promise<void>;
}

/** A room as its maker gets it: the only time that the owner token is shown. */
export type CreatedRoom = Room & { ownerToken: string };

/** The rules of rooms, as people use them. */
export class RoomService {
  readonly #deps: RoomServiceDeps;

  constructor(deps: RoomServiceDeps) {
    this.#deps = deps;
  }

  async create(caller: Caller, input: CreateRoomInput): Promise<CreatedRoom> {
    const { store, outbox, announcer, view, access } = this.#deps;
    assertMayCreate(caller, access);
    const { token, hash } = newOwnerToken();
    const row = this.#newRow(input, hash);
    await outbox.transact(async ({ transaction, emit }) => {
      if (!(await store.insert(transaction, row))) throw new AppError('room_exists');
      await emit(...announcer.room('room.created', row));
    });
    return { ...view.owner(row, caller.site, undefined), ownerToken: token };
  }

  async list(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }> {
    const { store, view } = this.#deps;
    const { rows, total } = await store.list(query);
    return { rooms: rows.map((row) => view.public(view.facts(row), caller.site)), total };
  }

  /** The polling scheme's list: open rooms, and the place in the `rooms` log from which to go on. */
  async listSince(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number; since: string }> {
    const { epoch, offset } = await this.#deps.state.position(ROOMS_CHANNEL);
    const { rooms, total } = await this.list(caller, { ...query, status: query.status ?? ['preparing', 'live'] });
    return { rooms, total, since: `${ROOMS_CHANNEL}@${epoch}.${offset}` };
  }

  /** @throws AppError room_not_found; room_private without proof. */
  async get(caller: Caller, roomId: string, token?: string): Promise<Room> {
    const { view, signer } = this.#deps;
    const row = await this.#find(roomId);
    if (isOwner(caller, row, token)) return view.owner(row, caller.site, await this.#streamOf(row));
    const hasToken = signer.isPlayToken(row.id, token);
    if (row.is_private === 1 && !hasToken) throw new AppError('room_private');
    return view.public(view.facts(row), caller.site, hasToken ? token : undefined);
  }

  async update(caller: Caller, roomId: string, input: UpdateRoomInput): Promise<Room> {
    const { view } = this.#deps;
    const row = await this.#find(roomId);
    assertOwner(caller, row);
    const { status, ...fields } = input;
    const changes = changesOf(fields);
    const changed = status === undefined ? await this.#change(row, changes) : await this.#move(row, status, changes);
    return view.owner(changed, caller.site, await this.#streamOf(changed));
  }

  async close(caller: Caller, roomId: string, token?: string): Promise<void> {
    const row = await this.#find(roomId);
    assertOwner(caller, row, token);
    await this.#move(row, 'ended', {});
  }

  newViewer(): { vid: string } {
    return { vid: this.#deps.signer.newViewerId() };
  }

  async #change(row: RoomRow, changes: RoomChanges): Promise<RoomRow> {
    const { store, outbox, announcer } = this.#deps;
    return outbox.transact(async ({ transaction, emit }) => {
      const changed = await store.change(transaction, { id: row.id, changes });
      if (changed === undefined) throw new AppError('room_not_found');
      if (row.is_private === 0 && changed.is_private === 1) await emit(announcer.hidden(changed));
      await emit(...announcer.room('room.updated', changed));
      return changed;
    });
  }

  async #move(row: RoomRow, to: RoomStatus, changes: RoomChanges): Promise<RoomRow> {
    const { store, outbox, announcer, engine, saveTally } = this.#deps;
    if (!canMove(row.status, to)) throw new AppError('invalid_transition', { from: row.status, to });
    if (to === 'live' && (await this.#streamOf(row)) === undefined) throw new AppError('not_publishing');
    if (to === 'ended') await saveTally(row.play_id);
    const moved = await outbox.transact(async ({ transaction, emit }) => {
      const after = await store.transition(transaction, { id: row.id, to, changes });
      if (after === undefined) return undefined;
      if (row.is_private === 0 && after.is_private === 1) await emit(announcer.hidden(after));
      await emit(...announcer.room(to === 'live' ? 'room.live' : 'room.ended', after));
      return after;
    });
    if (moved === undefined) {
      const { status } = await this.#find(row.id);
      throw new AppError('invalid_transition', { from: status, to });
    }
    if (to === 'ended') await engine.endStream({ app: LIVE_APP, stream: row.play_id });
    return moved;
  }

  async #find(roomId: string): Promise<RoomRow> {
    const row = await this.#deps.store.find(roomId);
    if (row === undefined) throw new AppError('room_not_found');
    return row;
  }

  async #streamOf({ play_id, status }: RoomRow): Promise<EngineStream | undefined> {
    if (status === 'ended') return undefined;
    const streams = await this.#deps.engine.streams();
    return streams.find(({ app, stream, state }) => app === LIVE_APP && stream === play_id && state === 'publishing');
  }

  #newRow(input: CreateRoomInput, ownerTokenHash: string): RoomRow {
    const now = this.#deps.now();
    return {
      id: input.roomId ?? randomId(),
      user_id: null,
      title: input.title,
      title_key: input.title.normalize('NFKC').toLowerCase(),
      category: input.category ?? null,
      cover: input.cover ?? null,
      status: 'preparing',
      mode: input.mode,
      interrupted: 0,
      interrupted_at: null,
      is_private: input.isPrivate ? 1 : 0,
      auto_live: input.autoLive ? 1 : 0,
      play_id: randomId(),
      stream_secret: randomBytes(24).toString('base64url'),
      owner_token_hash: ownerTokenHash,
      max_viewers: input.maxViewers,
      viewer_count: 0,
      peak_viewers: 0,
      created_at: now,
      updated_at: now,
      start_time: null,
      end_time: null,
    };
  }
}

function randomId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join('');
}

/** Only what was given; null clears. */
function changesOf(fields: Omit<UpdateRoomInput, 'status'>): RoomChanges {
  const changes: RoomChanges = {};
  if (fields.title !== undefined) changes.title = fields.title;
  if (fields.category !== undefined) changes.category = fields.category;
  if (fields.cover !== undefined) changes.cover = fields.cover;
  if (fields.isPrivate !== undefined) changes.is_private = fields.isPrivate ? 1 : 0;
  if (fields.autoLive !== undefined) changes.auto_live = fields.autoLive ? 1 : 0;
  if (fields.maxViewers !== undefined) changes.max_viewers = fields.maxViewers;
  return changes;
}

import type { EnginePoster, EngineStream, MediaEngine } from '../../engine/contract.ts';
import { searchKeyOf } from '../../database/search-key.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { PictureLibrary } from '../file/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { ROOMS_CHANNEL } from './announcer.ts';
import type { Category, RoomCatalog } from './catalog.ts';
import {
  canMove,
  healthOf,
  LIVE_APP,
  type CreatedRoom,
  type CreateRoomInput,
  type ListRoomsQuery,
  type OtherNodes,
  type Proof,
  type Room,
  type RoomStatus,
  type UpdateRoomInput,
} from './contract.ts';
import { command } from './control.ts';
import { actorOf, SYSTEM, type Actor, type Ledger } from './ledger.ts';
import { newStreamSecret, openRoom, type RoomOpening } from './opening.ts';
import {
  assertMayCreate,
  assertMayEnter,
  assertMayManage,
  mayManage,
  newOwnerToken,
  type RoomRights,
  type Standing,
} from './rights.ts';
import type { RoomChanges, RoomRow, RoomStore } from './store.ts';
import type { Streams } from './streams.ts';
import type { RoomView } from './view.ts';

export interface RoomServiceDeps {
  store: RoomStore;
  catalog: RoomCatalog;
  ledger: Ledger;
  engine: MediaEngine;
  state: StateCenter;
  streams: Streams;
  users: UserDirectory;
  view: RoomView;
  rights: RoomRights;
  opening: RoomOpening;
  access: 'members' | 'open';
  /** Asked late: files are made after rooms. */
  pictures: () => PictureLibrary;
  nodes: Pick<OtherNodes, 'poster'>;
  /** Writes the present numbers of a room's viewers down, before it ends. */
  saveTally(roomId: string): Promise<void>;
}

/** The rules of rooms, as people use them. */
export class RoomService {
  readonly #deps: RoomServiceDeps;

  constructor(deps: RoomServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError account_required, too_many_rooms, room_exists, unknown_picture, and what keeping a picture throws */
  async create(caller: Caller, { cover, ...rest }: CreateRoomInput): Promise<CreatedRoom> {
    const { opening } = this.#deps;
    await assertMayCreate(caller, this.#deps);
    const input = { ...rest, cover: await this.#coverOf(caller, cover) };
    const userId = caller.account?.id;
    const { token, hash } = newOwnerToken();
    const owner = userId === undefined ? { tokenHash: hash } : { userId };
    const actor: Actor = userId === undefined ? { name: 'owner', address: caller.address } : actorOf(caller);
    const row = await openRoom(opening, { input, owner, actor });
    if (row === undefined) throw new AppError('room_exists');
    const room = await this.#ownerView(row, caller);
    return userId === undefined ? { ...room, ownerToken: token } : room;
  }

  /** Public rooms; of the caller's own account the private ones too. */
  async list(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }> {
    return this.#list(caller, query, query.userId !== undefined && query.userId === caller.account?.id);
  }

  /** Private ones too: for administrators. */
  async listAll(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number }> {
    return this.#list(caller, query, true);
  }

  async #list(caller: Caller, query: ListRoomsQuery, withPrivate: boolean): Promise<{ rooms: Room[]; total: number }> {
    const { catalog, view } = this.#deps;
    const { rows, total } = await catalog.list(query, { withPrivate });
    await view.prime(rows);
    return { rooms: rows.map((row) => view.public(view.facts(row), caller.site)), total };
  }

  /** The polling scheme's list: open rooms, and the place in the `rooms` log from which to go on. */
  async listSince(caller: Caller, query: ListRoomsQuery): Promise<{ rooms: Room[]; total: number; since: string }> {
    const { epoch, offset } = await this.#deps.state.position(ROOMS_CHANNEL);
    const { rooms, total } = await this.list(caller, { ...query, status: query.status ?? ['preparing', 'live'] });
    return { rooms, total, since: `${ROOMS_CHANNEL}@${epoch}.${offset}` };
  }

  async categories(): Promise<Category[]> {
    return this.#deps.catalog.categories();
  }

  /** @throws AppError room_not_found, room_private, banned_from_room. */
  async get(caller: Caller, roomId: string, token?: string): Promise<Room> {
    const { view } = this.#deps;
    const { row, standing } = await this.look(caller, roomId, { token });
    if (mayManage(standing)) return this.#ownerView(row, caller);
    assertMayEnter(row, standing);
    await view.prime([row]);
    const { person, isInvited, isModerator, hasPass } = standing;
    if (person !== undefined && (isInvited || isModerator)) return view.member(row, caller.site, person);
    return view.public(view.facts(row), caller.site, hasPass ? token : undefined);
  }

  /**
   * The last picture of what is live, or for its owner of the preview, and whether others may keep it.
   * @throws AppError room_not_found, room_private, banned_from_room, poster_not_found
   */
  async poster(caller: Caller, roomId: string, token?: string): Promise<{ poster: EnginePoster; isPrivate: boolean }> {
    const { row, standing } = await this.look(caller, roomId, { token });
    assertMayEnter(row, standing);
    const isShown = row.status === 'live' || (row.status === 'preparing' && mayManage(standing));
    const poster = isShown && row.mode === 'media' ? await this.#posterOf(row.play_id) : undefined;
    if (poster === undefined) throw new AppError('poster_not_found');
    return { poster, isPrivate: row.is_private === 1 || row.status !== 'live' };
  }

  async #posterOf(playId: string): Promise<EnginePoster | undefined> {
    const { engine, nodes } = this.#deps;
    return engine.poster?.({ app: LIVE_APP, stream: playId }) ?? nodes.poster(playId);
  }

  async update(caller: Caller, roomId: string, input: UpdateRoomInput): Promise<Room> {
    const { row, standing } = await this.look(caller, roomId);
    assertMayManage(standing);
    const { status, cover, ...fields } = input;
    const changes = changesOf({ ...fields, cover: await this.#coverOf(caller, cover) });
    const actor = actorOf(caller, standing);
    const changed =
      status === undefined
        ? await this.#change(row, { changes, actor })
        : await this.#move(row, { to: status, changes, actor });
    return this.#ownerView(changed, caller);
  }

  async close(caller: Caller, roomId: string, token?: string): Promise<void> {
    const { row, standing } = await this.look(caller, roomId, { token });
    assertMayManage(standing);
    await this.#move(row, { to: 'ended', changes: {}, actor: actorOf(caller, standing) });
  }

  /** A new key; whoever publishes by the old one is cut. @throws AppError key_on_channel, room_ended */
  async rotateKey(caller: Caller, roomId: string): Promise<Room> {
    const { store, ledger } = this.#deps;
    const { row, standing } = await this.look(caller, roomId);
    assertMayManage(standing);
    if (row.mode === 'p2p') throw new AppError('publish_forbidden');
    if (row.stream_secret === '') throw new AppError('key_on_channel');
    const secret = newStreamSecret();
    const note = { actor: actorOf(caller, standing), action: 'room.key_rotated' };
    const isDone = await ledger.about(row.id, note, async (transaction) => {
      const after = await store.setSecret(transaction, { id: row.id, secret });
      return after === undefined ? undefined : [command('live.keyChanged', { playId: row.play_id })];
    });
    if (!isDone) throw new AppError('room_ended');
    return this.#ownerView({ ...row, stream_secret: secret }, caller);
  }

  /** Disconnects whoever publishes; they may come back with their key. @throws AppError room_ended */
  async cut(caller: Caller, roomId: string): Promise<void> {
    const { row, standing } = await this.look(caller, roomId);
    assertMayManage(standing);
    if (row.status === 'ended') throw new AppError('room_ended');
    const note = { actor: actorOf(caller, standing), action: 'room.cut' };
    await this.#deps.ledger.about(row.id, note, async () => [command('live.cut', { playId: row.play_id })]);
  }

  /** Ends an open room for a reason that is not its owner's wish; false when it was not open. */
  async endFor(row: RoomRow, why: string, actor: Actor = SYSTEM): Promise<boolean> {
    if (!canMove(row.status, 'ended')) return false;
    return (await this.#end(row, { changes: {}, actor, why })) !== undefined;
  }

  /** The room and what the caller is in it. @throws AppError room_not_found */
  async look(caller: Caller, roomId: string, proof: Proof = {}): Promise<{ row: RoomRow; standing: Standing }> {
    const row = await this.#deps.store.find(roomId);
    if (row === undefined) throw new AppError('room_not_found');
    return { row, standing: await this.#deps.rights.judge(row, { ...proof, caller }) };
  }

  /** What publishing into the room takes: its own key, or its owner's permanent one. */
  async secretOf(row: RoomRow): Promise<string> {
    if (row.stream_secret !== '') return row.stream_secret;
    return (await this.#deps.users.channelByPlayId(row.play_id))?.streamSecret ?? '';
  }

  async #change(row: RoomRow, { changes, actor }: { changes: RoomChanges; actor: Actor }): Promise<RoomRow> {
    const { store, ledger } = this.#deps;
    const move = { event: 'room.updated', actor, details: detailsOf(changes) } as const;
    const changed = await ledger.room(row, move, (transaction) => store.change(transaction, { id: row.id, changes }));
    if (changed === undefined) throw new AppError('room_not_found');
    return changed;
  }

  async #move(
    row: RoomRow,
    { to, changes, actor }: { to: RoomStatus; changes: RoomChanges; actor: Actor },
  ): Promise<RoomRow> {
    const { store, ledger } = this.#deps;
    if (!canMove(row.status, to)) throw new AppError('invalid_transition', { from: row.status, to });
    if (to === 'live' && !(await this.#isPublishing(row))) throw new AppError('not_publishing');
    const moved =
      to === 'ended'
        ? await this.#end(row, { changes, actor, why: 'closed' })
        : await ledger.room(row, { event: 'room.live', actor, details: detailsOf(changes) }, (transaction) =>
            store.transition(transaction, { id: row.id, to, changes }),
          );
    if (moved !== undefined) return moved;
    const now = await store.find(row.id);
    throw new AppError('invalid_transition', { from: now?.status ?? 'ended', to });
  }

  /** On the other nodes the stream ends when they hear of the room's end. */
  async #end(
    row: RoomRow,
    { changes, actor, why }: { changes: RoomChanges; actor: Actor; why: string },
  ): Promise<RoomRow | undefined> {
    const { store, ledger, engine, saveTally } = this.#deps;
    await saveTally(row.id);
    const details = { ...detailsOf(changes), why };
    const ended = await ledger.room(row, { event: 'room.ended', actor, details }, (transaction) =>
      store.transition(transaction, { id: row.id, to: 'ended', changes }),
    );
    if (ended !== undefined) await engine.endStream({ app: LIVE_APP, stream: row.play_id });
    return ended;
  }

  async #isPublishing(row: RoomRow): Promise<boolean> {
    if (row.mode === 'p2p' || (await this.#streamOf(row)) !== undefined) return true;
    return this.#deps.streams.isHeldElsewhere(row.play_id);
  }

  /** On this node. */
  async #streamOf({ play_id, status }: RoomRow): Promise<EngineStream | undefined> {
    if (status === 'ended') return undefined;
    const streams = await this.#deps.engine.streams();
    return streams.find(({ app, stream, state }) => app === LIVE_APP && stream === play_id && state === 'publishing');
  }

  /** Of pages shown to everybody, no picture is loaded from elsewhere. */
  async #coverOf({ account }: Caller, cover: string | null | undefined): Promise<string | null | undefined> {
    return cover && (await this.#deps.pictures().adopt(cover, { owner: account, purpose: 'cover' }));
  }

  async #ownerView(row: RoomRow, { site }: Caller): Promise<Room> {
    const { view } = this.#deps;
    await view.prime([row]);
    const stream = await this.#streamOf(row);
    const publishing = stream === undefined ? undefined : healthOf(stream);
    return view.owner(row, site, { secret: await this.secretOf(row), publishing });
  }
}

/** Only what was given; null clears. */
function changesOf(fields: Omit<UpdateRoomInput, 'status'>): RoomChanges {
  const changes: RoomChanges = {};
  if (fields.title !== undefined) {
    changes.title = fields.title;
    changes.title_key = searchKeyOf(fields.title);
  }
  if (fields.category !== undefined) changes.category = fields.category;
  if (fields.cover !== undefined) changes.cover = fields.cover;
  if (fields.isPrivate !== undefined) changes.is_private = fields.isPrivate ? 1 : 0;
  if (fields.autoLive !== undefined) changes.auto_live = fields.autoLive ? 1 : 0;
  // A new mode is the owner's newest word.
  if (fields.recording !== undefined) {
    changes.recording = fields.recording;
    changes.recording_on = null;
  }
  if (fields.maxViewers !== undefined) changes.max_viewers = fields.maxViewers;
  return changes;
}

/** Which fields were changed, for the audit trail. */
function detailsOf(changes: RoomChanges): Record<string, unknown> {
  const fields = Object.keys(changes).filter((field) => field !== 'title_key' && field !== 'recording_on');
  return fields.length === 0 ? {} : { fields };
}

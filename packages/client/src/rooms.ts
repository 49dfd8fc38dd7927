import type { Caller } from './caller.ts';
import { queryString, readJson } from './http.ts';
import type {
  Addresses,
  BanInput,
  CreatedRoom,
  CreateRoomInput,
  Entered,
  ListRoomsQuery,
  PlayToken,
  Relay,
  RelayInput,
  Room,
  RoomMember,
  RoomViewer,
  UpdateRelayInput,
  UpdateRoomInput,
} from './types.ts';

/** Lists remembered for `If-None-Match`; the least recently used one is forgotten. */
const MAX_REMEMBERED_LISTS = 16;

export interface OwnerOptions {
  /** Of a room made without an account, from `create`; browsers may leave it out, they hold a cookie. */
  ownerToken?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface GetRoomOptions extends OwnerOptions {
  /** A play token, which a private room asks for. */
  playToken?: string | undefined;
}

export interface RoomPage {
  rooms: Room[];
  /** Over all pages. */
  total: number;
  /** The server said 304: nothing changed since the last same call. */
  notModified: boolean;
}

/** Rooms, and who may be in them. */
export class RoomsApi {
  readonly #caller: Caller;
  readonly #lists = new Map<string, { etag: string; page: RoomPage }>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Where this server takes streams and gives them out. */
  addresses({ signal }: { signal?: AbortSignal } = {}): Promise<Addresses> {
    return this.#caller.json('/api/addresses', { signal });
  }

  create(input: CreateRoomInput): Promise<CreatedRoom> {
    return this.#caller.json('/api/rooms', { method: 'POST', body: input });
  }

  /** Cheap to call again: an unchanged list costs a 304. */
  async list(query: ListRoomsQuery = {}, options: { signal?: AbortSignal } = {}): Promise<RoomPage> {
    const path = `/api/rooms${queryString({ ...query })}`;
    const known = this.#lists.get(path);
    const response = await this.#caller.send(path, { ifNoneMatch: known?.etag, signal: options.signal });
    if (response.status === 304 && known) return { ...known.page, notModified: true };
    const rooms = await readJson<Room[]>(response);
    const total = Number(response.headers.get('x-total-count') ?? rooms.length);
    const page: RoomPage = { rooms, total, notModified: false };
    this.#remember(path, response.headers.get('etag'), page);
    return page;
  }

  /** The owner's answer has `streamKey`, `publishUrls` and `publishing`. */
  get(roomId: string, { ownerToken, playToken, signal }: GetRoomOptions = {}): Promise<Room> {
    return this.#caller.json(roomPath(roomId), { ownerToken, signal, query: { token: playToken } });
  }

  update(roomId: string, input: UpdateRoomInput, options: OwnerOptions = {}): Promise<Room> {
    return this.#caller.json(roomPath(roomId), { method: 'PUT', body: input, ownerToken: options.ownerToken });
  }

  async close(roomId: string, options: OwnerOptions = {}): Promise<void> {
    await this.#post(`${roomPath(roomId)}/close`, {}, options);
  }

  /** Disconnects whoever publishes; they may come back with their key. */
  async cut(roomId: string, options: OwnerOptions = {}): Promise<void> {
    await this.#post(`${roomPath(roomId)}/cut`, {}, options);
  }

  /** A new stream key; whoever publishes by the old one is cut. */
  rotateKey(roomId: string, options: OwnerOptions = {}): Promise<Room> {
    return this.#caller.json(`${roomPath(roomId)}/key`, {
      method: 'POST',
      body: {},
      ownerToken: options.ownerToken,
    });
  }

  /** A signed token that lets its holder, or only the given viewer, into a private room. */
  playToken(
    roomId: string,
    input: { expiresInSeconds?: number; viewer?: string } = {},
    options: OwnerOptions = {},
  ): Promise<PlayToken> {
    return this.#caller.json(`${roomPath(roomId)}/play-token`, {
      method: 'POST',
      body: input,
      ownerToken: options.ownerToken,
    });
  }

  /** Categories in use, the fullest first. */
  categories(): Promise<{ category: string; rooms: number; live: number }[]> {
    return this.#caller.json('/api/categories');
  }

  /** Presence without a socket. Enter again, with the `vid` of the answer, to stay. */
  enter(roomId: string, input: { vid?: string; token?: string } = {}): Promise<Entered> {
    return this.#caller.json(`${roomPath(roomId)}/enter`, { method: 'POST', body: input });
  }

  async leave(roomId: string, input: { vid?: string } = {}): Promise<void> {
    await this.#caller.send(`${roomPath(roomId)}/leave`, { method: 'POST', body: input });
  }

  /** Who is there now, for owner and moderators. */
  viewers(roomId: string, options: OwnerOptions = {}): Promise<RoomViewer[]> {
    return this.#caller.json(`${roomPath(roomId)}/viewers`, { ownerToken: options.ownerToken });
  }

  /** Sends a viewer out; they may come back. `person` is as in `viewers`. */
  async kick(roomId: string, input: { person: string }, options: OwnerOptions = {}): Promise<void> {
    await this.#post(`${roomPath(roomId)}/kick`, input, options);
  }

  bans(roomId: string, options: OwnerOptions = {}): Promise<RoomMember[]> {
    return this.#members(roomId, 'bans', options);
  }

  async ban(roomId: string, input: BanInput, options: OwnerOptions = {}): Promise<void> {
    await this.#post(`${roomPath(roomId)}/bans`, input, options);
  }

  async unban(roomId: string, person: string, options: OwnerOptions = {}): Promise<void> {
    await this.#remove(roomId, `bans/${encodeURIComponent(person)}`, options);
  }

  moderators(roomId: string, options: OwnerOptions = {}): Promise<RoomMember[]> {
    return this.#members(roomId, 'moderators', options);
  }

  async addModerator(roomId: string, userId: string, options: OwnerOptions = {}): Promise<void> {
    const path = `${roomPath(roomId)}/moderators/${encodeURIComponent(userId)}`;
    await this.#caller.send(path, { method: 'PUT', ownerToken: options.ownerToken });
  }

  async removeModerator(roomId: string, userId: string, options: OwnerOptions = {}): Promise<void> {
    await this.#remove(roomId, `moderators/${encodeURIComponent(userId)}`, options);
  }

  invites(roomId: string, options: OwnerOptions = {}): Promise<RoomMember[]> {
    return this.#members(roomId, 'invites', options);
  }

  invite(
    roomId: string,
    who: { userId: string } | { username: string },
    { ownerToken }: OwnerOptions = {},
  ): Promise<RoomMember> {
    return this.#caller.json(`${roomPath(roomId)}/invites`, { method: 'POST', body: who, ownerToken });
  }

  async uninvite(roomId: string, userId: string, options: OwnerOptions = {}): Promise<void> {
    await this.#remove(roomId, `invites/${encodeURIComponent(userId)}`, options);
  }

  /** Servers elsewhere that the room is sent on to while it is live, and how that goes. For owners, as what follows. */
  relays(roomId: string, { ownerToken, signal }: OwnerOptions = {}): Promise<Relay[]> {
    return this.#caller.json(`${roomPath(roomId)}/relays`, { ownerToken, signal });
  }

  /** `url` is `rtmp(s)://SERVER/APP/KEY`; the key is shown to nobody afterwards. */
  addRelay(roomId: string, input: RelayInput, { ownerToken }: OwnerOptions = {}): Promise<Relay> {
    return this.#caller.json(`${roomPath(roomId)}/relays`, { method: 'POST', body: input, ownerToken });
  }

  updateRelay(
    roomId: string,
    relayId: string,
    input: UpdateRelayInput,
    { ownerToken }: OwnerOptions = {},
  ): Promise<Relay> {
    const path = `${roomPath(roomId)}/relays/${encodeURIComponent(relayId)}`;
    return this.#caller.json(path, { method: 'PATCH', body: input, ownerToken });
  }

  async removeRelay(roomId: string, relayId: string, options: OwnerOptions = {}): Promise<void> {
    await this.#remove(roomId, `relays/${encodeURIComponent(relayId)}`, options);
  }

  #members(roomId: string, kind: string, { ownerToken }: OwnerOptions): Promise<RoomMember[]> {
    return this.#caller.json(`${roomPath(roomId)}/${kind}`, { ownerToken });
  }

  async #post(path: string, body: object, { ownerToken }: OwnerOptions): Promise<void> {
    await this.#caller.send(path, { method: 'POST', body, ownerToken });
  }

  async #remove(roomId: string, what: string, { ownerToken }: OwnerOptions): Promise<void> {
    await this.#caller.send(`${roomPath(roomId)}/${what}`, { method: 'DELETE', ownerToken });
  }

  #remember(path: string, etag: string | null, page: RoomPage): void {
    this.#lists.delete(path);
    if (etag === null) return;
    this.#lists.set(path, { etag, page });
    const oldest = this.#lists.keys().next();
    if (this.#lists.size > MAX_REMEMBERED_LISTS && !oldest.done) this.#lists.delete(oldest.value);
  }
}

export function roomPath(roomId: string): string {
  return `/api/rooms/${encodeURIComponent(roomId)}`;
}

import { readJson, send } from './http.ts';
import type { HttpOptions, HttpRequest } from './http.ts';
import { RealtimeClient } from './realtime/realtime-client.ts';
import type { CreatedRoom, CreateRoomInput, ListRoomsQuery, Room, UpdateRoomInput } from './types.ts';

/** Lists remembered for `If-None-Match`; the least recently used one is forgotten. */
const MAX_REMEMBERED_LISTS = 16;

export interface KaiboClientOptions {
  /** Origin of the platform, like `http://localhost:8088`; empty for the page's own origin. */
  baseUrl: string;
  fetch?: typeof globalThis.fetch;
  WebSocket?: typeof globalThis.WebSocket;
  /** A language, or a function asked at each request. */
  acceptLanguage?: string | (() => string | undefined);
}

export interface OwnerOptions {
  /** From `createRoom`; browsers may leave it out, they hold a cookie. */
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

export class KaiboClient {
  readonly #http: HttpOptions;
  readonly #WebSocket: typeof globalThis.WebSocket;
  readonly #lists = new Map<string, { etag: string; page: RoomPage }>();

  constructor(options: KaiboClientOptions) {
    const language = options.acceptLanguage;
    this.#http = {
      baseUrl: options.baseUrl.replace(/\/$/, ''),
      fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
      acceptLanguage: typeof language === 'function' ? language : () => language,
    };
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
  }

  createRoom(input: CreateRoomInput): Promise<CreatedRoom> {
    return this.#json('/api/rooms', { method: 'POST', body: input });
  }

  /** Cheap to call again: an unchanged list costs a 304. */
  async listRooms(query: ListRoomsQuery = {}, options: { signal?: AbortSignal } = {}): Promise<RoomPage> {
    const path = `/api/rooms${queryString(query)}`;
    const known = this.#lists.get(path);
    const response = await send(this.#http, path, { ifNoneMatch: known?.etag, signal: options.signal });
    if (response.status === 304 && known) return { ...known.page, notModified: true };
    const rooms = await readJson<Room[]>(response);
    const total = Number(response.headers.get('x-total-count') ?? rooms.length);
    const page: RoomPage = { rooms, total, notModified: false };
    this.#remember(path, response.headers.get('etag'), page);
    return page;
  }

  /** With the owner's token (or cookie) the answer has `streamKey`, `publishUrls` and `publishing`. */
  getRoom(roomId: string, options: GetRoomOptions = {}): Promise<Room> {
    return this.#json(roomPath(roomId) + queryString({ token: options.playToken }), {
      bearer: options.ownerToken,
      signal: options.signal,
    });
  }

  updateRoom(roomId: string, input: UpdateRoomInput, options: OwnerOptions = {}): Promise<Room> {
    return this.#json(roomPath(roomId), { method: 'PUT', body: input, bearer: options.ownerToken });
  }

  closeRoom(roomId: string, options: OwnerOptions = {}): Promise<{ success: boolean }> {
    return this.#json(`${roomPath(roomId)}/close`, { method: 'POST', bearer: options.ownerToken });
  }

  startStream(input: { title: string }): Promise<CreatedRoom> {
    return this.#json('/api/streams/start', { method: 'POST', body: input });
  }

  /** `since` is a vector for `GET /api/events`. */
  listStreams(): Promise<{ rooms: Room[]; total: number; since?: string }> {
    return this.#json('/api/streams/list');
  }

  endStream(roomId: string, options: OwnerOptions = {}): Promise<{ success: boolean }> {
    return this.#json('/api/streams/end', { method: 'POST', body: { roomId }, bearer: options.ownerToken });
  }

  /** A signed viewer id for `vid=` on play URLs, so that one person is counted once. */
  createViewer(): Promise<{ vid: string }> {
    return this.#json('/api/viewers', { method: 'POST', body: {} });
  }

  /** A realtime connection to the same platform; the caller closes it. */
  realtime(): RealtimeClient {
    const base = this.#http.baseUrl || globalThis.location.origin;
    return new RealtimeClient({ url: `${base.replace(/^http/, 'ws')}/ws`, WebSocket: this.#WebSocket });
  }

  async #json<T>(path: string, request: HttpRequest = {}): Promise<T> {
    return readJson<T>(await send(this.#http, path, request));
  }

  #remember(path: string, etag: string | null, page: RoomPage): void {
    this.#lists.delete(path);
    if (etag === null) return;
    this.#lists.set(path, { etag, page });
    const oldest = this.#lists.keys().next();
    if (this.#lists.size > MAX_REMEMBERED_LISTS && !oldest.done) this.#lists.delete(oldest.value);
  }
}

function roomPath(roomId: string): string {
  return `/api/rooms/${encodeURIComponent(roomId)}`;
}

function queryString(query: ListRoomsQuery | { token: string | undefined }): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

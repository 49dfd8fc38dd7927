import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { Connection, DEFAULT_CONNECTION_LIMITS, Traffic, type ConnectionLimits } from '../../sockets/connection.ts';
import type { Roster } from '../../sockets/roster.ts';
import type { IceServer, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Authenticator, type Caller } from '../gateway/contract.ts';
import type { RoomDirectory, RoomStanding } from '../live/contract.ts';
import type { JoinRequest, Peer } from './contract.ts';
import { MediaSessions } from './media-sessions.ts';
import { Place, type Watcher } from './place.ts';
import { memberText, sessionHash, signalGroup, SignalRoom } from './room.ts';
import { Session } from './session.ts';

export interface SignalingOptions extends ConnectionLimits {
  /** How often it is looked who is really there. */
  sweepEveryMs: number;
}

export interface SignalingDeps {
  state: StateCenter;
  rooms: RoomDirectory;
  /** Only its WebRTC is used. */
  engine: Pick<MediaEngine, 'rtc' | 'iceServers'>;
  authenticator: Authenticator;
  roster: Roster;
  access: 'members' | 'open';
  logger: Logger;
  now: () => number;
  options?: Partial<SignalingOptions>;
}

/** A place among the peers, or only a count among the viewers. */
export type Joined = { place: Place } | { watcher: Watcher };

/** Candidates come in bursts, one message each. */
const DEFAULT_SIGNALING_OPTIONS: SignalingOptions = {
  ...DEFAULT_CONNECTION_LIMITS,
  messageBurst: 300,
  messagesPerSecond: 50,
  sweepEveryMs: 15_000,
};

/** Who of this node is a peer in which room, and what the rooms' peers say to each other. */
export class SignalingService {
  readonly traffic = new Traffic();
  readonly media: MediaSessions;
  readonly #deps: SignalingDeps;
  readonly #options: SignalingOptions;
  readonly #rooms = new Map<string, SignalRoom>();
  readonly #places = new Set<Place>();
  /** Joins under way, by room: it is not closed beneath them. */
  readonly #joining = new Map<string, number>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(deps: SignalingDeps) {
    this.#deps = deps;
    this.media = new MediaSessions(deps.engine);
    this.#options = { ...DEFAULT_SIGNALING_OPTIONS, ...deps.options };
    this.#sweeper = setInterval(() => this.#sweep(this.#rooms.values()), this.#options.sweepEveryMs).unref();
    deps.rooms.onRemoved(({ roomId, person, code }) => {
      for (const place of this.#places) if (place.room.id === roomId && place.person === person) place.removed(code);
    });
    deps.state.onNodeLost(({ groups }) =>
      this.#sweep([...this.#rooms.values()].filter(({ id }) => groups.includes(signalGroup(id)))),
    );
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  /** Peers of this node, those included whose place only waits. */
  get peers(): number {
    return this.#places.size;
  }

  accept(socket: WebSocket, stream: Duplex, caller: Caller): void {
    const { logger, now, roster, authenticator, access } = this.#deps;
    const connection: Connection = new Connection({
      socket,
      stream,
      caller,
      limits: this.#options,
      now,
      handler: {
        received: (message) => session.received(message),
        closed: () => {
          roster.delete(connection);
          session.closed();
        },
        failed: (error) => logger.error({ err: error }, 'a signaling message failed'),
      },
      traffic: this.traffic,
    });
    const session: Session = new Session({ service: this, authenticator, access, connection });
    roster.add(connection, 'signaling');
  }

  /** @throws AppError room_not_found, room_private, banned_from_room, room_ended, room_full */
  async join(connection: Connection, request: JoinRequest): Promise<Joined> {
    const { caller } = connection;
    const { roomId, session } = request;
    const standing = await this.#deps.rooms.standing(caller, roomId, { token: request.token, vid: request.vid });
    if (standing.room.status === 'ended') throw new AppError('room_ended');
    this.#joining.set(roomId, (this.#joining.get(roomId) ?? 0) + 1);
    try {
      const room = this.#room(roomId);
      await room.ready();
      const again = session === undefined ? undefined : await this.#again(room, { session, caller, standing });
      const joined = again ?? (await this.#fresh(room, { request, connection, standing }));
      const { media } = 'place' in joined ? joined.place : joined.watcher;
      media.proof = { token: request.token, vid: request.vid };
      return joined;
    } finally {
      const left = (this.#joining.get(roomId) ?? 1) - 1;
      if (left === 0) this.#joining.delete(roomId);
      else this.#joining.set(roomId, left);
      this.#closeIfEmpty(roomId);
    }
  }

  /** Undefined where the engine has no WebRTC. */
  iceServers({ account }: Caller): IceServer[] | undefined {
    const { engine } = this.#deps;
    return engine.rtc === undefined ? undefined : engine.iceServers?.(account?.id ?? 'guest');
  }

  viewerCount(roomId: string): Promise<number> {
    return this.#deps.rooms.viewerCount(roomId);
  }

  /** Gives every place up. Idempotent. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const place of this.#places) place.leave();
    this.media.close();
  }

  /** The place of a session that is still kept, by this node or another. */
  async #again(
    room: SignalRoom,
    { session, caller, standing }: { session: string; caller: Caller; standing: RoomStanding },
  ): Promise<Joined | undefined> {
    const found = await room.memberOfSession(session);
    if (found === undefined || found.peer.userId !== caller.account?.id) return undefined;
    const local = [...this.#places].find((place) => place.room === room && place.peer.id === found.peer.id);
    if (local !== undefined) return { place: local };
    const place = await this.#place(room, { ...found, session, standing, caller });
    await room.take(place);
    return { place };
  }

  async #fresh(
    room: SignalRoom,
    { request, connection, standing }: { request: JoinRequest; connection: Connection; standing: RoomStanding },
  ): Promise<Joined> {
    const { caller } = connection;
    await room.reconcile();
    const peer = newPeer({ room, caller, standing, name: request.name });
    const session = randomBytes(24).toString('base64url');
    const member = memberText({ peer, hash: sessionHash(session) });
    const place = await this.#place(room, { peer, member, session, standing, caller });
    try {
      if (await room.enter(place)) return { place };
    } catch (error) {
      place.leave();
      throw error;
    }
    return { watcher: place.watchOnly(connection) };
  }

  async #place(
    room: SignalRoom,
    {
      standing,
      caller,
      ...rest
    }: { peer: Peer; member: string; session: string; standing: RoomStanding; caller: Caller },
  ): Promise<Place> {
    const { rooms, logger, now } = this.#deps;
    const { room: facts, isOwner } = standing;
    const owns = facts.userId === null ? isOwner : facts.userId === caller.account?.id;
    const person = standing.person ?? `viewer:${rest.peer.id.replaceAll('.', '-')}`;
    const releaseOwner = facts.mode === 'p2p' && owns ? await rooms.ownerJoined(facts.id) : undefined;
    try {
      const releaseCount = owns ? undefined : await rooms.watch(facts, person);
      const place = new Place({
        ...rest,
        room,
        facts,
        person,
        media: {
          roomId: room.id,
          rooms,
          sessions: this.media,
          now,
          onError: (error) => logger.warn({ err: error }, 'a media session could not be ended'),
        },
        release: [releaseOwner, releaseCount].filter((release) => release !== undefined),
        onGone: (gone) => {
          this.#places.delete(gone);
          this.#closeIfEmpty(room.id);
        },
        onError: (error) => logger.warn({ err: error }, 'a peer could not be signed off'),
      });
      this.#places.add(place);
      return place;
    } catch (error) {
      releaseOwner?.();
      throw error;
    }
  }

  #room(roomId: string): SignalRoom {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) return known;
    const room = new SignalRoom({ id: roomId, state: this.#deps.state });
    this.#rooms.set(roomId, room);
    return room;
  }

  #closeIfEmpty(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined || this.#joining.has(roomId)) return;
    for (const place of this.#places) if (place.room === room) return;
    this.#rooms.delete(roomId);
    room
      .close()
      .catch((error: unknown) => this.#deps.logger.warn({ err: error }, 'a signaling room could not be left'));
  }

  #sweep(rooms: Iterable<SignalRoom>): void {
    for (const room of rooms) {
      room
        .reconcile()
        .catch((error: unknown) => this.#deps.logger.debug({ err: error }, 'a signaling room could not be looked at'));
    }
  }
}

/** An account's first connection in a room goes by the account's id; what has no account, or is another, by a made one. */
function newPeer(deps: { room: SignalRoom; caller: Caller; standing: RoomStanding; name: string | undefined }): Peer {
  const { account } = deps.caller;
  const made = randomBytes(6).toString('hex');
  const base = account?.id ?? 'guest';
  return {
    id: account !== undefined && !deps.room.has(account.id) ? account.id : `${base}.${made}`,
    userId: account?.id,
    username: account?.username,
    name: deps.name,
    role: deps.standing.isOwner ? 'owner' : deps.standing.isModerator ? 'moderator' : 'guest',
  };
}

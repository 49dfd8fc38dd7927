import type { Connection } from '../../sockets/connection.ts';
import { AppError, type Authenticator } from '../gateway/contract.ts';
import {
  clientMessageSchema,
  MAX_JOINS,
  SERVER,
  type JoinRequest,
  type RelayRequest,
  type SignalingMessage,
} from './contract.ts';
import type { Place } from './place.ts';
import { assertMayOffer } from './rights.ts';
import type { ServerMedia } from './server-media.ts';
import type { Joined, SignalingService } from './service.ts';

export interface SessionDeps {
  service: SignalingService;
  authenticator: Authenticator;
  access: 'members' | 'open';
  connection: Connection;
}

/** What one signaling socket asks for, and where it is. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #connection: Connection;
  /** By room; `undefined` while the answer to a join is on its way. */
  readonly #joined = new Map<string, Joined | undefined>();
  #isClosed = false;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#connection = deps.connection;
  }

  async received(data: unknown): Promise<void> {
    const message = clientMessageSchema.parse(data);
    const { type, id } = message;
    switch (type) {
      case 'ping':
        return this.#send({ type: 'pong', id });
      case 'auth': {
        const account = await this.#deps.authenticator.authenticate(message.token);
        this.#connection.identify(account);
        const { username, role, expiresAtMs } = account;
        return this.#send({ type: 'ack', id, data: { user: { id: account.id, username, role }, expiresAtMs } });
      }
      case 'join':
        return this.#join(message);
      case 'leave':
        this.#leave(message.roomId);
        return this.#send({ type: 'left', id, roomId: message.roomId });
      case 'hangup':
        await this.#mediaIn(message.roomId).hangUp(message.intent);
        return this.#send({ type: 'ack', id });
      default:
        return message.to === SERVER ? this.#toServer(message) : this.#relay(message);
    }
  }

  /** The connection is gone; places wait for it to come back. */
  closed(): void {
    this.#isClosed = true;
    for (const joined of this.#joined.values()) this.#letGo(joined);
    this.#joined.clear();
  }

  async #join(request: JoinRequest): Promise<void> {
    const { roomId, id } = request;
    this.#connection.assertFresh();
    const before = this.#joined.get(roomId);
    if (before !== undefined && 'place' in before && !before.place.isGone) return this.#answerJoin(request, before);
    if (this.#joined.has(roomId) && before === undefined) throw new AppError('rate_limited');
    this.#leave(roomId);
    this.#forgetGone();
    if (this.#joined.size >= MAX_JOINS) throw new AppError('too_many_subscriptions');
    this.#joined.set(roomId, undefined);
    try {
      const joined = await this.#deps.service.join(this.#connection, { ...request, id });
      if (this.#isClosed) return this.#letGo(joined);
      this.#joined.set(roomId, joined);
      if ('place' in joined) joined.place.attach(this.#connection);
      return await this.#answerJoin(request, joined);
    } catch (error) {
      if (this.#joined.get(roomId) === undefined) this.#joined.delete(roomId);
      throw error;
    }
  }

  async #answerJoin({ roomId, id }: JoinRequest, joined: Joined): Promise<void> {
    const viewerCount = await this.#deps.service.viewerCount(roomId);
    const place = 'place' in joined ? joined.place : undefined;
    this.#send({
      type: 'joined',
      id,
      roomId,
      self: place?.peer.id,
      session: place?.session,
      peers: place?.room.others(place.peer.id) ?? [],
      viewerCount,
      iceServers: this.#deps.service.iceServers(this.#connection.caller),
    });
  }

  /** @throws AppError peer_not_found, peers_full, publish_forbidden */
  async #relay(request: RelayRequest): Promise<void> {
    const { type, id, roomId, to, payload } = request;
    this.#connection.assertFresh();
    const { room, facts, peer, isInvited } = this.#placeIn(roomId);
    if (type === 'offer') assertMayOffer(request, { peer, room: facts, isInvited, access: this.#deps.access });
    if (to !== undefined && !room.has(to)) throw new AppError('peer_not_found');
    await room.relay(peer, { type, to, payload });
    if (id !== undefined) this.#send({ type: 'ack', id });
  }

  /** An offer is answered by the answer, or by an error. */
  async #toServer(request: RelayRequest): Promise<void> {
    const { type, id, roomId, payload } = request;
    this.#connection.assertFresh();
    const media = this.#mediaIn(roomId);
    if (type === 'answer') throw new AppError('not_supported');
    if (type === 'offer') return media.offer(this.#connection.caller, request);
    await media.candidate(payload);
    if (id !== undefined) this.#send({ type: 'ack', id });
  }

  /** Whoever is counted only has no place among the peers, and may still play. */
  #mediaIn(roomId: string): ServerMedia {
    const joined = this.#joined.get(roomId);
    return joined !== undefined && 'watcher' in joined ? joined.watcher.media : this.#placeIn(roomId).media;
  }

  #placeIn(roomId: string): Place {
    const joined = this.#joined.get(roomId);
    if (joined === undefined) throw new AppError('peer_not_found');
    if (!('place' in joined)) throw new AppError('peers_full');
    if (joined.place.isGone) throw new AppError('peer_not_found');
    return joined.place;
  }

  #leave(roomId: string): void {
    const joined = this.#joined.get(roomId);
    if (joined === undefined) return;
    this.#joined.delete(roomId);
    if ('place' in joined) joined.place.leave();
    else joined.watcher.leave();
  }

  /** Rooms that ended or that it was taken out of are no longer among its rooms. */
  #forgetGone(): void {
    for (const [roomId, joined] of this.#joined)
      if (joined !== undefined && 'place' in joined && joined.place.isGone) this.#joined.delete(roomId);
  }

  #letGo(joined: Joined | undefined): void {
    if (joined === undefined) return;
    if ('place' in joined) joined.place.detach(this.#connection);
    else joined.watcher.leave();
  }

  #send(message: SignalingMessage): void {
    this.#connection.send(message);
  }
}

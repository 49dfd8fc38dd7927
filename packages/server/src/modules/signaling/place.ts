import type { Connection } from '../../sockets/connection.ts';
import { CLOSE } from '../realtime/contract.ts';
import type { ErrorCode } from '../gateway/contract.ts';
import { AppError } from '../gateway/contract.ts';
import type { RoomFacts } from '../live/contract.ts';
import { HOLD_MS, type Peer, type SignalingMessage } from './contract.ts';
import type { LocalPeer, SignalRoom } from './room.ts';
import { ServerMedia, type ServerMediaDeps } from './server-media.ts';

/** Whose place it is, and how it was come by. */
export interface PlaceDeps {
  room: SignalRoom;
  facts: RoomFacts;
  peer: Peer;
  /** The secret by which it is taken again. */
  session: string;
  member: string;
  /** Who they are counted as, and how to stop it. */
  person: string;
  release: readonly (() => void)[];
  media: Omit<ServerMediaDeps, 'person' | 'tell'>;
  /** It is no more. */
  onGone(place: Place): void;
  onError(error: unknown): void;
}

/** A peer's place in a room: outlives its connection for 30 s, so that a reconnect finds it. */
export class Place implements LocalPeer {
  readonly peer: Peer;
  readonly member: string;
  readonly session: string;
  readonly room: SignalRoom;
  readonly facts: RoomFacts;
  readonly person: string;
  /** What they have with the media engine; it outlives a lost connection as the place does. */
  readonly media: ServerMedia;
  isInvited = false;
  readonly #deps: PlaceDeps;
  #connection: Connection | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #isGone = false;

  constructor(deps: PlaceDeps) {
    this.#deps = deps;
    this.peer = deps.peer;
    this.member = deps.member;
    this.session = deps.session;
    this.room = deps.room;
    this.facts = deps.facts;
    this.person = deps.person;
    this.media = new ServerMedia({ ...deps.media, person: deps.person, tell: (message) => this.send(message) });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The connection it has from now on; an older one is cut. */
  attach(connection: Connection): void {
    clearTimeout(this.#holdTimer);
    const before = this.#connection;
    this.#connection = connection;
    if (before !== connection) before?.cut(CLOSE.replaced, 'replaced');
  }

  /** The connection is gone; the place waits. */
  detach(connection: Connection): void {
    if (this.#isGone || this.#connection !== connection) return;
    this.#connection = undefined;
    this.#holdTimer = setTimeout(() => this.leave(), HOLD_MS).unref();
  }

  send(message: SignalingMessage): void {
    this.#connection?.send(message);
  }

  replaced(): void {
    const connection = this.#connection;
    this.#end();
    connection?.cut(CLOSE.replaced, 'replaced');
  }

  removed(code: ErrorCode): void {
    const connection = this.#connection;
    this.leave();
    if (connection === undefined) return;
    const error = new AppError(code).words(connection.caller.language);
    connection.send({ type: 'error', roomId: this.room.id, code, error });
  }

  /** There was no place among the peers: what remains is the count, and what is played, until its connection ends. */
  watchOnly(connection: Connection): Watcher {
    const { media, person, release } = this.#deps;
    this.#isGone = true;
    this.#deps.onGone(this);
    return new Watcher({ media: { ...media, person, tell: (message) => connection.send(message) }, release });
  }

  /** Gives it up. Idempotent. */
  leave(): void {
    if (this.#isGone) return;
    this.#end();
    // Whoever cannot be told now learns it from the next look at who is there.
    this.room.leave(this).catch((error: unknown) => this.#deps.onError(error));
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#holdTimer);
    this.#connection = undefined;
    this.media.close();
    for (const release of this.#deps.release) release();
    this.#deps.onGone(this);
  }
}

/** Somebody without a place among the peers: counted, and with what they play from the media engine. */
export class Watcher {
  readonly media: ServerMedia;
  readonly #release: readonly (() => void)[];

  constructor({ media, release }: { media: ServerMediaDeps; release: readonly (() => void)[] }) {
    this.media = new ServerMedia(media);
    this.#release = release;
  }

  /** Once. */
  leave(): void {
    this.media.close();
    for (const release of this.#release) release();
  }
}

import type { Logger } from 'pino';
import { levelOf } from '../../database/errors.ts';
import type { EngineEvent, EngineStream, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { roomChannel } from './announcer.ts';
import type { Audience } from './audience.ts';
import type { Checkups } from './checkups.ts';
import { LIVE_APP } from './contract.ts';
import type { RoomEvent } from './events.ts';
import { SYSTEM, type Ledger } from './ledger.ts';
import type { OwnerPeers } from './owner-peers.ts';
import type { RoomRow, RoomStore } from './store.ts';
import type { Streams } from './streams.ts';

const RECONCILE_EVERY_MS = 10_000;

export interface BroadcastDeps {
  store: RoomStore;
  ledger: Ledger;
  state: StateCenter;
  engine: MediaEngine;
  audience: Audience;
  streams: Streams;
  ownerPeers: OwnerPeers;
  checkups: Checkups;
  graceMs: number;
  logger: Logger;
  now: () => number;
  saveTally(roomId: string): Promise<void>;
}

/**
 * Keeps rooms true to the engine: its events change them at once, and every 10 s both are compared, which also ends
 * the rooms whose publisher did not come back after a restart of this process, or whose node died.
 */
export class Broadcast {
  readonly #deps: BroadcastDeps;
  /** Per stream, the work still to do, in the order of events. */
  readonly #queues = new Map<string, Promise<void>>();
  /** Per stream of this node: how to stop listening to what becomes of its room elsewhere. */
  readonly #watched = new Map<string, { roomId: string; unwatch: Unsubscribe }>();
  #timer: NodeJS.Timeout | undefined;
  /** When it is over, by the monotonic clock. */
  #dueMs = 0;
  #isStopping = false;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
    deps.state.onNodeLost(() => this.#schedule(0));
    deps.ownerPeers.onChange(() => this.#schedule(0));
  }

  /** After the engine started. Live rooms whose stream no node holds wait a whole grace for their publisher. */
  async start(): Promise<void> {
    const { store, engine, graceMs, now } = this.#deps;
    // What the engine found at its start comes first.
    await Promise.all(this.#queues.values());
    const live = engine.isOnDuty === false ? [] : await store.withStatus(['live']);
    const carried = await this.#carried(live);
    for (const room of live.filter(({ id }) => !carried.has(id))) {
      if (room.interrupted === 0) await this.#interrupt(room);
      else if ((room.interrupted_at ?? 0) + graceMs <= now()) await store.restartGrace(room);
    }
    this.#schedule(graceMs);
  }

  /** From here on the engine's farewells change nothing: what is live now is live again after the restart. */
  prepareStop(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
  }

  async stop(): Promise<void> {
    this.prepareStop();
    await Promise.all(this.#queues.values());
    await this.#deps.checkups.stop();
    await Promise.all([...this.#watched.keys()].map((playId) => this.#unwatch(playId)));
    await this.#deps.streams.releaseAll();
  }

  notify(event: EngineEvent): void {
    if (event.app !== LIVE_APP) return;
    const { audience, checkups } = this.#deps;
    if (event.type === 'interrupted' || event.type === 'ended') checkups.forget(event.stream);
    switch (event.type) {
      case 'playing':
        return audience.playing(event.client.clientId);
      case 'stopped':
        return audience.stopped(event.client.clientId);
      case 'poster':
      case 'renditions':
        return this.#enqueue(event.stream, (room) => this.#pictured(room));
      case 'findings':
        return this.#isStopping ? undefined : checkups.found(event.stream, event.findings);
      case 'published':
        return this.#enqueue(event.stream, (room) => this.#published(room));
      case 'interrupted':
        return this.#enqueue(event.stream, (room) => this.#streamGone(room, 'interrupted'));
      case 'ended':
        return this.#enqueue(event.stream, (room) => this.#streamGone(room, 'ended'));
      case 'recording_started':
      case 'recording_part':
      case 'recording_ended':
    }
  }

  /** Compares rooms with streams once. */
  async reconcile(): Promise<void> {
    const { store, engine, streams, graceMs, now } = this.#deps;
    await streams.releaseStale();
    const open = await store.withStatus(['preparing', 'live']);
    // What another node reports, it compares.
    const rooms = engine.isOnDuty === false ? open.filter(({ mode }) => mode === 'p2p') : open;
    // Read after the rooms, so that a stream that is missing now is missing for a room that was live before.
    const local = (await engine.streams()).filter(({ app, state }) => app === LIVE_APP && state === 'publishing');
    const publishing = new Map(local.map((stream) => [stream.stream, stream]));
    const carried = await this.#carried(rooms.filter(({ status }) => status === 'live'));
    let nextDueMs = RECONCILE_EVERY_MS;
    for (const room of rooms) {
      await this.#compare(room, { stream: publishing.get(room.play_id), isCarried: carried.has(room.id) });
      publishing.delete(room.play_id);
      if (room.interrupted_at !== null)
        nextDueMs = Math.min(nextDueMs, Math.max(50, room.interrupted_at + graceMs - now()));
    }
    for (const playId of publishing.keys()) this.#enqueue(playId, (room) => this.#published(room));
    this.#schedule(nextDueMs);
  }

  async #compare(
    room: RoomRow,
    { stream, isCarried }: { stream: EngineStream | undefined; isCarried: boolean },
  ): Promise<void> {
    const { graceMs, now } = this.#deps;
    if (stream !== undefined) return this.#enqueue(room.play_id, (current) => this.#published(current));
    if (room.status !== 'live') return;
    if (isCarried) {
      if (room.mode === 'p2p' && room.interrupted === 1) await this.#resume(room);
    } else if (room.interrupted === 0) await this.#interrupt(room);
    else if (room.interrupted_at !== null && room.interrupted_at + graceMs <= now()) await this.#endAfterGrace(room);
  }

  /** The live rooms whose stream, or in a peer-to-peer room whose owner, some living node has. */
  async #carried(rooms: readonly RoomRow[]): Promise<Set<string>> {
    const { streams, ownerPeers } = this.#deps;
    const held = await streams.holders(rooms.filter(({ mode }) => mode === 'media').map((room) => room.play_id));
    const present = await ownerPeers.present(rooms.filter(({ mode }) => mode === 'p2p').map(({ id }) => id));
    return new Set(rooms.filter((room) => held.has(room.play_id) || present.has(room.id)).map(({ id }) => id));
  }

  async #published(room: RoomRow): Promise<void> {
    const { store, engine, streams, ledger } = this.#deps;
    const stream = { app: LIVE_APP, stream: room.play_id };
    if (room.status === 'ended') {
      await engine.endStream(stream);
      return;
    }
    if ((await streams.published(room.play_id)) === 'goes') {
      await engine.kickPublisher(stream);
      return;
    }
    await this.#watch(room);
    if (room.status === 'live') {
      if (room.interrupted === 1) await this.#resume(room);
    } else if (room.auto_live === 1) {
      await ledger.room(room, { event: 'room.live', actor: SYSTEM, details: { why: 'published' } }, (transaction) =>
        store.transition(transaction, { id: room.id, to: 'live' }),
      );
    }
  }

  /** The first picture of a broadcast: lists that were given before show it from now on. Later ones replace it silently. */
  async #pictured(room: RoomRow): Promise<void> {
    if (room.status !== 'live') return;
    const { store, ledger } = this.#deps;
    await ledger.room(room, { event: 'room.updated', actor: SYSTEM, isAudited: false }, async (transaction) => {
      const row = await store.change(transaction, { id: room.id, changes: {} });
      return row?.status === 'live' ? row : undefined;
    });
  }

  /** On this node; the end of a preview leaves its room preparing, only a broadcast ends with its stream. */
  async #streamGone(room: RoomRow, how: 'interrupted' | 'ended'): Promise<void> {
    const { store, streams, ledger, saveTally } = this.#deps;
    await streams.ended(room.play_id);
    if (how === 'ended') await this.#unwatch(room.play_id);
    if (room.status !== 'live' || (await streams.isHeldElsewhere(room.play_id))) return;
    if (how === 'interrupted') return this.#interrupt(room);
    await saveTally(room.id);
    await ledger.room(room, { event: 'room.ended', actor: SYSTEM, details: { why: 'stream ended' } }, (transaction) =>
      store.transition(transaction, { id: room.id, to: 'ended' }),
    );
  }

  async #interrupt(room: RoomRow): Promise<void> {
    await this.#setInterrupted(room, 'room.interrupted');
    this.#schedule(this.#deps.graceMs);
  }

  async #resume(room: RoomRow): Promise<void> {
    await this.#setInterrupted(room, 'room.resumed');
  }

  async #setInterrupted(room: RoomRow, event: Extract<RoomEvent, 'room.interrupted' | 'room.resumed'>): Promise<void> {
    const { store, ledger } = this.#deps;
    const interrupted = event === 'room.interrupted';
    await ledger.room(room, { event, actor: SYSTEM, isAudited: false }, (transaction) =>
      store.setInterrupted(transaction, { id: room.id, interrupted }),
    );
  }

  async #endAfterGrace(room: RoomRow): Promise<void> {
    const { store, ledger, engine, saveTally } = this.#deps;
    await saveTally(room.id);
    const details = { why: 'publisher did not return' };
    const ended = await ledger.room(room, { event: 'room.ended', actor: SYSTEM, details }, (transaction) =>
      store.endInterrupted(transaction, room),
    );
    if (ended !== undefined) await engine.endStream({ app: LIVE_APP, stream: room.play_id });
  }

  /** The room may be ended by another node or by the command line: its stream here ends with it. */
  async #watch({ id, play_id: playId }: RoomRow): Promise<void> {
    const { state, engine, logger } = this.#deps;
    if (this.#watched.get(playId)?.roomId === id) return;
    await this.#unwatch(playId);
    const unwatch = await state.subscribe(roomChannel(id), {
      deliver: ({ event }) => {
        if (event !== 'room.ended') return;
        engine
          .endStream({ app: LIVE_APP, stream: playId })
          .then(() => this.#unwatch(playId))
          .catch((error: unknown) => logger.error({ err: error, playId }, 'the stream of an ended room goes on'));
      },
      reset: () => this.#schedule(0),
    });
    this.#watched.set(playId, { roomId: id, unwatch });
  }

  async #unwatch(playId: string): Promise<void> {
    const watched = this.#watched.get(playId);
    this.#watched.delete(playId);
    await watched?.unwatch();
  }

  #enqueue(playId: string, work: (room: RoomRow) => Promise<void>): void {
    if (this.#isStopping) return;
    const before = this.#queues.get(playId) ?? Promise.resolve();
    const after = before.then(async () => {
      const room = await this.#deps.store.findByPlayId(playId);
      if (room !== undefined) await work(room);
    });
    // The next comparison repeats whatever failed here.
    const settled = after.catch((error: unknown) =>
      this.#deps.logger.error({ err: error, playId }, 'a media event was not applied'),
    );
    this.#queues.set(playId, settled);
    void settled.then(() => {
      if (this.#queues.get(playId) === settled) this.#queues.delete(playId);
    });
  }

  /** The next comparison, at most this late; one that is due sooner stays. */
  #schedule(delayMs: number): void {
    if (this.#isStopping) return;
    const waitMs = Math.min(delayMs, RECONCILE_EVERY_MS);
    const dueMs = performance.now() + waitMs;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.reconcile().catch((error: unknown) => {
        this.#deps.logger[levelOf(error, 'error')]({ err: error }, 'rooms could not be compared with streams');
        this.#schedule(RECONCILE_EVERY_MS);
      });
    }, waitMs);
    this.#timer.unref();
  }
}

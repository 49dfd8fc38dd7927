import type { Logger } from 'pino';
import type { Outbox, Work } from '../../database/outbox.ts';
import type { EngineEvent, EngineStream, MediaEngine } from '../../engine/contract.ts';
import type { Announcer } from './announcer.ts';
import type { Audience } from './audience.ts';
import { LIVE_APP } from './contract.ts';
import type { RoomEvent } from './events.ts';
import type { RoomRow, RoomStore } from './store.ts';

const RECONCILE_EVERY_MS = 10_000;

export interface BroadcastDeps {
  store: RoomStore;
  outbox: Outbox;
  engine: MediaEngine;
  announcer: Announcer;
  audience: Audience;
  graceMs: number;
  logger: Logger;
  now: () => number;
  saveTally(playId: string): Promise<void>;
}

/**
 * Keeps rooms true to the engine: its events change them at once, and every 10 s both are compared, which also ends
 * the rooms whose publisher did not come back after a restart of this process.
 */
export class Broadcast {
  readonly #deps: BroadcastDeps;
  /** Per stream, the work still to do, in the order of events. */
  readonly #queues = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(deps: BroadcastDeps) {
    this.#deps = deps;
  }

  /** After the engine started. Rooms that were live wait a whole grace for their publisher. */
  async start(): Promise<void> {
    await this.#deps.store.interruptAllLive();
    this.#schedule(this.#deps.graceMs);
  }

  /** From here on the engine's farewells change nothing: what is live now is live again after the restart. */
  prepareStop(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
  }

  async stop(): Promise<void> {
    this.prepareStop();
    await Promise.all(this.#queues.values());
  }

  notify(event: EngineEvent): void {
    if (event.app !== LIVE_APP) return;
    const { audience } = this.#deps;
    switch (event.type) {
      case 'playing':
        return audience.joined(event.stream, { clientId: event.client.clientId, person: event.viewer });
      case 'stopped':
        return audience.left(event.stream, event.viewer);
      case 'published':
        return this.#enqueue(event.stream, (room) => this.#published(room));
      case 'interrupted':
        return this.#enqueue(event.stream, (room) => this.#interrupted(room));
      case 'ended':
        return this.#enqueue(event.stream, (room) => this.#ended(room));
    }
  }

  /** Compares rooms with streams once. */
  async reconcile(): Promise<void> {
    const { store, engine, graceMs, now } = this.#deps;
    const rooms = await store.withStatus(['preparing', 'live']);
    // Read after the rooms, so that a stream that is missing now is missing for a room that was live before.
    const streams = new Map(
      (await engine.streams()).filter(({ app }) => app === LIVE_APP).map((stream) => [stream.stream, stream]),
    );
    let nextDueMs = RECONCILE_EVERY_MS;
    for (const room of rooms) {
      await this.#compare(room, streams.get(room.play_id));
      if (room.interrupted_at !== null)
        nextDueMs = Math.min(nextDueMs, Math.max(50, room.interrupted_at + graceMs - now()));
    }
    this.#schedule(nextDueMs);
  }

  async #compare(room: RoomRow, stream: EngineStream | undefined): Promise<void> {
    const { graceMs, now } = this.#deps;
    if (stream?.state === 'publishing') return this.#published(room);
    if (room.status !== 'live' || stream?.state === 'interrupted') return;
    if (room.interrupted === 0) return this.#interrupted(room);
    if (room.interrupted_at !== null && room.interrupted_at + graceMs <= now()) return this.#ended(room);
  }

  async #published(room: RoomRow): Promise<void> {
    const { store, engine } = this.#deps;
    if (room.status === 'ended') {
      await engine.endStream({ app: LIVE_APP, stream: room.play_id });
    } else if (room.status === 'live') {
      if (room.interrupted === 0) return;
      const { id } = room;
      await this.#commit('room.resumed', (transaction) =>
        store.setInterrupted(transaction, { id, interrupted: false }),
      );
    } else if (room.auto_live === 1) {
      await this.#commit('room.live', (transaction) => store.transition(transaction, { id: room.id, to: 'live' }));
    }
  }

  async #interrupted(room: RoomRow): Promise<void> {
    const { store } = this.#deps;
    const { id } = room;
    await this.#commit('room.interrupted', (transaction) =>
      store.setInterrupted(transaction, { id, interrupted: true }),
    );
  }

  /** The end of a preview leaves its room preparing; only a broadcast ends with its stream. */
  async #ended(room: RoomRow): Promise<void> {
    const { store, saveTally } = this.#deps;
    if (room.status !== 'live') return;
    await saveTally(room.play_id);
    await this.#commit('room.ended', (transaction) => store.transition(transaction, { id: room.id, to: 'ended' }));
  }

  /** The change and its event together; nothing when somebody was faster. */
  async #commit(
    event: RoomEvent,
    change: (transaction: Work['transaction']) => Promise<RoomRow | undefined>,
  ): Promise<void> {
    const { outbox, announcer } = this.#deps;
    await outbox.transact(async ({ transaction, emit }) => {
      const row = await change(transaction);
      if (row !== undefined) await emit(...announcer.room(event, row));
    });
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

  #schedule(delayMs: number): void {
    if (this.#isStopping) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.reconcile().catch((error: unknown) => {
          this.#deps.logger.error({ err: error }, 'rooms could not be compared with streams');
          this.#schedule(RECONCILE_EVERY_MS);
        });
      },
      Math.min(delayMs, RECONCILE_EVERY_MS),
    );
    this.#timer.unref();
  }
}

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import type { EngineEvent, EngineRecorder, MediaEngine } from '../../engine/contract.ts';
import { LIVE_APP } from '../live/contract.ts';
import { auditRecording, recordingEvent, SYSTEM } from './announcer.ts';
import type { Claims } from './claims.ts';
import type { RecordingFolder } from './folder.ts';
import { Loop } from './loop.ts';
import type { BroadcastRow, NewRecordingRow, RecordingStore, StreamRoom } from './store.ts';

/** While something is live: a preview may become a broadcast at any moment, and its owner may change their mind. */
const LIVE_EVERY_MS = 2000;
const IDLE_EVERY_MS = 10_000;
/** After a stream ended: its room is about to be ended too. */
const HURRY_MS = 5000;
const HURRY_EVERY_MS = 200;
/** What could not be begun, or broke off, is tried again. */
const RETRY_MS = 30_000;
const EXPECTED_ENDS = new Set(['stopped', 'ended', 'server_stopping']);

export interface RunnerDeps {
  store: RecordingStore;
  outbox: Outbox;
  engine: MediaEngine;
  folder: RecordingFolder;
  claims: Claims;
  /** Whether there is room for a recording of the channel. */
  mayRecord(playId: string): boolean;
  /** A file was closed, or a recording is over. */
  onWork(): void;
  logger: Logger;
  now: () => number;
}

/**
 * Makes the engine record what it should: the broadcasts of rooms that are to be recorded, each to one recording,
 * which goes on when its publisher comes back, and after a crash too. What is over, however it ended, is read from its
 * folder. Each node does it for the streams that it carries and the folder that it has.
 */
export class RecordingRunner {
  readonly #deps: RunnerDeps;
  readonly #loop: Loop;
  /** By recording or stream: not to be begun before. */
  readonly #notBefore = new Map<string, number>();
  /** By the monotonic clock. */
  #hurryUntilMs = 0;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    this.#loop = new Loop({
      work: () => this.#compare(),
      logger: deps.logger,
      failedWords: 'recordings could not be compared with rooms',
      retryMs: IDLE_EVERY_MS,
    });
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  nudge(): void {
    this.#loop.nudge();
  }

  heard(event: EngineEvent): void {
    if (event.app !== LIVE_APP) return;
    switch (event.type) {
      case 'ended':
        this.#hurryUntilMs = performance.now() + HURRY_MS;
        return this.nudge();
      case 'published':
      case 'recording_started':
        return this.nudge();
      case 'recording_part':
        this.#keep(event.id, this.#deps.store.addPart(event.id, event.part));
        return;
      case 'recording_ended':
        if (!EXPECTED_ENDS.has(event.reason)) {
          this.#deps.logger.warn({ recording: event.id, reason: event.reason }, 'a recording broke off');
          this.#notBefore.set(event.id, this.#deps.now() + RETRY_MS);
        }
        return this.nudge();
      case 'interrupted':
      case 'playing':
      case 'stopped':
      case 'poster':
      case 'renditions':
      case 'findings':
    }
  }

  /** What fails here is read from the folder at the end. */
  #keep(id: string, work: Promise<void>): void {
    work.then(
      () => this.#deps.onWork(),
      (error: unknown) => this.#deps.logger.warn({ err: error, recording: id }, 'a file was not written down'),
    );
  }

  async #compare(): Promise<number> {
    const { engine, store, folder, now } = this.#deps;
    const { recorder } = engine;
    if (recorder === undefined) return IDLE_EVERY_MS;
    for (const [key, atMs] of this.#notBefore) if (atMs <= now()) this.#notBefore.delete(key);
    const streams = (await engine.streams()).filter(
      ({ app, state }) => app === LIVE_APP && (state === 'publishing' || state === 'interrupted'),
    );
    const rooms = await store.streamRooms(streams.map(({ stream }) => stream));
    const active = new Set((await recorder.list()).map(({ id }) => id));
    // Read after the engine, so that what is missing here was not begun by us.
    const running = await store.running(folder.id);
    const carried = new Set(rooms.map(({ roomId }) => roomId));
    for (const row of running)
      await this.#judge(recorder, row, { isActive: active.has(row.id), isCarried: carried.has(row.room_id) });
    const known = new Set(running.map(({ id }) => id));
    for (const id of active) if (!known.has(id)) await recorder.stop(id);
    const recorded = new Set(running.filter(({ isWanted }) => isWanted).map((row) => row.room_id));
    for (const room of rooms) if (room.isWanted && !recorded.has(room.roomId)) await this.#begin(recorder, room);
    if (running.length > 0 && performance.now() < this.#hurryUntilMs) return HURRY_EVERY_MS;
    return streams.length > 0 || running.length > 0 ? LIVE_EVERY_MS : IDLE_EVERY_MS;
  }

  async #judge(
    recorder: EngineRecorder,
    row: BroadcastRow & { isWanted: boolean },
    { isActive, isCarried }: { isActive: boolean; isCarried: boolean },
  ): Promise<void> {
    const { claims, folder, mayRecord } = this.#deps;
    const isWanted = row.isWanted && mayRecord(row.play_id);
    if (isActive) {
      // What another node publishes by now is recorded there.
      if (!isWanted || !isCarried) await recorder.stop(row.id);
      return;
    }
    // Of a node that shares this folder and lives.
    if (!(await claims.take(row.id))) return;
    if (!row.isWanted) return this.#close(recorder, row);
    if (!isWanted || !isCarried || this.#notBefore.has(row.id)) return;
    const isBegun = await recorder.start(
      { app: LIVE_APP, stream: row.play_id },
      { id: row.id, folder: folder.pathOf(row.id) },
    );
    if (!isBegun) this.#notBefore.set(row.id, this.#deps.now() + RETRY_MS);
  }

  async #begin(recorder: EngineRecorder, room: StreamRoom): Promise<void> {
    const { store, outbox, folder, claims, mayRecord, logger, now } = this.#deps;
    const { roomId, playId } = room;
    if (!mayRecord(playId) || this.#notBefore.has(playId)) return;
    const id = randomUUID();
    await claims.take(id);
    if (!(await recorder.start({ app: LIVE_APP, stream: playId }, { id, folder: folder.pathOf(id) }))) {
      await claims.release(id);
      this.#notBefore.set(playId, now() + RETRY_MS);
      logger.warn({ roomId }, 'a recording could not be begun');
      return;
    }
    const row = rowOf(room, { id, folderId: folder.id, atMs: now() });
    try {
      await outbox.transact(async ({ transaction, emit }) => {
        await store.insert(transaction, row);
        await auditRecording(transaction, { row, actor: SYSTEM, action: 'recording.started', atMs: row.started_at });
        await emit(recordingEvent('recording.started', row));
      });
    } catch (error) {
      await recorder.stop(id);
      throw error;
    }
  }

  /** What its folder holds is the truth, whoever closed it. */
  async #close(recorder: EngineRecorder, row: BroadcastRow): Promise<void> {
    const { store, outbox, folder, onWork, logger, now } = this.#deps;
    const found = await recorder.recover(folder.pathOf(row.id));
    await outbox.transact(async ({ transaction }) => {
      await store.setParts(transaction, row.id, found);
      const changes = { ended_at: now() };
      await store.move(transaction, { id: row.id, from: ['recording'], to: 'processing', changes });
    });
    logger.info({ recording: row.id, roomId: row.room_id, files: found.length }, 'a recording is over');
    onWork();
  }
}

function rowOf(
  { roomId, playId, userId, title }: StreamRoom,
  { id, folderId, atMs }: { id: string; folderId: string; atMs: number },
): NewRecordingRow {
  return {
    id,
    room_id: roomId,
    play_id: playId,
    user_id: userId,
    title,
    state: 'recording',
    published: 0,
    folder_id: folderId,
    poster: null,
    started_at: atMs,
    ended_at: null,
    duration_ms: 0,
    size_bytes: 0,
    updated_at: atMs,
  };
}

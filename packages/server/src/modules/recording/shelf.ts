import type { Outbox } from '../../database/outbox.ts';
import type { MediaEngine } from '../../engine/contract.ts';
import type { Caller } from '../gateway/contract.ts';
import { auditRecording, SYSTEM } from './announcer.ts';
import type { Recording, ReplayShelf, ShelvedVideo, SignedAddress } from './contract.ts';
import type { RecordingFolder } from './folder.ts';
import type { Keeper } from './keeper.ts';
import type { RecordingService } from './service.ts';
import type { NewRecordingRow, RecordingStore } from './store.ts';

export interface ShelfDeps {
  store: RecordingStore;
  service: RecordingService;
  keeper: Keeper;
  outbox: Outbox;
  engine: MediaEngine;
  folder: RecordingFolder;
  /** There are files to be read. */
  onWork(): void;
  now: () => number;
}

/** Videos that were uploaded, among the recordings: as these are they are read, moved to the bucket, played and deleted. */
export class VideoShelf implements ReplayShelf {
  readonly #deps: ShelfDeps;

  constructor(deps: ShelfDeps) {
    this.#deps = deps;
  }

  folderOf(id: string): string {
    return this.#deps.folder.pathOf(id);
  }

  freeBytes(): Promise<number> {
    return this.#deps.folder.space().then(({ freeBytes }) => freeBytes);
  }

  async add({
    id,
    userId,
    title,
    atMs,
  }: {
    id: string;
    userId: string;
    title: string;
    atMs: number;
  }): Promise<boolean> {
    const { store, outbox, engine, folder, onWork, now } = this.#deps;
    if ((await store.find(id)) !== undefined) return true;
    const parts = (await engine.recorder?.recover(folder.pathOf(id))) ?? [];
    if (parts.length === 0) return false;
    const row: NewRecordingRow = {
      ...{ id, room_id: null, play_id: null, user_id: userId, title, state: 'processing', published: 0 },
      ...{ folder_id: folder.id, poster: null, started_at: atMs, ended_at: now(), updated_at: now() },
      duration_ms: parts.reduce((sum, { durationMs }) => sum + durationMs, 0),
      size_bytes: parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    };
    await outbox.transact(async ({ transaction }) => {
      await store.insert(transaction, row);
      // Its time is when it was uploaded, not when a machine came to converting it.
      await store.setParts(transaction, id, timed(parts, atMs));
      await auditRecording(transaction, { row, actor: SYSTEM, action: 'recording.uploaded', atMs: now() });
    });
    onWork();
    return true;
  }

  async findMany(ids: readonly string[]): Promise<Map<string, ShelvedVideo>> {
    const rows = await this.#deps.store.findMany(ids);
    return new Map(
      rows.map((row) => [
        row.id,
        {
          ...{ id: row.id, title: row.title, published: row.published === 1 },
          state: row.state === 'ready' || row.state === 'failed' ? row.state : 'processing',
          ...{ durationMs: row.duration_ms, sizeBytes: row.size_bytes },
          poster: row.poster === 1 ? `/api/recordings/${row.id}/poster` : undefined,
        },
      ]),
    );
  }

  publish(caller: Caller, id: string, title: string | undefined): Promise<Recording> {
    return this.#deps.service.change(caller, id, { title, published: true });
  }

  address(caller: Caller, id: string): Promise<SignedAddress> {
    return this.#deps.service.address(caller, id);
  }

  async remove(id: string, why: string): Promise<void> {
    const row = await this.#deps.store.find(id);
    if (row !== undefined) await this.#deps.keeper.delete(row, { actor: SYSTEM, why, evenActive: true });
  }
}

function timed<Part extends { startMs: number; epochMs: number }>(parts: readonly Part[], atMs: number): Part[] {
  return parts.map((part) => ({ ...part, epochMs: Math.round(atMs + part.startMs) }));
}

import type { Logger } from 'pino';
import type { Outbox } from '../../database/outbox.ts';
import type { EngineRecording, MediaEngine } from '../../engine/contract.ts';
import { BucketError, type Bucket } from '../../storage/contract.ts';
import type { Alarms } from './alarms.ts';
import { SYSTEM } from './announcer.ts';
import type { Storage } from './contract.ts';
import { deleteRecording } from './deletion.ts';
import { POSTER_FILE, type RecordingFolder } from './folder.ts';
import type { KeeperStore } from './keeper-store.ts';
import { Loop } from './loop.ts';
import type { RecordingRow, RecordingStore } from './store.ts';
import { bucketKey } from './workshop.ts';

const EVERY_MS = 3000;
/** Deleted or looked at in one turn. */
const BATCH = 100;
const MAX_ROOMS_SHOWN = 100;
/** Made free when the engine cannot write. */
const AT_ONCE_BYTES = 1024 ** 3;
const DAY_MS = 86_400_000;
const GROWTH_DAYS = 7;
/** A bucket that refuses for this long is an alarm. */
const BUCKET_PATIENCE_MS = 60_000;

export interface KeeperOptions {
  roomQuotaBytes: number;
  totalQuotaBytes: number;
  minFreeBytes: number;
  keepDays: number;
}

export interface KeeperDeps {
  store: RecordingStore;
  keeperStore: KeeperStore;
  outbox: Outbox;
  engine: MediaEngine;
  folder: RecordingFolder;
  bucket: Bucket | undefined;
  alarms: Alarms;
  options: KeeperOptions;
  /** What may be recorded changed. */
  onChange(): void;
  logger: Logger;
  now: () => number;
}

/**
 * Keeps recordings within what they may take: the oldest go, unpublished ones first; when nothing is left that may go,
 * recording stops, and an alarm says so. Live is never touched. It also removes the files of what was deleted.
 */
export class Keeper {
  readonly #deps: KeeperDeps;
  readonly #loop: Loop;
  #isFull = false;
  #fullChannels = new Set<string>();
  #bucketFailedAtMs: number | undefined;
  #roomMaking: Promise<void> | undefined;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#loop = new Loop({
      work: () => this.#turn(),
      logger: deps.logger,
      failedWords: 'recordings could not be kept within their limits',
      retryMs: EVERY_MS,
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

  mayRecord(playId: string): boolean {
    return !this.#isFull && !this.#fullChannels.has(playId);
  }

  bucketWorked(works: boolean): void {
    if (works) this.#bucketFailedAtMs = undefined;
    else this.#bucketFailedAtMs ??= this.#deps.now();
  }

  /** As `deleteRecording`. */
  async delete(row: RecordingRow, how: Parameters<typeof deleteRecording>[2]): Promise<boolean> {
    const isDeleted = await deleteRecording(this.#deps, row, how);
    this.nudge();
    return isDeleted;
  }

  /** The engine says that the disk is full, whatever it looks like from here. Resolves when files are gone. */
  async makeRoomNow(): Promise<void> {
    const { folder } = this.#deps;
    this.#roomMaking ??= this.#makeRoom(AT_ONCE_BYTES, { folderId: folder.id, why: 'disk full' })
      .then(async () => this.#removeDeleted(new Set(idsOf(await this.#open()))))
      .finally(() => (this.#roomMaking = undefined));
    await this.#roomMaking;
  }

  async storage(): Promise<Storage> {
    const { keeperStore, folder, bucket, alarms, options } = this.#deps;
    const { minFreeBytes, totalQuotaBytes, roomQuotaBytes, keepDays } = options;
    const recordings = await this.#open();
    const { usedBytes, folderBytes, waitingParts } = await keeperStore.totals(folder.id, idsOf(recordings));
    const open = sum(recordings);
    const space = await folder.space();
    const rooms = await keeperStore.usages({ limit: MAX_ROOMS_SHOWN });
    const bytesPerDay = await this.#growth();
    const left = [space.freeBytes - minFreeBytes];
    if (totalQuotaBytes > 0) left.push(totalQuotaBytes - usedBytes - open);
    const daysUntilFull = bytesPerDay > 0 ? Math.max(0, Math.min(...left)) / bytesPerDay : null;
    return {
      folder: { path: folder.path, ...space, minFreeBytes, usedBytes: folderBytes + open },
      bucket: bucket && { name: bucket.name, usedBytes: await keeperStore.storedBytes(), waitingParts },
      usedBytes: usedBytes + open,
      totalQuotaBytes,
      roomQuotaBytes,
      keepDays,
      rooms,
      forecast: { bytesPerDay, daysUntilFull },
      alarms: alarms.active,
    };
  }

  async #turn(): Promise<number> {
    const { options, alarms, onChange, now } = this.#deps;
    const before = `${this.#isFull} ${[...this.#fullChannels].join(' ')}`;
    const open = await this.#open();
    await this.#removeDeleted(new Set(idsOf(open)));
    if (options.keepDays > 0) await this.#deleteOld(now() - options.keepDays * DAY_MS);
    await this.#keepRooms(open);
    const isDiskLow = await this.#keepDisk();
    const isOverTotal = await this.#keepTotal(open);
    this.#isFull = isDiskLow || isOverTotal;
    await alarms.set('disk_low', isDiskLow);
    await alarms.set('total_quota', isOverTotal);
    await alarms.set('bucket_failing', now() - (this.#bucketFailedAtMs ?? Infinity) >= BUCKET_PATIENCE_MS);
    if (before !== `${this.#isFull} ${[...this.#fullChannels].join(' ')}`) onChange();
    return EVERY_MS;
  }

  async #keepRooms(open: readonly EngineRecording[]): Promise<void> {
    const { keeperStore, alarms, options } = this.#deps;
    const quota = options.roomQuotaBytes;
    const full = new Set<string>();
    if (quota > 0) {
      const openOf = new Map<string, number>();
      for (const { stream, sizeBytes } of open) openOf.set(stream, (openOf.get(stream) ?? 0) + sizeBytes);
      const openIds = idsOf(open);
      const most = await keeperStore.usages({ limit: BATCH, over: quota, openIds });
      const kept = new Map(most.map((use) => [use.playId, use]));
      for (const playId of new Set([...openOf.keys(), ...kept.keys()])) {
        const used = kept.get(playId)?.sizeBytes ?? (await keeperStore.usedBy(playId, openIds));
        const over = used + (openOf.get(playId) ?? 0) - quota;
        if (over >= 0 && !(await this.#makeRoom(over, { playId, why: 'room quota' }))) full.add(playId);
      }
    }
    this.#fullChannels = full;
    for (const playId of full) await alarms.set('room_quota', true, playId);
    await alarms.only('room_quota', full);
  }

  /** Answers whether too little is free, and nothing more can go. */
  async #keepDisk(): Promise<boolean> {
    const { folder, alarms, logger, options } = this.#deps;
    try {
      const { freeBytes } = await folder.space();
      await alarms.set('folder_failing', false);
      if (freeBytes >= options.minFreeBytes) return false;
      return !(await this.#makeRoom(options.minFreeBytes - freeBytes, { folderId: folder.id, why: 'disk full' }));
    } catch (error) {
      logger.error({ err: error }, 'the folder of recordings cannot be examined');
      await alarms.set('folder_failing', true);
      return true;
    }
  }

  async #keepTotal(open: readonly EngineRecording[]): Promise<boolean> {
    const { keeperStore, folder, options } = this.#deps;
    if (options.totalQuotaBytes === 0) return false;
    const { usedBytes } = await keeperStore.totals(folder.id, idsOf(open));
    const over = usedBytes + sum(open) - options.totalQuotaBytes;
    return over >= 0 && !(await this.#makeRoom(over, { why: 'total quota' }));
  }

  /** Whether that much is, or will soon be, free. */
  async #makeRoom(
    bytes: number,
    { why, ...where }: { why: string; playId?: string; folderId?: string },
  ): Promise<boolean> {
    let freed = 0;
    for (const row of await this.#deps.keeperStore.disposable({ ...where, limit: BATCH })) {
      if (freed > bytes) break;
      if (await this.delete(row, { actor: SYSTEM, why })) freed += row.size_bytes;
    }
    return freed > bytes;
  }

  async #deleteOld(beforeMs: number): Promise<void> {
    for (const row of await this.#deps.keeperStore.olderThan(beforeMs, BATCH))
      await this.delete(row, { actor: SYSTEM, why: 'age' });
  }

  async #removeDeleted(open: ReadonlySet<string>): Promise<void> {
    const { keeperStore, folder, logger } = this.#deps;
    for (const row of await keeperStore.deleted(folder.id, BATCH)) {
      // The engine is still about to close it.
      if (open.has(row.id)) continue;
      try {
        await this.#removeFiles(row);
        await keeperStore.forget(row.id);
      } catch (error) {
        if (error instanceof BucketError) this.bucketWorked(false);
        logger.warn({ err: error, recording: row.id }, 'the files of a deleted recording are still there');
        // The others are not nearer by a bucket that does not answer.
        if (error instanceof BucketError) return;
      }
    }
  }

  async #removeFiles({ id, poster }: RecordingRow): Promise<void> {
    const { store, folder, bucket } = this.#deps;
    await folder.remove(id);
    const parts = await store.parts([id]);
    if (bucket === undefined) {
      if (parts.some(({ stored }) => stored === 1)) throw new BucketError('there is no bucket any more (s3.bucket)');
      return;
    }
    // What was being moved when it was deleted may be there too.
    for (const { file } of parts) await bucket.delete(bucketKey(id, file));
    if (poster === 1) await bucket.delete(bucketKey(id, POSTER_FILE));
  }

  async #growth(): Promise<number> {
    const { keeperStore, now } = this.#deps;
    const { bytes, oldestMs } = await keeperStore.growth(now() - GROWTH_DAYS * DAY_MS);
    if (oldestMs === null) return 0;
    const days = Math.min(GROWTH_DAYS, Math.max(1, (now() - oldestMs) / DAY_MS));
    return Math.round(bytes / days);
  }

  async #open(): Promise<EngineRecording[]> {
    return (await this.#deps.engine.recorder?.list()) ?? [];
  }
}

const sum = (open: readonly EngineRecording[]): number => open.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
const idsOf = (open: readonly EngineRecording[]): string[] => open.map(({ id }) => id);

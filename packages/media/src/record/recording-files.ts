import { mkdir } from 'node:fs/promises';
import type { MediaLog } from '../hub/session-host.ts';
import type { RecordedPart, RecordingEndReason, RecordNews, RecordOrder } from './contract.ts';
import type { Disk } from './disk-lane.ts';
import type { IndexLine } from './index-file.ts';
import { PartFile, type PartHead } from './part-file.ts';
import type { QueueBudget } from './queue-budget.ts';
import { RecordingIndex } from './recording-index.ts';
import { recoverRecording } from './recover.ts';
import { type Shortage, SpaceGuard, type SpaceGuardDeps, freeBytesOf } from './space-guard.ts';

/** What one recording may have waiting for the disk: seconds at any bitrate, a minute at usual ones. */
export const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
/** What is on its way to the disk is made safe about this often. */
const SYNC_MS = 900;
const CHECK_MS = 1000;

type Gap = Omit<Extract<IndexLine, { type: 'gap' }>, 'type'>;

type Job =
  | { type: 'begin'; head: PartHead }
  | { type: 'fragment'; bytes: Uint8Array[]; sizeBytes: number; endMs: number }
  | { type: 'end' }
  | { type: 'gap'; gap: Gap }
  | { type: 'finish'; reason: RecordingEndReason };

export interface RecordingFilesDeps {
  order: RecordOrder;
  /** Of a file system, when the order says nothing. */
  minFreeBytes: number;
  disk: Disk;
  budget: QueueBudget;
  askForRoom: SpaceGuardDeps['ask'];
  tell(news: RecordNews): void;
  log: MediaLog;
  /** ms, of a clock that never goes back. */
  now(): number;
}

/** There is no room for more, and nobody made any. */
class ShortageError extends Error {
  readonly shortage: Shortage;

  constructor(shortage: Shortage) {
    super('There is no room for this recording.');
    this.shortage = shortage;
  }
}

/**
 * The files of one recording: fragments in, from whoever must not wait; a bounded queue; one file operation at a time.
 * A part is `NNN.open.mp4` while it is written and gets its name when it is whole. What went wrong ends the recording:
 * it is told once, and everything that follows is ignored.
 */
export class RecordingFiles {
  /** When all is written and told. */
  readonly over: Promise<void>;
  /** Files that are closed. */
  parts = 0;
  gaps = 0;
  lostMs = 0;
  readonly #deps: RecordingFilesDeps;
  readonly #guard: SpaceGuard;
  #resolveOver: () => void = () => undefined;
  #jobs: Job[] = [];
  #queuedBytes = 0;
  #isWorking = false;
  #isFinishing = false;
  #isOver = false;
  #closedBytes = 0;
  #closedMs = 0;
  #lastN = 0;
  #index: RecordingIndex | undefined;
  #head: PartHead | undefined;
  #part: PartFile | undefined;
  #syncing: Promise<void> | undefined;
  #syncError: { error: unknown } | undefined;
  #syncedAtMs = Number.NEGATIVE_INFINITY;
  #checkedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: RecordingFilesDeps) {
    this.#deps = deps;
    const { order, disk } = deps;
    this.#guard = new SpaceGuard({
      minFreeBytes: order.minFreeBytes ?? deps.minFreeBytes,
      quotaBytes: order.quotaBytes,
      // What came of it is looked at with the next fragment.
      ask: (question) => deps.askForRoom(question).finally(() => (this.#checkedAtMs = Number.NEGATIVE_INFINITY)),
      freeBytes: () => disk.io.run(() => freeBytesOf(order.folder)),
    });
    this.over = new Promise((resolve) => (this.#resolveOver = resolve));
  }

  get sizeBytes(): number {
    return this.#closedBytes + (this.#part?.part.sizeBytes ?? 0);
  }

  get durationMs(): number {
    return this.#closedMs + (this.#part?.part.durationMs ?? 0);
  }

  /** It ended, or is about to. */
  get isClosed(): boolean {
    return this.#isFinishing || this.#isOver;
  }

  /** The disk has caught up far enough that going on is worth it. */
  get hasRoom(): boolean {
    return this.#queuedBytes <= MAX_QUEUED_BYTES / 2 && this.#deps.budget.hasRoom;
  }

  begin(head: PartHead): void {
    this.#enqueue({ type: 'begin', head });
  }

  /** False when the disk is too slow to take it. `endMs`: how long the part is with it. */
  fragment(bytes: Uint8Array[], endMs: number): boolean {
    if (this.isClosed) return true;
    const sizeBytes = bytes.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#queuedBytes + sizeBytes > MAX_QUEUED_BYTES || !this.#deps.budget.take(sizeBytes)) return false;
    this.#queuedBytes += sizeBytes;
    this.#enqueue({ type: 'fragment', bytes, sizeBytes, endMs });
    return true;
  }

  end(): void {
    this.#enqueue({ type: 'end' });
  }

  /** Something is missing before the part that begins next. */
  gap(gap: Gap): void {
    if (gap.reason === 'slow_disk') {
      this.gaps++;
      this.lostMs += gap.mediaMs;
    }
    this.#enqueue({ type: 'gap', gap });
  }

  /** Once a second: what was written is made safe also when nothing more comes. */
  tick(): void {
    if (this.#part?.isDirty === true) this.#syncSoon();
  }

  /** Closes what is open, behind all that waits. */
  finish(reason: RecordingEndReason): void {
    if (this.isClosed) return;
    this.#enqueue({ type: 'end' });
    this.#enqueue({ type: 'finish', reason });
    this.#isFinishing = true;
  }

  #enqueue(job: Job): void {
    if (this.isClosed) return;
    this.#jobs.push(job);
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
        if (this.#syncError) throw this.#syncError.error;
        await this.#do(job);
      }
    } catch (error) {
      await this.#fail(error);
    }
    this.#isWorking = false;
  }

  async #do(job: Job): Promise<void> {
    switch (job.type) {
      case 'begin':
        await this.#prepare();
        this.#head = job.head;
        return;
      case 'fragment':
        return this.#write(job);
      case 'end':
        this.#head = undefined;
        return this.#closePart();
      case 'gap':
        return this.#index?.note({ type: 'gap', ...job.gap });
      case 'finish':
        await this.#closeIndex(job.reason);
        return this.#end(job.reason);
      default:
        job satisfies never;
    }
  }

  /** The folder, what an owner before left in it, and the index. */
  async #prepare(): Promise<void> {
    if (this.#index !== undefined) return;
    const { order, disk, tell } = this.#deps;
    const { id, folder, key } = order;
    await disk.io.run(() => mkdir(folder, { recursive: true }));
    const { parts } = await disk.io.run(() => recoverRecording(folder));
    for (const part of parts) {
      this.#count(part);
      tell({ type: 'part', part });
    }
    const shortage = await this.#guard.require(this.sizeBytes);
    if (shortage !== undefined) throw new ShortageError(shortage);
    this.#index = await RecordingIndex.open(folder, disk);
    const [app = '', stream = ''] = key.split('/');
    await this.#index.note({ type: 'recording', version: 1, id, app, stream, atMs: Date.now() });
  }

  async #write(job: Extract<Job, { type: 'fragment' }>): Promise<void> {
    try {
      await this.#check();
      const isNew = this.#part === undefined;
      const file = (this.#part ??= await this.#openPart());
      const bytes = isNew && this.#head ? [this.#head.init, ...job.bytes] : job.bytes;
      await this.#append(file, bytes, job.endMs);
    } finally {
      this.#release(job);
    }
    this.#syncSoon();
  }

  async #append(file: PartFile, bytes: readonly Uint8Array[], endMs: number): Promise<void> {
    try {
      await file.append(bytes, endMs);
    } catch (error) {
      if (!isFull(error) || !(await this.#guard.refused(this.sizeBytes))) throw error;
      await file.append(bytes, endMs);
    }
  }

  async #check(): Promise<void> {
    const now = this.#deps.now();
    if (now - this.#checkedAtMs < CHECK_MS) return;
    this.#checkedAtMs = now;
    const shortage = await this.#guard.check(this.sizeBytes);
    if (shortage !== undefined) throw new ShortageError(shortage);
  }

  async #openPart(): Promise<PartFile> {
    const { order, disk } = this.#deps;
    if (this.#head === undefined) throw new Error('a fragment without a part');
    const n = this.#lastN + 1;
    const file = await PartFile.create(order.folder, disk, { n, ...this.#head });
    this.#lastN = n;
    this.#part = file;
    const { startMs, epochMs } = this.#head;
    await this.#index?.note({ type: 'part', n, file: file.part.file, startMs, epochMs });
    this.#deps.tell({ type: 'started' });
    return file;
  }

  /** Beside whatever is written: the disk may take its time. An error comes up with the next job. */
  #syncSoon(): void {
    const now = this.#deps.now();
    if (this.#syncing !== undefined || now - this.#syncedAtMs < SYNC_MS) return;
    this.#syncedAtMs = now;
    this.#syncing = Promise.all([this.#part?.sync(), this.#index?.sync()])
      .then(() => undefined)
      .catch((error: unknown) => {
        this.#syncError ??= { error };
      })
      .finally(() => (this.#syncing = undefined));
  }

  async #closePart(): Promise<void> {
    const file = this.#part;
    if (file === undefined) return;
    await this.#syncing;
    await file.close();
    this.#part = undefined;
    const { n, durationMs, sizeBytes } = file.part;
    this.#count(file.part);
    this.#deps.tell({ type: 'part', part: { ...file.part } });
    await this.#index?.note({ type: 'closed', n, durationMs, sizeBytes });
  }

  async #closeIndex(reason: RecordingEndReason): Promise<void> {
    const index = this.#index;
    this.#index = undefined;
    try {
      await index?.note({ type: 'ended', reason, atMs: Date.now() });
    } finally {
      await index?.close();
    }
  }

  /** Saves what is whole, as far as the disk lets us. */
  async #fail(error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const { log, order } = this.#deps;
    log.warn({ recording: order.id, stream: order.key, reason, err: messageOf(error) }, 'a recording has to end');
    this.#isFinishing = true;
    const file = this.#part;
    try {
      await this.#closePart();
    } catch (closing) {
      log.error({ recording: order.id, err: messageOf(closing) }, 'the last file of a recording was not closed');
      await file?.abandon().catch(() => undefined); // closed already, or it cannot be
    }
    // What the index would say is in the files, too.
    await this.#closeIndex(reason).catch(() => undefined);
    this.#end(reason);
  }

  #end(reason: RecordingEndReason): void {
    this.#isOver = true;
    for (const job of this.#jobs.splice(0)) if (job.type === 'fragment') this.#release(job);
    this.#deps.tell({ type: 'ended', reason });
    this.#resolveOver();
  }

  #release({ sizeBytes }: { sizeBytes: number }): void {
    this.#queuedBytes -= sizeBytes;
    this.#deps.budget.give(sizeBytes);
  }

  #count({ n, durationMs, sizeBytes }: RecordedPart): void {
    this.parts++;
    this.#lastN = Math.max(this.#lastN, n);
    this.#closedBytes += sizeBytes;
    this.#closedMs += durationMs;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** No space, or not for this user. */
function isFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

function reasonOf(error: unknown): RecordingEndReason {
  if (error instanceof ShortageError) return error.shortage;
  return isFull(error) ? 'disk_full' : 'write_error';
}

/** Without the path, which may name people. */
function messageOf(error: unknown): string {
  return String(codeOf(error) ?? (error instanceof Error ? error.message : error));
}

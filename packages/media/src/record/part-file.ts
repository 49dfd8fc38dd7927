import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedPart } from './contract.ts';
import type { Disk } from './disk-lane.ts';
import { openPartName, partName } from './part-name.ts';
import { syncFolder } from './sync-folder.ts';

/** What a part begins with; its file is made with its first fragment. */
export interface PartHead {
  init: Uint8Array;
  startMs: number;
  epochMs: number;
}

/**
 * One file that is being written: `NNN.open.mp4` until it is closed, which gives it its name. Whatever ends before that
 * leaves a file that plays up to its last whole fragment. All methods throw what the file system throws.
 */
export class PartFile {
  readonly part: RecordedPart;
  readonly #folder: string;
  readonly #disk: Disk;
  readonly #handle: FileHandle;
  #isDirty = true;
  #isNamed = false;

  private constructor(folder: string, disk: Disk, file: { handle: FileHandle; part: RecordedPart }) {
    this.#folder = folder;
    this.#disk = disk;
    this.#handle = file.handle;
    this.part = file.part;
  }

  /** Never over a file that is there. */
  static async create(
    folder: string,
    disk: Disk,
    { n, startMs, epochMs }: Omit<PartHead, 'init'> & { n: number },
  ): Promise<PartFile> {
    const handle = await disk.io.run(() => open(join(folder, openPartName(n)), 'wx'));
    const part = { n, file: partName(n), startMs, epochMs, durationMs: 0, sizeBytes: 0 };
    return new PartFile(folder, disk, { handle, part });
  }

  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** All of it behind what is whole, or none. `endMs`: how long the part is then. */
  async append(bytes: readonly Uint8Array[], endMs: number): Promise<void> {
    const { part } = this;
    try {
      part.sizeBytes += await this.#disk.io.run(() => writeAll(this.#handle, bytes, part.sizeBytes));
    } catch (error) {
      await this.#disk.io.run(() => this.#handle.truncate(part.sizeBytes));
      throw error;
    }
    part.durationMs = Math.max(part.durationMs, Math.round(endMs));
    this.#isDirty = true;
  }

  /** Not even a loss of power takes away what was written before. */
  async sync(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    await this.#disk.sync.run(async () => {
      await this.#handle.datasync();
      if (!this.#isNamed) await syncFolder(this.#folder);
      this.#isNamed = true;
    });
  }

  async close(): Promise<void> {
    await this.sync();
    const { n, file } = this.part;
    await this.#disk.sync.run(async () => {
      await this.#handle.close();
      await rename(join(this.#folder, openPartName(n)), join(this.#folder, file));
      await syncFolder(this.#folder);
    });
  }

  /** Gives up: what is there is found by recovery. */
  async abandon(): Promise<void> {
    await this.#handle.close();
  }
}

/** The bytes written: all. One call may write less than it is given. */
async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], position: number): Promise<number> {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev([...rest], at);
    at += bytesWritten;
    rest = without(rest, bytesWritten);
  }
  return at - position;
}

function without(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const buffer of buffers) {
    if (skip < buffer.length) rest.push(buffer.subarray(skip));
    skip = Math.max(skip - buffer.length, 0);
  }
  return rest;
}

import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Disk } from './disk-lane.ts';
import { encodeIndexLine, INDEX_NAME, type IndexLine } from './index-file.ts';

/** The index of a recording as its writer has it: lines are few and small. */
export class RecordingIndex {
  readonly #disk: Disk;
  readonly #handle: FileHandle;
  #isDirty = false;

  private constructor(disk: Disk, handle: FileHandle) {
    this.#disk = disk;
    this.#handle = handle;
  }

  static async open(folder: string, disk: Disk): Promise<RecordingIndex> {
    const handle = await disk.io.run(() => open(join(folder, INDEX_NAME), 'a'));
    return new RecordingIndex(disk, handle);
  }

  /** A line of its own also behind one that a crash cut off. */
  async note(line: IndexLine): Promise<void> {
    const isFirst = line.type === 'recording';
    await this.#disk.io.run(() => this.#handle.appendFile(`${isFirst ? '\n' : ''}${encodeIndexLine(line)}`));
    this.#isDirty = true;
  }

  /** Not even a loss of power takes away what was noted before. */
  async sync(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    await this.#disk.sync.run(() => this.#handle.datasync());
  }

  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      await this.#handle.close();
    }
  }
}

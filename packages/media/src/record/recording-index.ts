import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskLanes } from './disk-lanes.ts';
import { encodeIndexLine, INDEX_NAME, type IndexLine } from './index-file.ts';

/** The index of a recording as its writer has it: lines are few and small, and each is made safe at once. */
export class RecordingIndex {
  readonly #lanes: DiskLanes;
  readonly #handle: FileHandle;

  private constructor(lanes: DiskLanes, handle: FileHandle) {
    this.#lanes = lanes;
    this.#handle = handle;
  }

  static async open(folder: string, lanes: DiskLanes): Promise<RecordingIndex> {
    const handle = await lanes.run(() => open(join(folder, INDEX_NAME), 'a'));
    return new RecordingIndex(lanes, handle);
  }

  /** A line of its own also behind one that a crash cut off. */
  async note(line: IndexLine): Promise<void> {
    const isFirst = line.type === 'recording';
    await this.#lanes.run(async () => {
      await this.#handle.appendFile(`${isFirst ? '\n' : ''}${encodeIndexLine(line)}`);
      await this.#handle.datasync();
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

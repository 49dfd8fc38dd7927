import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir, rm, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Says which folder this is, whatever path and whichever node it is reached by. */
const IDENTITY_FILE = '.kaibo-recordings';
const IDENTITY = /^[0-9a-f-]{36}$/;
/** As recordings are named; nothing else in the folder is ours. */
const RECORDING = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const POSTER_FILE = 'poster.jpg';

/** Where recordings are written. Nodes that share a disk share its identity, and so what is done about its files. */
export class RecordingFolder {
  readonly path: string;
  readonly #identity: string;

  private constructor(path: string, identity: string) {
    this.path = path;
    this.#identity = identity;
  }

  /** Makes it where it is not there. Throws what the file system says. */
  static open(path: string): RecordingFolder {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return new RecordingFolder(path, readIdentity(join(path, IDENTITY_FILE)));
  }

  get id(): string {
    return this.#identity;
  }

  /** Of one recording. */
  pathOf(recordingId: string, ...file: string[]): string {
    return join(this.path, recordingId, ...file);
  }

  async space(): Promise<{ freeBytes: number; totalBytes: number }> {
    const { bavail, blocks, bsize } = await statfs(this.path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }

  /** The recordings that have a folder here. */
  async recordings(): Promise<string[]> {
    const entries = await readdir(this.path, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && RECORDING.test(entry.name)).map(({ name }) => name);
  }

  /** With everything in it; nothing when it is not there. */
  async remove(recordingId: string): Promise<void> {
    await rm(this.pathOf(recordingId), { recursive: true, force: true });
  }

  async removeFile(recordingId: string, file: string): Promise<void> {
    try {
      await unlink(this.pathOf(recordingId, file));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function readIdentity(file: string): string {
  try {
    // Never overwritten: of two nodes that come at once, the second reads what the first wrote.
    writeFileSync(file, randomUUID(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!IDENTITY.test(text)) throw new Error(`${file} does not say which folder this is`);
  return text;
}

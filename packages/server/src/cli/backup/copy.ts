import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const PIECE_BYTES = 1024 ** 2;

export interface Copied {
  sum: string;
  sizeBytes: number;
}

/** Copies one file for its owner's eyes only, to the disk; undefined when it is not there any more. */
export async function copyFile(from: string, to: string): Promise<Copied | undefined> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const source = await openIfThere(from);
  if (source === undefined) return undefined;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const target = await open(to, 'wx', 0o600);
  try {
    for await (const chunk of source.createReadStream({ highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      await target.writeFile(chunk);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  return { sum: hash.digest('hex'), sizeBytes };
}

/** Every file below `folder`, as paths with `/`. What disappears meanwhile is left out, as are links to folders. */
export async function* filesBelow(folder: string, takes: (path: string) => boolean, path = ''): AsyncGenerator<string> {
  for (const entry of await entriesOf(join(folder, path))) {
    const below = path === '' ? entry.name : `${path}/${entry.name}`;
    if (!takes(below)) continue;
    if (entry.isDirectory()) yield* filesBelow(folder, takes, below);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(folder, below))))) yield below;
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

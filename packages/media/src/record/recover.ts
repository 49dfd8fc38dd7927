import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedPart } from './contract.ts';
import { type PartStarts, readPartStarts } from './index-file.ts';
import { parsePartName, partName } from './part-name.ts';
import { type ScannedPart, scanPart } from './scan.ts';
import { syncFolder } from './sync-folder.ts';

/** What there is of a recording, in order. */
export interface RecoveredRecording {
  parts: RecordedPart[];
}

/**
 * What the folder of a recording that nobody writes holds, also after a crash: a file that broke off is cut to what is
 * whole of it and gets its name, one in which nothing is whole is deleted. The files alone say all; without the index
 * `startMs` is told by the clock. A folder that is not there holds nothing.
 * @throws what the file system throws
 */
export async function recoverRecording(folder: string): Promise<RecoveredRecording> {
  const names = await filesOf(folder);
  const starts = names.length > 0 ? await readPartStarts(folder) : new Map<number, never>();
  const parts: RecordedPart[] = [];
  for (const { name, n, isOpen } of names) {
    if (isOpen && names.some((other) => other.n === n && !other.isOpen)) continue;
    const part = await recoverPart(join(folder, name), { n, isOpen });
    if (part !== undefined) parts.push(timed(part, starts, parts));
  }
  if (names.some(({ isOpen }) => isOpen)) await syncFolder(folder);
  return { parts };
}

async function filesOf(folder: string): Promise<{ name: string; n: number; isOpen: boolean }[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .flatMap((entry) => {
        const part = entry.isFile() ? parsePartName(entry.name) : undefined;
        return part === undefined ? [] : [{ name: entry.name, ...part }];
      })
      .toSorted((a, b) => a.n - b.n);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

interface WholePart {
  n: number;
  durationMs: number;
  sizeBytes: number;
  /** Of its first frame, by its own clock, or by when it was last written. */
  epochMs: number;
}

async function recoverPart(
  path: string,
  { n, isOpen }: { n: number; isOpen: boolean },
): Promise<WholePart | undefined> {
  const file = await open(path, isOpen ? 'r+' : 'r');
  try {
    const scanned = await scanPart(file);
    if (scanned === undefined || scanned.fragments.length === 0) {
      if (isOpen) await unlink(path);
      return undefined;
    }
    const durationMs = durationOf(scanned);
    const { mtimeMs } = await file.stat();
    if (isOpen) await close(file, path, { n, wholeBytes: scanned.wholeBytes });
    const epochMs = scanned.epochMs ?? Math.round(mtimeMs - durationMs);
    return { n, durationMs, sizeBytes: scanned.wholeBytes, epochMs };
  } finally {
    await file.close();
  }
}

async function close(file: FileHandle, path: string, { n, wholeBytes }: { n: number; wholeBytes: number }) {
  const { size } = await file.stat();
  if (size > wholeBytes) await file.truncate(wholeBytes);
  await file.datasync();
  await rename(path, join(path, '..', partName(n)));
}

/** Whole milliseconds: those of video are exact. */
function durationOf({ fragments }: ScannedPart): number {
  let endMs = 0;
  for (const { times } of fragments) endMs = Math.max(endMs, times?.endMs ?? 0);
  return Math.round(endMs);
}

function timed(part: WholePart, starts: PartStarts, before: readonly RecordedPart[]): RecordedPart {
  const { n, durationMs, sizeBytes, epochMs } = part;
  const known = starts.get(n);
  const [first] = before;
  const startMs = known?.startMs ?? (first ? first.startMs + epochMs - first.epochMs : 0);
  return { n, file: partName(n), startMs, epochMs: known?.epochMs ?? epochMs, durationMs, sizeBytes };
}

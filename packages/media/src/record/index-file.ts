import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const INDEX_NAME = 'index.jsonl';
/** A recording of a year with a file a minute has fewer; what is larger is none of ours. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

/** Lines of a recording's index, one JSON object each, only ever appended. Times: stream time in ms, or ms since the epoch. */
export type IndexLine =
  /** Written anew by whoever goes on with it. */
  | { type: 'recording'; version: 1; id: string; app: string; stream: string; atMs: number }
  | { type: 'part'; n: number; file: string; startMs: number; epochMs: number }
  | { type: 'closed'; n: number; durationMs: number; sizeBytes: number }
  /** Before a part: what is missing between it and the one before, in stream time and by the clock. */
  | { type: 'gap'; reason: 'slow_disk' | 'interrupted'; mediaMs: number; wallMs: number }
  | { type: 'ended'; reason: string; atMs: number };

export function encodeIndexLine(line: IndexLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** When each part of a recording began, as far as its index tells. */
export type PartStarts = ReadonlyMap<number, { startMs: number; epochMs: number }>;

/** None for an index that is not there. Lines that broke off, or are none of ours, are passed over. */
export async function readPartStarts(folder: string): Promise<PartStarts> {
  const starts = new Map<number, { startMs: number; epochMs: number }>();
  for (const line of (await readIndex(folder)).split('\n')) {
    const part = parseLine(line);
    if (part?.type === 'part') starts.set(part.n, { startMs: part.startMs, epochMs: part.epochMs });
  }
  return starts;
}

async function readIndex(folder: string): Promise<string> {
  try {
    const bytes = await readFile(join(folder, INDEX_NAME));
    return bytes.length > MAX_INDEX_BYTES ? '' : bytes.toString('utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function parseLine(line: string): Extract<IndexLine, { type: 'part' }> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { type, n, file, startMs, epochMs } = value as Partial<Extract<IndexLine, { type: 'part' }>>;
    const isWhole = type === 'part' && typeof file === 'string' && [n, startMs, epochMs].every(Number.isFinite);
    return isWhole ? (value as Extract<IndexLine, { type: 'part' }>) : undefined;
  } catch {
    return undefined; // the line that a crash cut off
  }
}

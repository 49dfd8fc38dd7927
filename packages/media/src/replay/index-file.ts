import { open } from 'node:fs/promises';
import { FormatError } from '@kaibo/formats';
import { type ScannedFragment, scanPart } from '../record/scan.ts';

/** A segment is cut at the first key frame after this much. */
const SEGMENT_MS = 4000;

/** Where a file can be cut into segments: one after the other, from the end of its head to the end of its last fragment. */
export interface ReplayIndex {
  /** `ftyp` and `moov`. */
  headBytes: number;
  /** Each begins with a key frame, as far as there are any. */
  segments: { bytes: number; durationMs: number }[];
}

/**
 * Reads through a recorded file, as the recorder writes them, once. What is not whole at its end is left out.
 * @throws FormatError for any other file; what the file system says
 */
export async function indexRecordedFile(path: string): Promise<ReplayIndex> {
  const file = await open(path);
  try {
    const part = await scanPart(file);
    if (part === undefined) throw new FormatError('malformed', 'not a recorded MP4 file');
    return { headBytes: part.headBytes, segments: segmentsOf(part.fragments) };
  } finally {
    await file.close();
  }
}

/** Times are rounded where segments meet and not how long they are, so that nothing adds up. */
function segmentsOf(fragments: readonly ScannedFragment[]): ReplayIndex['segments'] {
  const segments: ReplayIndex['segments'] = [];
  let bytes = 0;
  let startMs = Math.round(fragments.find(({ times }) => times !== undefined)?.times?.startMs ?? 0);
  let endMs = startMs;
  const cut = (): void => {
    if (endMs > startMs) segments.push({ bytes, durationMs: endMs - startMs });
    bytes = 0;
    startMs = endMs;
  };
  for (const { times, isEntry, sizeBytes } of fragments) {
    if (isEntry && endMs - startMs >= SEGMENT_MS) cut();
    bytes += sizeBytes;
    if (times !== undefined) endMs = Math.max(endMs, Math.round(times.endMs));
  }
  cut();
  return segments;
}

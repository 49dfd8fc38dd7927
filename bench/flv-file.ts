import { readFileSync } from 'node:fs';

export interface SampleTag {
  type: number;
  timestampMs: number;
  body: Buffer;
  /** Metadata or a sequence header: sent once, not on every loop. */
  isHeader: boolean;
}

export interface Sample {
  tags: SampleTag[];
  durationMs: number;
}

const FRAME_MS = 33;

/** Reads a whole H.264 + AAC FLV file, which the bench itself made by ffmpeg. */
export function readFlvFile(path: string): Sample {
  const bytes = readFileSync(path);
  const tags: SampleTag[] = [];
  let durationMs = 0;
  for (let at = 13; at + 11 <= bytes.length;) {
    const type = bytes.readUInt8(at) & 31;
    const size = bytes.readUIntBE(at + 1, 3);
    const timestampMs = bytes.readUIntBE(at + 4, 3) + bytes.readUInt8(at + 7) * 2 ** 24;
    const body = bytes.subarray(at + 11, at + 11 + size);
    at += 11 + size + 4;
    const isEndOfSequence = type === 9 && body[1] === 2;
    if (isEndOfSequence || body.length < size) continue;
    const isHeader = type === 18 || body[1] === 0;
    tags.push({ type, timestampMs, body, isHeader });
    if (type === 9 && !isHeader) durationMs = Math.max(durationMs, timestampMs + FRAME_MS);
  }
  return { tags, durationMs };
}

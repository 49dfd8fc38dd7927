import type { FileHandle } from 'node:fs/promises';
import { FormatError, parseInit, parseMoof, readBox, type Mp4Box } from '@kaibo/formats';
import { parseWallClock } from './wall-clock.ts';

/** Read at once: the clock and a `moof` of some hundred samples with them. */
const WINDOW_BYTES = 8192;
/** A `moof` of a second has some kilobytes. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

export interface ScannedFragment {
  /** Where it begins in the file, its clock included. */
  offset: number;
  sizeBytes: number;
  /** Of the leading track (the video where there is one), when it has samples here. */
  times?: { startMs: number; endMs: number };
  /** A player can begin here. */
  isEntry: boolean;
}

export interface ScannedPart {
  /** `ftyp` and `moov`. */
  headBytes: number;
  fragments: ScannedFragment[];
  /** Up to the end of the last whole fragment. */
  wholeBytes: number;
  /** Wall clock at media time 0, by the first fragment that says it. */
  epochMs?: number;
}

/**
 * Finds what is whole of a recorded file, by its boxes alone; samples are not read. Undefined when not even the head is.
 * @throws what reading the file throws
 */
export async function scanPart(file: FileHandle): Promise<ScannedPart | undefined> {
  const { size } = await file.stat();
  try {
    return await new Scanner(file, size).scan();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

class Scanner {
  readonly #file: FileHandle;
  readonly #size: number;
  #tracks: ReturnType<typeof parseInit> = [];
  #part: ScannedPart = { headBytes: 0, fragments: [], wholeBytes: 0 };

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  async scan(): Promise<ScannedPart | undefined> {
    if (!(await this.#readHead())) return undefined;
    let offset = this.#part.headBytes;
    let next: number | undefined;
    while ((next = await this.#readFragment(offset)) !== undefined) offset = next;
    this.#part.wholeBytes = offset;
    return this.#part;
  }

  /** @throws FormatError */
  async #readHead(): Promise<boolean> {
    const ftyp = await this.#box(0);
    const moov = ftyp && (await this.#box(ftyp.sizeBytes));
    if (ftyp?.type !== 'ftyp' || moov?.type !== 'moov') return false;
    this.#part.headBytes = ftyp.sizeBytes + moov.sizeBytes;
    this.#tracks = parseInit(await this.#read(0, this.#part.headBytes));
    return this.#tracks.length > 0;
  }

  /** Where the next one begins; undefined where the file ends, broke off, or holds something else. */
  async #readFragment(start: number): Promise<number | undefined> {
    try {
      let offset = start;
      let box = await this.#box(offset);
      if (box?.type === 'prft') {
        this.#meetClock(await this.#read(offset, box.sizeBytes));
        offset += box.sizeBytes;
        box = await this.#box(offset);
      }
      const mdat = box?.type === 'moof' ? await this.#box(offset + box.sizeBytes) : undefined;
      if (box === undefined || mdat?.type !== 'mdat') return undefined;
      const end = offset + box.sizeBytes + mdat.sizeBytes;
      this.#take(await this.#read(offset, box.sizeBytes), { offset: start, sizeBytes: end - start });
      return end;
    } catch (error) {
      if (error instanceof FormatError) return undefined;
      throw error;
    }
  }

  #take(moof: Uint8Array, place: { offset: number; sizeBytes: number }): void {
    const leading = this.#tracks.find(({ kind }) => kind === 'video') ?? this.#tracks[0];
    const run = parseMoof(moof).find(({ trackId, samples }) => trackId === leading?.trackId && samples > 0);
    const ms = (ticks: number): number => (ticks * 1000) / (leading?.timescale ?? 1000);
    this.#part.fragments.push({
      ...place,
      isEntry: run?.startsWithKey === true,
      ...(run && { times: { startMs: ms(run.baseDecodeTime), endMs: ms(run.baseDecodeTime + run.duration) } }),
    });
  }

  #meetClock(box: Uint8Array): void {
    if (this.#part.epochMs !== undefined) return;
    const { trackId, epochMs, ticks } = parseWallClock(box);
    const timescale = this.#tracks.find((track) => track.trackId === trackId)?.timescale;
    if (timescale !== undefined) this.#part.epochMs = Math.round(epochMs - (ticks * 1000) / timescale);
  }

  /** A box that is whole in the file. @throws FormatError for a size that cannot be */
  async #box(offset: number): Promise<Mp4Box | undefined> {
    const box = readBox(await this.#read(offset, Math.min(16, Math.max(this.#size - offset, 0))), 0);
    return box !== undefined && offset + box.sizeBytes <= this.#size ? box : undefined;
  }

  #window: { offset: number; bytes: Uint8Array } = { offset: 0, bytes: new Uint8Array(0) };

  async #read(offset: number, count: number): Promise<Uint8Array> {
    if (count > MAX_HEADER_BYTES) throw new FormatError('too_large', `a header of ${count} bytes`);
    const inside = offset - this.#window.offset;
    if (inside < 0 || inside + count > this.#window.bytes.length) {
      const bytes = new Uint8Array(Math.max(count, WINDOW_BYTES));
      const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, offset);
      this.#window = { offset, bytes: bytes.subarray(0, bytesRead) };
      return bytes.subarray(0, Math.min(count, bytesRead));
    }
    return this.#window.bytes.subarray(inside, inside + count);
  }
}

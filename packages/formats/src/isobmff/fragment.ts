// sample_flags, ISO/IEC 14496-12, 8.8.3.1.
/** sample_depends_on 2: on no other; a sync sample. */
export const KEY_SAMPLE_FLAGS = 0x0200_0000;
/** sample_depends_on 1, sample_is_non_sync_sample. */
export const OTHER_SAMPLE_FLAGS = 0x0101_0000;
/** The bit that tells them apart. */
export const NON_SYNC_SAMPLE = 0x0001_0000;

// tf_flags, 8.8.7.1.
export const TFHD_BASE_DATA_OFFSET = 0x00_0001;
export const TFHD_SAMPLE_DESCRIPTION = 0x00_0002;
export const TFHD_DEFAULT_DURATION = 0x00_0008;
export const TFHD_DEFAULT_SIZE = 0x00_0010;
export const TFHD_DEFAULT_FLAGS = 0x00_0020;
const TFHD_DEFAULT_BASE_IS_MOOF = 0x02_0000;

// tr_flags, 8.8.8.1.
export const TRUN_DATA_OFFSET = 0x0001;
export const TRUN_FIRST_SAMPLE_FLAGS = 0x0004;
export const TRUN_DURATION = 0x0100;
export const TRUN_SIZE = 0x0200;
export const TRUN_FLAGS = 0x0400;
export const TRUN_COMPOSITION_OFFSET = 0x0800;

const BOX_HEADER_BYTES = 8;
const MFHD_BYTES = 16;
/** With default duration and flags. */
const TFHD_BYTES = 24;
const TFDT_BYTES = 20;
/** With data offset, before the samples. */
const TRUN_HEAD_BYTES = 20;

/** The track a kind of samples belongs to, the same in every movie made here. */
export function trackIdOf({ kind }: { kind: 'video' | 'audio' }): number {
  return kind === 'video' ? 1 : 2;
}

/** Samples of one track, one after another, as parallel lists. Times in ticks of the track's timescale. */
export interface SampleRun {
  kind: 'video' | 'audio';
  /** Decode time of the first sample. */
  startTicks: number;
  payloads: readonly Uint8Array[];
  durations: readonly number[];
  /** Presentation minus decode time, may be negative; left out when all are 0. */
  compositionOffsets?: readonly number[];
  /** Which samples are key frames; left out when all are. */
  keys?: readonly boolean[];
}

/**
 * `moof` and `mdat` in one allocation (ISO/IEC 14496-12, 8.8.4 to 8.8.12 and 8.1.1); the payloads are copied once.
 * One track run each, in the order given.
 */
export function encodeFragment(sequence: number, runs: readonly SampleRun[]): Uint8Array {
  const moofBytes = runs.reduce((sum, run) => sum + trafBytes(run), BOX_HEADER_BYTES + MFHD_BYTES);
  const mdatBytes = runs.reduce((sum, run) => sum + payloadBytes(run), BOX_HEADER_BYTES);
  const cursor = new FragmentCursor(moofBytes + mdatBytes);
  cursor.box(moofBytes, 'moof').box(MFHD_BYTES, 'mfhd').u32(0).u32(sequence);
  let dataOffset = moofBytes + BOX_HEADER_BYTES;
  for (const run of runs) {
    writeTraf(cursor, run, dataOffset);
    dataOffset += payloadBytes(run);
  }
  cursor.box(mdatBytes, 'mdat');
  for (const run of runs) for (const payload of run.payloads) cursor.copy(payload);
  return cursor.bytes;
}

function payloadBytes({ payloads }: SampleRun): number {
  let sum = 0;
  for (const payload of payloads) sum += payload.length;
  return sum;
}

function trunFlags(run: SampleRun): number {
  const [first] = run.durations;
  return (
    TRUN_DATA_OFFSET |
    TRUN_SIZE |
    (run.durations.some((duration) => duration !== first) ? TRUN_DURATION : 0) |
    (run.keys === undefined ? 0 : TRUN_FLAGS) |
    (run.compositionOffsets === undefined ? 0 : TRUN_COMPOSITION_OFFSET)
  );
}

function trunBytes(run: SampleRun): number {
  const flags = trunFlags(run);
  let fields = 0;
  for (const flag of [TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_COMPOSITION_OFFSET]) if (flags & flag) fields += 1;
  return TRUN_HEAD_BYTES + run.payloads.length * fields * 4;
}

function trafBytes(run: SampleRun): number {
  return BOX_HEADER_BYTES + TFHD_BYTES + TFDT_BYTES + trunBytes(run);
}

function writeTraf(cursor: FragmentCursor, run: SampleRun, dataOffset: number): void {
  const flags = trunFlags(run);
  cursor
    .box(trafBytes(run), 'traf')
    .box(TFHD_BYTES, 'tfhd')
    .u32(TFHD_DEFAULT_DURATION | TFHD_DEFAULT_FLAGS | TFHD_DEFAULT_BASE_IS_MOOF)
    .u32(trackIdOf(run))
    .u32(run.durations[0] ?? 0)
    .u32(run.kind === 'video' ? OTHER_SAMPLE_FLAGS : KEY_SAMPLE_FLAGS)
    .box(TFDT_BYTES, 'tfdt')
    .u32(0x0100_0000) // version 1: 64 bits
    .u64(run.startTicks)
    .box(trunBytes(run), 'trun')
    .u32(0x0100_0000 | flags) // version 1: composition offsets are signed
    .u32(run.payloads.length)
    .u32(dataOffset);
  for (const [index, payload] of run.payloads.entries()) {
    if (flags & TRUN_DURATION) cursor.u32(run.durations[index] ?? 0);
    cursor.u32(payload.length);
    if (run.keys !== undefined) cursor.u32(run.keys[index] === true ? KEY_SAMPLE_FLAGS : OTHER_SAMPLE_FLAGS);
    if (run.compositionOffsets !== undefined) cursor.u32(run.compositionOffsets[index] ?? 0);
  }
}

/** Writes front to back into bytes whose size is known. */
class FragmentCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(sizeBytes);
    this.bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  box(sizeBytes: number, type: string): this {
    this.u32(sizeBytes);
    for (let index = 0; index < 4; index += 1) this.#view.setUint8(this.#at + index, type.charCodeAt(index));
    this.#at += 4;
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
    return this;
  }

  u64(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32)).u32(value >>> 0);
  }

  copy(payload: Uint8Array): void {
    this.bytes.set(payload, this.#at);
    this.#at += payload.length;
  }
}

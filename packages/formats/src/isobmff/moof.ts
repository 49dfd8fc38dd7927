import { FormatError } from '../bytes/format-error.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import { boxOf, findBox, readBoxes, readFullBox, readU64 } from './box-reader.ts';
import type { WholeBox } from './box-reader.ts';
import {
  NON_SYNC_SAMPLE,
  TFHD_BASE_DATA_OFFSET,
  TFHD_DEFAULT_DURATION,
  TFHD_DEFAULT_FLAGS,
  TFHD_DEFAULT_SIZE,
  TFHD_SAMPLE_DESCRIPTION,
  TRUN_COMPOSITION_OFFSET,
  TRUN_DATA_OFFSET,
  TRUN_DURATION,
  TRUN_FIRST_SAMPLE_FLAGS,
  TRUN_FLAGS,
  TRUN_SIZE,
} from './fragment.ts';

/** A fragment can last for hours, but nobody cuts one of more samples than this. */
const MAX_SAMPLES = 1_000_000;
const FIELD_BYTES = 4;

/** What one track's part of a fragment says. Times in ticks of the track's timescale. */
export interface FragmentTimes {
  trackId: number;
  baseDecodeTime: number;
  /** Of all samples together. */
  duration: number;
  /** The first sample is a sync sample. */
  startsWithKey: boolean;
  samples: number;
}

interface SampleDefaults {
  trackId: number;
  duration: number;
  flags: number | undefined;
}

/**
 * A `moof` box, its header included, whatever is behind it (ISO/IEC 14496-12, 8.8.4). Durations and flags that are left to `trex` count as 0
 * and as no key frame: the fragments made here leave nothing to it.
 * @throws FormatError
 */
export function parseMoof(moof: Uint8Array): FragmentTimes[] {
  return readBoxes(findBox(moof, 'moof'))
    .filter(({ type }) => type === 'traf')
    .map(({ contents }) => trackTimes(readBoxes(contents)));
}

function trackTimes(traf: readonly WholeBox[]): FragmentTimes {
  const defaults = readTrackHeader(boxOf(traf, 'tfhd'));
  const times: FragmentTimes = {
    trackId: defaults.trackId,
    baseDecodeTime: readDecodeTime(boxOf(traf, 'tfdt')),
    duration: 0,
    startsWithKey: false,
    samples: 0,
  };
  for (const { type, contents } of traf) if (type === 'trun') addRun(times, contents, defaults);
  return times;
}

/** 8.8.7 */
function readTrackHeader(contents: Uint8Array): SampleDefaults {
  const { flags, reader } = readFullBox(contents);
  const trackId = reader.u32();
  if (flags & TFHD_BASE_DATA_OFFSET) reader.skip(8);
  if (flags & TFHD_SAMPLE_DESCRIPTION) reader.skip(FIELD_BYTES);
  const duration = flags & TFHD_DEFAULT_DURATION ? reader.u32() : 0;
  if (flags & TFHD_DEFAULT_SIZE) reader.skip(FIELD_BYTES);
  return { trackId, duration, flags: flags & TFHD_DEFAULT_FLAGS ? reader.u32() : undefined };
}

/** 8.8.12 */
function readDecodeTime(contents: Uint8Array): number {
  const { version, reader } = readFullBox(contents);
  return version === 0 ? reader.u32() : readU64(reader);
}

/** 8.8.8: adds one run to what is known of its track. */
function addRun(times: FragmentTimes, contents: Uint8Array, defaults: SampleDefaults): void {
  const { flags, reader } = readFullBox(contents);
  const count = reader.u32();
  if (times.samples + count > MAX_SAMPLES) throw new FormatError('too_large', `fragment of ${count} samples`);
  if (flags & TRUN_DATA_OFFSET) reader.skip(FIELD_BYTES);
  const firstFlags = flags & TRUN_FIRST_SAMPLE_FLAGS ? reader.u32() : undefined;
  for (let index = 0; index < count; index += 1) {
    const sample = readSample(reader, flags);
    times.duration += sample.duration ?? defaults.duration;
    if (times.samples === 0) times.startsWithKey = isKey(firstFlags ?? sample.flags ?? defaults.flags);
    times.samples += 1;
  }
}

function readSample(reader: ByteReader, flags: number): { duration?: number; flags?: number } {
  const duration = flags & TRUN_DURATION ? reader.u32() : undefined;
  if (flags & TRUN_SIZE) reader.skip(FIELD_BYTES);
  const sampleFlags = flags & TRUN_FLAGS ? reader.u32() : undefined;
  if (flags & TRUN_COMPOSITION_OFFSET) reader.skip(FIELD_BYTES);
  return { duration, flags: sampleFlags };
}

function isKey(flags: number | undefined): boolean {
  return flags !== undefined && (flags & NON_SYNC_SAMPLE) === 0;
}

import { ByteReader, ByteWriter, msOfNtp, ntpOfMs } from '@kaibo/formats';

export const WALL_CLOCK_BYTES = 32;
/** The clock and the media agree all through the file, at no particular point of the encoding. */
const CONSISTENT = 0x00_0008;
const VERSION_64_BIT = 1;

export interface WallClock {
  trackId: number;
  /** ms since the epoch. */
  epochMs: number;
  /** Media time in the track's timescale. */
  ticks: number;
}

/**
 * ProducerReferenceTimeBox (ISO/IEC 14496-12, 8.16.5): the wall clock at a media time. It stands before each `moof`, so
 * that a recording says when it was made even when its index is lost.
 */
export function encodeWallClock({ trackId, epochMs, ticks }: WallClock): Uint8Array {
  const { seconds, fraction } = ntpOfMs(epochMs);
  return new ByteWriter()
    .u32(WALL_CLOCK_BYTES)
    .bytes(Buffer.from('prft', 'latin1'))
    .u32(VERSION_64_BIT * 0x100_0000 + CONSISTENT)
    .u32(trackId) // reference_track_ID
    .u32(seconds) // ntp_timestamp
    .u32(fraction)
    .u32(Math.floor(ticks / 2 ** 32)) // media_time
    .u32(ticks % 2 ** 32)
    .finish();
}

/** Reads a whole box. @throws FormatError for one that is too short */
export function parseWallClock(box: Uint8Array): WallClock {
  const reader = new ByteReader(box);
  reader.skip(8); // size, type
  const isLong = reader.u8() === VERSION_64_BIT;
  reader.skip(3); // flags
  const trackId = reader.u32();
  const epochMs = Math.round(msOfNtp({ seconds: reader.u32(), fraction: reader.u32() }));
  const ticks = isLong ? reader.u32() * 2 ** 32 + reader.u32() : reader.u32();
  return { trackId, epochMs, ticks };
}

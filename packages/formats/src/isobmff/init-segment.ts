import { ByteWriter } from '../bytes/byte-writer.ts';
import { box, fullBox } from './box.ts';
import { KEY_SAMPLE_FLAGS, OTHER_SAMPLE_FLAGS, trackIdOf } from './fragment.ts';
import type { Mp4Track } from './track.ts';

/** Nothing of the movie is in `moov`, so this counts nothing. */
const MOVIE_TIMESCALE = 1000;
const RATE_1 = 0x0001_0000;
const FULL_VOLUME = 0x0100;
const UNITY_MATRIX = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000] as const;
/** Three letters of five bits, `und` (ISO/IEC 14496-12, 8.4.2.3). */
const LANGUAGE_UNDETERMINED = 0x55c4;
/** track_enabled, track_in_movie (8.3.2.3). */
const TRACK_FLAGS = 0x3;
/** "The media data is in the same file" (8.7.2.3). */
const SELF_CONTAINED = 0x1;
const NEXT_TRACK_ID = 3;
const PLAIN = { version: 0, flags: 0 } as const;
const NO_ENTRIES = Uint8Array.of(0, 0, 0, 0);

/**
 * `ftyp` and `moov` of a fragmented movie (ISO/IEC 14496-12, 8.8; an Initialization Segment of RFC 8216bis, 3.1.2):
 * tracks and their decoder configuration, no samples.
 */
export function encodeInitSegment({ video, audio }: { video?: Mp4Track; audio?: Mp4Track }): Uint8Array {
  const tracks = [video, audio].filter((track) => track !== undefined);
  const moov = box('moov', movieHeader(), ...tracks.map(trackBox), box('mvex', ...tracks.map(trackExtends)));
  // iso6 is what default-base-is-moof and 64-bit decode times need; mp41 says that AAC has an esds.
  const ftyp = box('ftyp', new ByteWriter().utf8('iso6').u32(1).utf8('iso6').utf8('isom').utf8('mp41').finish());
  return new ByteWriter(ftyp.length + moov.length).bytes(ftyp).bytes(moov).finish();
}

/** 8.2.2 */
function movieHeader(): Uint8Array {
  const writer = new ByteWriter()
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(MOVIE_TIMESCALE)
    .u32(0) // duration: that of the fragments
    .u32(RATE_1)
    .u16(FULL_VOLUME)
    .bytes(new Uint8Array(10)); // reserved
  writeMatrix(writer);
  writer
    .bytes(new Uint8Array(24)) // pre_defined
    .u32(NEXT_TRACK_ID);
  return fullBox('mvhd', PLAIN, writer.finish());
}

function trackBox(track: Mp4Track): Uint8Array {
  const header = track.kind === 'video' ? fullBox('vmhd', { version: 0, flags: 1 }, new Uint8Array(8)) : soundHeader();
  const url = fullBox('url ', { version: 0, flags: SELF_CONTAINED });
  const dataInformation = box('dinf', fullBox('dref', PLAIN, Uint8Array.of(0, 0, 0, 1), url));
  const media = box('minf', header, dataInformation, sampleTable(track));
  return box('trak', trackHeader(track), box('mdia', mediaHeader(track), handler(track), media));
}

/** 8.3.2 */
function trackHeader(track: Mp4Track): Uint8Array {
  const writer = new ByteWriter()
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(trackIdOf(track))
    .u32(0) // reserved
    .u32(0) // duration
    .bytes(new Uint8Array(8)) // reserved
    .u16(0) // layer
    .u16(0) // alternate_group
    .u16(track.kind === 'audio' ? FULL_VOLUME : 0)
    .u16(0); // reserved
  writeMatrix(writer);
  writer.u16(track.width ?? 0).u16(0); // 16.16
  writer.u16(track.height ?? 0).u16(0);
  return fullBox('tkhd', { version: 0, flags: TRACK_FLAGS }, writer.finish());
}

function writeMatrix(writer: ByteWriter): void {
  for (const value of UNITY_MATRIX) writer.u32(value);
}

/** 8.4.2 */
function mediaHeader({ timescale }: Mp4Track): Uint8Array {
  const writer = new ByteWriter()
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(timescale)
    .u32(0) // duration
    .u16(LANGUAGE_UNDETERMINED)
    .u16(0); // pre_defined
  return fullBox('mdhd', PLAIN, writer.finish());
}

/** 8.4.3 */
function handler({ kind }: Mp4Track): Uint8Array {
  const writer = new ByteWriter()
    .u32(0) // pre_defined
    .utf8(kind === 'video' ? 'vide' : 'soun')
    .bytes(new Uint8Array(12)) // reserved
    .utf8(kind === 'video' ? 'VideoHandler' : 'SoundHandler')
    .u8(0);
  return fullBox('hdlr', PLAIN, writer.finish());
}

/** 12.2.2 */
function soundHeader(): Uint8Array {
  return fullBox('smhd', PLAIN, new Uint8Array(4)); // balance, reserved
}

/** 8.5: all samples are in fragments. */
function sampleTable({ sampleEntry }: Mp4Track): Uint8Array {
  return box(
    'stbl',
    fullBox('stsd', PLAIN, Uint8Array.of(0, 0, 0, 1), sampleEntry),
    fullBox('stts', PLAIN, NO_ENTRIES),
    fullBox('stsc', PLAIN, NO_ENTRIES),
    fullBox('stsz', PLAIN, NO_ENTRIES, NO_ENTRIES),
    fullBox('stco', PLAIN, NO_ENTRIES),
  );
}

/** 8.8.3 */
function trackExtends(track: Mp4Track): Uint8Array {
  const writer = new ByteWriter()
    .u32(trackIdOf(track))
    .u32(1) // default_sample_description_index
    .u32(track.frameSamples ?? 0) // default_sample_duration
    .u32(0) // default_sample_size
    .u32(track.kind === 'video' ? OTHER_SAMPLE_FLAGS : KEY_SAMPLE_FLAGS);
  return fullBox('trex', PLAIN, writer.finish());
}

import { ByteReader } from '../bytes/byte-reader.ts';
import { FormatError } from '../bytes/format-error.ts';
import { parseAudioSpecificConfig } from '../codecs/aac/audio-specific-config.ts';
import { parseAv1Config } from '../codecs/av1/config.ts';
import { parseAvcConfig } from '../codecs/h264/config.ts';
import { parseHevcConfig } from '../codecs/h265/config.ts';
import { parseVpConfig } from '../codecs/vpx/config.ts';
import { boxOf, findBox, readBoxes, readFullBox } from './box-reader.ts';
import type { WholeBox } from './box-reader.ts';
import { aacCodecString, av1CodecString, avcCodecString, hevcCodecString, vpCodecString } from './codec-string.ts';
import { OBJECT_TYPE_AAC, readDecoderConfig } from './descriptor.ts';
import { AUDIO_ENTRY_BYTES, VISUAL_ENTRY_BYTES } from './sample-entry.ts';

/** A track as an initialization segment tells of it. */
export interface InitTrack {
  trackId: number;
  kind: 'video' | 'audio';
  /** Ticks a second. */
  timescale: number;
  /** RFC 6381; absent for codecs that are not written here. */
  codecString?: string;
  /** Pixels, of video. */
  width?: number;
  height?: number;
}

/**
 * The tracks of an initialization segment, or of a file's beginning that holds its `moov` (ISO/IEC 14496-12, 8.2.1). Tracks that are neither video nor audio are left out.
 * @throws FormatError also when there is no `moov`
 */
export function parseInit(init: Uint8Array): InitTrack[] {
  return readBoxes(findBox(init, 'moov'))
    .filter(({ type }) => type === 'trak')
    .map(({ contents }) => readTrack(readBoxes(contents)))
    .filter((track) => track !== undefined);
}

function readTrack(trak: readonly WholeBox[]): InitTrack | undefined {
  const mdia = readBoxes(boxOf(trak, 'mdia'));
  const kind = HANDLERS.get(readHandler(boxOf(mdia, 'hdlr')));
  if (kind === undefined) return undefined;
  const { trackId, ...size } = readTrackHeader(boxOf(trak, 'tkhd'));
  const timescale = readTimescale(boxOf(mdia, 'mdhd'));
  const stbl = readBoxes(boxOf(readBoxes(boxOf(mdia, 'minf')), 'stbl'));
  const codecString = readCodecString(boxOf(stbl, 'stsd'));
  return { trackId, kind, timescale, ...(codecString && { codecString }), ...(kind === 'video' && size) };
}

const HANDLERS: ReadonlyMap<string, 'video' | 'audio'> = new Map([
  ['vide', 'video'],
  ['soun', 'audio'],
]);

/** 8.4.3 */
function readHandler(contents: Uint8Array): string {
  const { reader } = readFullBox(contents);
  reader.skip(4); // pre_defined
  return reader.utf8(4);
}

/** 8.3.2 */
function readTrackHeader(contents: Uint8Array): { trackId: number; width: number; height: number } {
  const { version, reader } = readFullBox(contents);
  reader.skip(version === 0 ? 8 : 16); // creation_time, modification_time
  const trackId = reader.u32();
  reader.skip(version === 0 ? 8 : 12); // reserved, duration
  reader.skip(8 + 2 + 2 + 2 + 2 + 36); // reserved, layer, alternate_group, volume, reserved, matrix
  const width = reader.u32() >>> 16;
  return { trackId, width, height: reader.u32() >>> 16 };
}

/** 8.4.2 */
function readTimescale(contents: Uint8Array): number {
  const { version, reader } = readFullBox(contents);
  reader.skip(version === 0 ? 8 : 16); // creation_time, modification_time
  const timescale = reader.u32();
  if (timescale === 0) throw new FormatError('malformed', 'MP4 track with a timescale of 0');
  return timescale;
}

/** Of the first entry; 8.5.2. */
function readCodecString(contents: Uint8Array): string | undefined {
  const { reader } = readFullBox(contents);
  reader.skip(4); // entry_count
  const [entry] = readBoxes(reader.rest());
  const read = entry && ENTRIES.get(entry.type);
  if (read === undefined || entry === undefined) return undefined;
  const fields = new ByteReader(entry.contents);
  fields.skip(read.fieldBytes);
  return read.codecString(readBoxes(fields.rest()));
}

interface EntryReader {
  fieldBytes: number;
  codecString: (boxes: readonly WholeBox[]) => string | undefined;
}

const video = (codecString: EntryReader['codecString']): EntryReader => ({
  fieldBytes: VISUAL_ENTRY_BYTES,
  codecString,
});
const audio = (codecString: EntryReader['codecString']): EntryReader => ({
  fieldBytes: AUDIO_ENTRY_BYTES,
  codecString,
});

const ENTRIES: ReadonlyMap<string, EntryReader> = new Map([
  ['avc1', video((boxes) => avcCodecString(parseAvcConfig(boxOf(boxes, 'avcC'))))],
  ['hvc1', video((boxes) => hevcCodecString(parseHevcConfig(boxOf(boxes, 'hvcC'))))],
  ['av01', video((boxes) => av1CodecString(parseAv1Config(boxOf(boxes, 'av1C'))))],
  ['vp08', video((boxes) => vpCodecString('vp08', parseVpConfig(boxOf(boxes, 'vpcC'))))],
  ['vp09', video((boxes) => vpCodecString('vp09', parseVpConfig(boxOf(boxes, 'vpcC'))))],
  ['mp4a', audio((boxes) => mpegAudioCodecString(boxOf(boxes, 'esds')))],
  ['Opus', audio(() => 'opus')],
  ['fLaC', audio(() => 'flac')],
]);

function mpegAudioCodecString(esds: Uint8Array): string {
  const { objectType, specificInfo } = readDecoderConfig(readFullBox(esds).reader.rest());
  if (objectType !== OBJECT_TYPE_AAC) return `mp4a.${objectType.toString(16).toUpperCase()}`;
  if (specificInfo === undefined) throw new FormatError('malformed', 'AAC without its configuration');
  return aacCodecString(parseAudioSpecificConfig(specificInfo));
}

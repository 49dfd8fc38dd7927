import { attributeList, dateTime, integer, quoted, seconds, uriLine } from './attributes.ts';

/** A Partial Segment, RFC 8216bis 4.4.4.9. */
export interface HlsPart {
  uri: string;
  durationS: number;
  /** Begins with a key frame. */
  independent: boolean;
}

/** A part of a resource. */
export interface HlsByteRange {
  bytes: number;
  offset: number;
}

/** A Media Initialization Section, 4.4.4.5. */
export interface HlsMap {
  uri: string;
  byteRange?: HlsByteRange;
}

/** What stands before the first line of a segment, or before its first part. */
export interface HlsSegmentHead {
  /** Wall clock of its first frame, ms since the epoch. */
  programDateTimeMs?: number;
  discontinuity?: boolean;
  /** Written when it differs from the one before. */
  map?: HlsMap;
}

export interface HlsSegment extends HlsSegmentHead {
  uri: string;
  durationS: number;
  byteRange?: HlsByteRange;
  /** There is nothing at its address (4.4.4.7). */
  gap?: boolean;
  parts?: readonly HlsPart[];
}

export interface MediaPlaylist {
  /** Rounded up to a whole number of seconds. */
  targetDurationS: number;
  /** Of the first segment; with `skippedSegments`, of the first skipped one. */
  mediaSequence: number;
  discontinuitySequence?: number;
  type?: 'VOD' | 'EVENT';
  independentSegments?: boolean;
  partTargetS?: number;
  serverControl?: { canBlockReload?: boolean; holdBackS?: number; partHoldBackS?: number; canSkipUntilS?: number };
  segments: readonly HlsSegment[];
  /** Makes it a delta update: that many segments before `segments` are as the client has them (4.4.5.2). */
  skippedSegments?: number;
  /** Of the segment in the making. */
  openParts?: readonly HlsPart[];
  openHead?: HlsSegmentHead;
  /** The part that comes next. */
  preloadHint?: { uri: string };
  renditionReports?: readonly { uri: string; lastMsn: number; lastPart?: number }[];
  endList?: boolean;
}

// Protocol versions that tags need (RFC 8216bis, 8).
const VERSION_DECIMAL_DURATIONS = 3;
const VERSION_BYTE_RANGE = 4;
const VERSION_MAP = 6;
const VERSION_SKIP = 9;

/**
 * A media playlist, RFC 8216bis. EXT-X-VERSION is what its tags need.
 * @throws FormatError `malformed` for an address with a quote or a line end, and for numbers that are none
 */
export function encodeMediaPlaylist(playlist: MediaPlaylist): string {
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${versionOf(playlist)}`];
  pushHead(lines, playlist);
  let map: HlsMap | undefined;
  for (const segment of playlist.segments) {
    map = pushSegmentHead(lines, segment, map);
    pushSegment(lines, segment);
  }
  if (playlist.openHead !== undefined) pushSegmentHead(lines, playlist.openHead, map);
  for (const part of playlist.openParts ?? []) lines.push(partLine(part));
  pushEnd(lines, playlist);
  return `${lines.join('\n')}\n`;
}

function versionOf({ segments, openHead, skippedSegments }: MediaPlaylist): number {
  if (skippedSegments !== undefined && skippedSegments > 0) return VERSION_SKIP;
  if (openHead?.map !== undefined || segments.some(({ map }) => map !== undefined)) return VERSION_MAP;
  return segments.some(({ byteRange }) => byteRange !== undefined) ? VERSION_BYTE_RANGE : VERSION_DECIMAL_DURATIONS;
}

/** 4.4.3, and EXT-X-SKIP. */
function pushHead(lines: string[], playlist: MediaPlaylist): void {
  const { serverControl, partTargetS, discontinuitySequence = 0, type, skippedSegments = 0 } = playlist;
  lines.push(`#EXT-X-TARGETDURATION:${integer(Math.max(1, Math.ceil(playlist.targetDurationS)))}`);
  if (serverControl !== undefined) pushServerControl(lines, serverControl);
  if (partTargetS !== undefined) lines.push(`#EXT-X-PART-INF:PART-TARGET=${seconds(partTargetS)}`);
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${integer(playlist.mediaSequence)}`);
  if (discontinuitySequence > 0) lines.push(`#EXT-X-DISCONTINUITY-SEQUENCE:${integer(discontinuitySequence)}`);
  if (type !== undefined) lines.push(`#EXT-X-PLAYLIST-TYPE:${type}`);
  if (playlist.independentSegments === true) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  if (skippedSegments > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${integer(skippedSegments)}`);
}

/** 4.4.3.8 */
function pushServerControl(lines: string[], control: NonNullable<MediaPlaylist['serverControl']>): void {
  const { canBlockReload, holdBackS, partHoldBackS, canSkipUntilS } = control;
  const attributes = attributeList({
    'CAN-BLOCK-RELOAD': canBlockReload === true ? 'YES' : undefined,
    'CAN-SKIP-UNTIL': optionalSeconds(canSkipUntilS),
    'HOLD-BACK': optionalSeconds(holdBackS),
    'PART-HOLD-BACK': optionalSeconds(partHoldBackS),
  });
  if (attributes !== '') lines.push(`#EXT-X-SERVER-CONTROL:${attributes}`);
}

function optionalSeconds(valueS: number | undefined): string | undefined {
  return valueS === undefined ? undefined : seconds(valueS);
}

/** Returns the map that is in force from here on. */
function pushSegmentHead(lines: string[], head: HlsSegmentHead, mapBefore: HlsMap | undefined): HlsMap | undefined {
  const { discontinuity, map, programDateTimeMs } = head;
  if (discontinuity === true) lines.push('#EXT-X-DISCONTINUITY');
  if (map !== undefined && !isSameMap(map, mapBefore)) lines.push(mapLine(map));
  if (programDateTimeMs !== undefined) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${dateTime(programDateTimeMs)}`);
  return map ?? mapBefore;
}

function isSameMap(map: HlsMap, other: HlsMap | undefined): boolean {
  return (
    map.uri === other?.uri &&
    map.byteRange?.bytes === other.byteRange?.bytes &&
    map.byteRange?.offset === other.byteRange?.offset
  );
}

function mapLine({ uri, byteRange }: HlsMap): string {
  const range = byteRange && `"${rangeOf(byteRange)}"`;
  return `#EXT-X-MAP:${attributeList({ URI: quoted(uri), BYTERANGE: range })}`;
}

function rangeOf({ bytes, offset }: HlsByteRange): string {
  return `${integer(bytes)}@${integer(offset)}`;
}

function pushSegment(lines: string[], { uri, durationS, byteRange, gap, parts = [] }: HlsSegment): void {
  if (gap === true) lines.push('#EXT-X-GAP');
  for (const part of parts) lines.push(partLine(part));
  if (byteRange !== undefined) lines.push(`#EXT-X-BYTERANGE:${rangeOf(byteRange)}`);
  lines.push(`#EXTINF:${seconds(durationS)},`, uriLine(uri));
}

function partLine({ uri, durationS, independent }: HlsPart): string {
  const attributes = { DURATION: seconds(durationS), URI: quoted(uri), INDEPENDENT: independent ? 'YES' : undefined };
  return `#EXT-X-PART:${attributeList(attributes)}`;
}

/** What stands after the segments (4.4.5). */
function pushEnd(lines: string[], { preloadHint, renditionReports = [], endList }: MediaPlaylist): void {
  if (preloadHint !== undefined) {
    lines.push(`#EXT-X-PRELOAD-HINT:${attributeList({ TYPE: 'PART', URI: quoted(preloadHint.uri) })}`);
  }
  for (const { uri, lastMsn, lastPart } of renditionReports) {
    const last = lastPart === undefined ? undefined : integer(lastPart);
    const attributes = { URI: quoted(uri), 'LAST-MSN': integer(lastMsn), 'LAST-PART': last };
    lines.push(`#EXT-X-RENDITION-REPORT:${attributeList(attributes)}`);
  }
  if (endList === true) lines.push('#EXT-X-ENDLIST');
}

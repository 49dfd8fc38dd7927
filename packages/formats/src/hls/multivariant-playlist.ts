import { FormatError } from '../bytes/format-error.ts';
import { attributeList, integer, quoted, uriLine } from './attributes.ts';

const FRAME_RATE_DECIMALS = 3;

/** One rendition of the whole: a media playlist, and what it takes to play it (RFC 8216bis, 4.4.6.2). */
export interface HlsVariant {
  uri: string;
  /** Of the segment with the most. */
  bandwidthBps: number;
  averageBandwidthBps?: number;
  /** RFC 6381. */
  codecs?: string[];
  /** Pixels. */
  width?: number;
  height?: number;
  frameRate?: number;
  /** For people; NAME is no attribute of the RFC, but what hls.js shows. */
  name?: string;
}

/**
 * A multivariant playlist. It has no tags that need a version.
 * @throws FormatError `malformed` for texts with a quote or a line end, and for numbers that are none
 */
export function encodeMultivariantPlaylist(playlist: {
  variants: readonly HlsVariant[];
  independentSegments?: boolean;
}): string {
  const lines = ['#EXTM3U'];
  if (playlist.independentSegments === true) lines.push('#EXT-X-INDEPENDENT-SEGMENTS');
  for (const variant of playlist.variants) {
    lines.push(`#EXT-X-STREAM-INF:${variantAttributes(variant)}`, uriLine(variant.uri));
  }
  return `${lines.join('\n')}\n`;
}

function variantAttributes(variant: HlsVariant): string {
  const { averageBandwidthBps, codecs, width = 0, height = 0, frameRate, name } = variant;
  return attributeList({
    BANDWIDTH: bitrate(variant.bandwidthBps),
    'AVERAGE-BANDWIDTH': averageBandwidthBps === undefined ? undefined : bitrate(averageBandwidthBps),
    CODECS: codecs === undefined || codecs.length === 0 ? undefined : quoted(codecs.join(',')),
    RESOLUTION: width > 0 && height > 0 ? `${integer(width)}x${integer(height)}` : undefined,
    'FRAME-RATE': frameRate === undefined ? undefined : rate(frameRate),
    NAME: name === undefined ? undefined : quoted(name),
  });
}

function bitrate(valueBps: number): string {
  return integer(Math.ceil(valueBps));
}

function rate(value: number): string {
  if (!(value > 0 && value < Number.MAX_SAFE_INTEGER)) throw new FormatError('malformed', `frame rate ${value}`);
  return value.toFixed(FRAME_RATE_DECIMALS);
}

import { encodeMultivariantPlaylist, type HlsVariant } from '@kaibo/formats';
import type { Rendition } from '../transcode/ladder/profile.ts';
import type { HlsWindow, WindowSegment } from './window.ts';

/** Renditions' sound is AAC-LC, made or passed on. */
const AAC = 'mp4a.40.2';
/** Before anything is measured: a number that no player takes for a reason to look elsewhere. */
const UNKNOWN_BPS = 1_000_000;

/** What a window's stream is, as a variant: measured, not announced. */
export function variantOf(window: HlsWindow, uri: string): HlsVariant {
  const { tracks } = window;
  const picture = tracks.find(({ kind }) => kind === 'video');
  return {
    uri,
    ...bandwidthOf(window),
    codecs: tracks.map(({ codecString }) => codecString),
    width: picture?.width,
    height: picture?.height,
    frameRate: picture && frameRateOf(window),
  };
}

/** What a rendition will be, before it is made: no player need ask for it to know. */
export function renditionVariantOf(
  window: HlsWindow,
  { name, bitrateBps, ...rendition }: Rendition,
  uri: string,
): HlsVariant {
  const sound = window.tracks.some(({ kind }) => kind === 'audio');
  return {
    uri,
    name,
    bandwidthBps: bitrateBps,
    codecs: [rendition.videoCodec, sound ? AAC : undefined].filter((codec) => codec !== undefined),
    width: rendition.width,
    height: rendition.height,
    frameRate: rendition.fps,
  };
}

export function multivariantOf(
  variants: readonly HlsVariant[],
  { independentSegments }: { independentSegments: boolean },
): Buffer {
  return Buffer.from(encodeMultivariantPlaylist({ variants, independentSegments }));
}

/** The peak of any segment, and the mean over all. */
function bandwidthOf({ segments }: HlsWindow): { bandwidthBps: number; averageBandwidthBps?: number } {
  const whole = segments.filter(({ closed, durationMs }) => closed && durationMs > 0);
  const measured = whole.length > 0 ? whole : segments.filter(({ durationMs }) => durationMs > 0);
  if (measured.length === 0) return { bandwidthBps: UNKNOWN_BPS };
  const sizeBytes = measured.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  const durationMs = measured.reduce((sum, segment) => sum + segment.durationMs, 0);
  return {
    bandwidthBps: Math.max(...measured.map((segment) => bpsOf(segment))),
    averageBandwidthBps: bpsOf({ sizeBytes, durationMs }),
  };
}

function bpsOf({ sizeBytes, durationMs }: Pick<WindowSegment, 'sizeBytes' | 'durationMs'>): number {
  return Math.max(1, Math.ceil((sizeBytes * 8000) / durationMs));
}

/** To a thousandth; undefined before a part is complete. */
function frameRateOf({ segments }: HlsWindow): number | undefined {
  let frames = 0;
  let durationMs = 0;
  for (const { parts } of segments)
    for (const part of parts) {
      frames += part.frames;
      durationMs += part.durationMs;
    }
  return durationMs > 0 && frames > 0 ? Math.round((frames * 1_000_000) / durationMs) / 1000 : undefined;
}

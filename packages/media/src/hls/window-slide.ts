import type { HlsOptions } from '../options.ts';
import type { HlsWindow, WindowChange, WindowPart } from './window.ts';

/** RFC 8216bis, 6.2.2: a live playlist is not shorter than three target durations. */
const MIN_TARGETS = 3;
/** Of what memory bounds leave in any case. */
const MIN_SEGMENTS = 2;

/**
 * Which segments leave the playlist, and which leave memory, as the open segment closes (with `adding` as its last part).
 * Who has an older playlist finds what it names for as long as three segments more (RFC 8216bis, 6.2.2, in a small way).
 */
export function slideOf(
  window: HlsWindow,
  { options, adding, isCrowded }: { options: HlsOptions; adding: WindowPart | undefined; isCrowded: boolean },
): WindowChange[] {
  const { segments, listedMsn } = window;
  const [first] = segments;
  if (!first || listedMsn === undefined) return [];
  const targetMs = window.targetDurationS * 1000;
  const listedMs = Math.max(options.windowMs, MIN_TARGETS * targetMs);
  const keptMs = listedMs + MIN_TARGETS * targetMs;
  let lengthMs = adding?.durationMs ?? 0;
  let sizeBytes = adding?.bytes.length ?? 0;
  let slide = { listedMsn: segments.at(-1)?.msn ?? first.msn, keptMsn: segments.at(-1)?.msn ?? first.msn };
  for (const [index, segment] of segments.toReversed().entries()) {
    lengthMs += segment.durationMs;
    sizeBytes += segment.sizeBytes;
    if (index >= MIN_SEGMENTS && (sizeBytes > options.maxBytes || lengthMs > keptMs)) break;
    slide = { ...slide, keptMsn: segment.msn };
    if (lengthMs <= listedMs || index < MIN_SEGMENTS) slide.listedMsn = segment.msn;
  }
  if (isCrowded) slide = crowded(slide, segments.at(-1)?.msn ?? 0);
  // A playlist never gets back what it has lost.
  slide.listedMsn = Math.max(slide.listedMsn, listedMsn);
  slide.keptMsn = Math.max(slide.keptMsn, first.msn);
  if (slide.listedMsn === listedMsn && slide.keptMsn === first.msn) return [];
  return [{ type: 'slide', ...slide }];
}

/** Two segments go where one comes, down to what players need to go on. */
function crowded({ listedMsn }: { listedMsn: number }, lastMsn: number): { listedMsn: number; keptMsn: number } {
  const shorter = Math.max(listedMsn, Math.min(listedMsn + 1, lastMsn - MIN_TARGETS));
  return { listedMsn: shorter, keptMsn: shorter };
}

import { encodeMediaPlaylist, type HlsPart, type HlsSegment, type MediaPlaylist } from '@kaibo/formats';
import type { HlsWindow, WindowPart, WindowSegment } from './window.ts';

/** RFC 8216bis, 4.4.3.8: HOLD-BACK of parts is at least twice PART-TARGET, and should be three times. */
const PART_HOLD_BACKS = 3;
/** CAN-SKIP-UNTIL is at least six target durations. */
const SKIP_TARGETS = 6;
/** Parts of segments older than this many target durations are of no use to anybody (4.4.4.9). */
const PART_TARGETS = 3;
const CLOSED_WITH_PARTS = 2;
/** Stands in shared text where a private stream's addresses have the viewer's session. */
const SESSION_MARK = '{session}';

/** One rendering of a playlist, shared by everybody who asks. */
export interface RenderedPlaylist {
  /** For streams that everybody may see. */
  bytes: Buffer;
  etag: string;
  /** Where every address needs the session: bytes for that one. */
  forSession(token: string): Buffer;
}

export interface RenditionReport {
  uri: string;
  lastMsn: number;
  lastPart?: number;
}

/**
 * The media playlist of a window, in full and as a delta update: rendered once per change, whoever and however many ask.
 * `restricted`: addresses carry the session.
 */
export class PlaylistShelf {
  readonly #window: HlsWindow;
  readonly #reports: () => readonly RenditionReport[];
  #version = -1;
  #restricted = false;
  #full: RenderedPlaylist | undefined;
  #delta: RenderedPlaylist | undefined;
  #ts: RenderedPlaylist | undefined;

  constructor(window: HlsWindow, reports: () => readonly RenditionReport[]) {
    this.#window = window;
    this.#reports = reports;
  }

  get({ skip, restricted, ts = false }: { skip: boolean; restricted: boolean; ts?: boolean }): RenderedPlaylist {
    const { version } = this.#window;
    if (this.#version !== version || this.#restricted !== restricted) {
      this.#version = version;
      this.#restricted = restricted;
      this.#full = undefined;
      this.#delta = undefined;
      this.#ts = undefined;
    }
    if (ts) return (this.#ts ??= this.#render({ skip: false, ts }));
    if (skip) return (this.#delta ??= this.#render({ skip, ts }));
    return (this.#full ??= this.#render({ skip, ts }));
  }

  #render({ skip, ts }: { skip: boolean; ts: boolean }): RenderedPlaylist {
    const window = this.#window;
    const suffix = this.#restricted ? `?session=${SESSION_MARK}` : '';
    const playlist = ts
      ? tsPlaylistOf(window, suffix)
      : mediaPlaylistOf(window, { skip, suffix, reports: this.#reports() });
    const text = encodeMediaPlaylist(playlist);
    const etag = `"${window.run}-${window.version}${ts ? 't' : skip ? 'd' : ''}"`;
    return {
      bytes: Buffer.from(text),
      etag,
      forSession: (token) => Buffer.from(text.replaceAll(SESSION_MARK, token)),
    };
  }
}

interface RenderOptions {
  skip: boolean;
  /** Of every address. */
  suffix: string;
  reports: readonly RenditionReport[];
}

/** A window as RFC 8216bis has it. */
export function mediaPlaylistOf(window: HlsWindow, { skip, suffix, reports }: RenderOptions): MediaPlaylist {
  const { run, targetDurationS, partTargetMs, state } = window;
  const listed = window.segments.filter(({ msn, closed }) => closed && msn >= (window.listedMsn ?? 0));
  const skipped = skip && state !== 'ended' ? skippable(window, listed) : 0;
  const addresses = new Addresses(run, suffix);
  const lowLatency = partTargetMs !== undefined && state !== 'ended';
  const partsFromMsn = lowLatency ? firstWithParts(window, listed) : Infinity;
  const open = lowLatency ? window.open : undefined;
  const { next } = window;
  const holdBackS = targetDurationS * 3;
  return {
    targetDurationS,
    mediaSequence: listed[0]?.msn ?? window.open?.msn ?? 0,
    discontinuitySequence: window.discontinuitySequence,
    independentSegments: window.segments.every(({ parts: [first] }) => first?.independent !== false),
    partTargetS: lowLatency ? partTargetMs / 1000 : undefined,
    serverControl: {
      canBlockReload: true,
      holdBackS,
      partHoldBackS: lowLatency ? roundUp((PART_HOLD_BACKS * partTargetMs) / 1000) : undefined,
      canSkipUntilS: SKIP_TARGETS * targetDurationS,
    },
    segments: listed.slice(skipped).map((segment) => addresses.segment(segment, segment.msn >= partsFromMsn)),
    skippedSegments: skipped > 0 ? skipped : undefined,
    openParts: open && addresses.parts(open),
    openHead: open && {
      programDateTimeMs: open.programDateTimeMs,
      discontinuity: open.discontinuity,
      map: addresses.map(open),
    },
    preloadHint: lowLatency && state === 'live' && next ? { uri: addresses.part(next.msn, next.part) } : undefined,
    renditionReports: state === 'ended' ? undefined : reports,
    endList: state === 'ended',
  };
}

/** For players that know no MP4: whole segments of MPEG-TS, and nothing else that is new. */
function tsPlaylistOf(window: HlsWindow, suffix: string): MediaPlaylist {
  const { run, targetDurationS, state } = window;
  const listed = window.segments.filter(({ msn, closed }) => closed && msn >= (window.listedMsn ?? 0));
  return {
    targetDurationS,
    mediaSequence: listed[0]?.msn ?? 0,
    discontinuitySequence: window.discontinuitySequence,
    segments: listed.map(({ msn, ts, durationMs, programDateTimeMs, discontinuity }) => ({
      uri: `${run}-${msn}.ts${suffix}`,
      // A codec that MPEG-TS has no place for.
      gap: ts === undefined,
      durationS: durationMs / 1000,
      programDateTimeMs,
      discontinuity,
    })),
    endList: state === 'ended',
  };
}

/** The names of what a run has. */
class Addresses {
  readonly #run: string;
  readonly #suffix: string;

  constructor(run: string, suffix: string) {
    this.#run = run;
    this.#suffix = suffix;
  }

  segment(segment: WindowSegment, withParts: boolean): HlsSegment {
    const { msn, durationMs, programDateTimeMs, discontinuity } = segment;
    return {
      uri: `${this.#run}-${msn}.m4s${this.#suffix}`,
      durationS: durationMs / 1000,
      programDateTimeMs,
      discontinuity,
      map: this.map(segment),
      parts: withParts ? this.parts(segment) : undefined,
    };
  }

  parts({ msn, parts }: WindowSegment): HlsPart[] {
    return parts.map(({ durationMs, independent }: WindowPart, index) => ({
      uri: this.part(msn, index),
      durationS: durationMs / 1000,
      independent,
    }));
  }

  part(msn: number, part: number): string {
    return `${this.#run}-${msn}.${part}.m4s${this.#suffix}`;
  }

  map({ initId }: WindowSegment): { uri: string } {
    return { uri: `${this.#run}-init${initId}.mp4${this.#suffix}` };
  }
}

/** How many of the oldest segments a delta update leaves out: those before the skip boundary (6.2.5.1). */
function skippable(window: HlsWindow, listed: readonly WindowSegment[]): number {
  let lengthMs = window.open?.durationMs ?? 0;
  const boundaryMs = SKIP_TARGETS * window.targetDurationS * 1000;
  let count = listed.length;
  while (count > 0 && lengthMs < boundaryMs) {
    lengthMs += listed[count - 1]?.durationMs ?? 0;
    count--;
  }
  return count;
}

/** The oldest segment whose parts are told: with the open one they are three, as players at the live edge use them. */
function firstWithParts(window: HlsWindow, listed: readonly WindowSegment[]): number {
  let lengthMs = window.open?.durationMs ?? 0;
  for (const [index, { msn, durationMs }] of listed.toReversed().entries()) {
    lengthMs += durationMs;
    if (index >= CLOSED_WITH_PARTS || lengthMs > PART_TARGETS * window.targetDurationS * 1000) return msn + 1;
  }
  return 0;
}

/** To whole ms, never below: a hint that is too small is wrong. */
function roundUp(seconds: number): number {
  return Math.ceil(seconds * 1000) / 1000;
}

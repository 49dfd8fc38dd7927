import type { Mp4Track } from '@kaibo/formats';

/** One fragment (moof and mdat): what a part's address gives; a segment is its fragments one after another. */
export interface WindowPart {
  /** Over shared memory once another worker serves them too. */
  bytes: Uint8Array;
  durationMs: number;
  /** Begins with a key frame, or there is no video. */
  independent: boolean;
  /** Pictures in it: the frame rate is measured by them. */
  frames: number;
}

export interface SegmentHead {
  /** Media sequence number. */
  msn: number;
  programDateTimeMs: number;
  discontinuity: boolean;
  /** Which `init` it needs. */
  initId: number;
}

export interface WindowSegment extends SegmentHead {
  parts: WindowPart[];
  durationMs: number;
  sizeBytes: number;
  /** No more parts come. */
  closed: boolean;
  /** The same as MPEG-TS. */
  ts?: Uint8Array;
}

/** What a track's configuration says to who chooses a variant. */
export type TrackFacts = Pick<Mp4Track, 'kind' | 'codecString' | 'width' | 'height'>;

export interface WindowInit {
  id: number;
  bytes: Uint8Array;
  tracks: readonly TrackFacts[];
}

/**
 * - `live`: parts come.
 * - `interrupted`: the publisher is away; the playlist stands still.
 * - `ended`: for good; the playlist says so.
 */
export type WindowState = 'live' | 'interrupted' | 'ended';

/** One step of a window's life. The owner's packager makes them; every worker that serves the stream applies the same. */
export type WindowChange =
  | { type: 'init'; init: WindowInit }
  | { type: 'open'; head: SegmentHead }
  | { type: 'part'; part: WindowPart }
  /** `ts`: all of it as MPEG-TS. */
  | { type: 'close'; ts?: Uint8Array }
  /** Nothing came of the open segment. */
  | { type: 'void' }
  /** PART-TARGET; undefined: segments have no parts (any more). */
  | { type: 'part-target'; ms: number | undefined }
  | { type: 'target'; durationS: number }
  /** DISCONTINUITY-SEQUENCE, before the first segment. */
  | { type: 'discontinuities'; sequence: number }
  /** The first segments that are still in the playlist, and that are still kept. */
  | { type: 'slide'; listedMsn: number; keptMsn: number }
  | { type: 'state'; state: WindowState };

export interface WindowOrigin {
  /** Random, in every address: no cache mixes two broadcasts. */
  run: string;
  targetDurationS: number;
  /** Of whatever comes first. */
  discontinuitySequence: number;
  /** Of a copy: so that it counts changes as the original does. */
  version?: number;
}

/** A place in the playlist that a request may wait for (RFC 8216bis, 6.2.5.2): a whole segment, or one part of it. */
export interface PlaylistPlace {
  msn: number;
  part?: number;
}

/** The latest part of one stream, as playlists and segments of HLS: the same on every worker that serves it. */
export class HlsWindow {
  readonly run: string;
  state: WindowState = 'live';
  targetDurationS: number;
  partTargetMs: number | undefined;
  /** Of the segment before the first listed one. */
  discontinuitySequence: number;
  /** Rises with every change; the same in every worker. */
  version: number;
  /** In order; the last one may be open. Those before `listedMsn` are kept for who has an older playlist. */
  readonly segments: WindowSegment[] = [];
  listedMsn: number | undefined;
  sizeBytes = 0;
  readonly inits = new Map<number, WindowInit>();
  #listeners = new Set<(changes: readonly WindowChange[]) => void>();

  constructor({ run, targetDurationS, discontinuitySequence, version = 0 }: WindowOrigin) {
    this.version = version;
    this.run = run;
    this.targetDurationS = targetDurationS;
    this.discontinuitySequence = discontinuitySequence;
  }

  /** The segment in the making. */
  get open(): WindowSegment | undefined {
    const last = this.segments.at(-1);
    return last?.closed === false ? last : undefined;
  }

  /** Of the configuration that the newest segment has. */
  get tracks(): readonly TrackFacts[] {
    return this.inits.get(this.segments.at(-1)?.initId ?? -1)?.tracks ?? [];
  }

  /** Something can be played. */
  get isReady(): boolean {
    const [first] = this.segments;
    return first !== undefined && (first.closed || (this.partTargetMs !== undefined && first.parts.length > 0));
  }

  segment(msn: number): WindowSegment | undefined {
    const [first] = this.segments;
    return first && this.segments[msn - first.msn];
  }

  /** The next place that a playlist will have. Undefined before the first segment. */
  get next(): { msn: number; part: number } | undefined {
    const last = this.segments.at(-1);
    if (!last) return undefined;
    return last.closed ? { msn: last.msn + 1, part: 0 } : { msn: last.msn, part: last.parts.length };
  }

  /** Whether the playlist has come that far. */
  has({ msn, part }: PlaylistPlace): boolean {
    const { next } = this;
    if (!next) return false;
    if (next.msn !== msn) return next.msn > msn && (part === undefined || !this.#isPastEnd({ msn, part }));
    return part !== undefined && next.part > part;
  }

  /** Told after each batch. Returns how to leave. */
  onChange(listener: (changes: readonly WindowChange[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One step for whoever looks: what belongs together is never seen apart. */
  apply(changes: readonly WindowChange[]): void {
    for (const change of changes) this.#apply(change);
    this.version++;
    for (const listener of [...this.#listeners]) listener(changes);
  }

  /** Where `snapshot` begins. */
  get origin(): WindowOrigin {
    const { run, targetDurationS, listedMsn = 0 } = this;
    const before = this.segments.filter(({ msn, discontinuity }) => discontinuity && msn < listedMsn).length;
    // The snapshot is one change.
    const version = this.version - 1;
    return { run, targetDurationS, discontinuitySequence: this.discontinuitySequence - before, version };
  }

  /** What makes an empty window of the same origin like this one. */
  snapshot(): WindowChange[] {
    const changes: WindowChange[] = [
      { type: 'target', durationS: this.targetDurationS },
      { type: 'part-target', ms: this.partTargetMs },
      ...[...this.inits.values()].map((init): WindowChange => ({ type: 'init', init })),
    ];
    for (const { parts, closed, ts, msn, programDateTimeMs, discontinuity, initId } of this.segments) {
      changes.push({ type: 'open', head: { msn, programDateTimeMs, discontinuity, initId } });
      for (const part of parts) changes.push({ type: 'part', part });
      if (closed) changes.push({ type: 'close', ts });
    }
    const [first] = this.segments;
    if (first) changes.push({ type: 'slide', listedMsn: this.listedMsn ?? first.msn, keptMsn: first.msn });
    changes.push({ type: 'state', state: this.state });
    return changes;
  }

  /** A part after the last one of a closed segment is the first of the next segment. */
  #isPastEnd({ msn, part }: { msn: number; part: number }): boolean {
    const segment = this.segment(msn);
    if (!segment || part < segment.parts.length) return false;
    return !this.has({ msn: msn + 1, part: 0 });
  }

  #apply(change: WindowChange): void {
    switch (change.type) {
      case 'init':
        this.inits.set(change.init.id, change.init);
        this.sizeBytes += change.init.bytes.length;
        return;
      case 'open':
        this.segments.push({ ...change.head, parts: [], durationMs: 0, sizeBytes: 0, closed: false });
        this.listedMsn ??= change.head.msn;
        return;
      case 'part':
        this.#add(change.part);
        return;
      case 'close':
        this.#close(change.ts);
        return;
      case 'void':
        if (this.open?.parts.length === 0) this.segments.pop();
        return;
      case 'part-target':
        this.partTargetMs = change.ms;
        return;
      case 'target':
        this.targetDurationS = change.durationS;
        return;
      case 'discontinuities':
        this.discontinuitySequence = change.sequence;
        return;
      case 'slide':
        this.#slide(change);
        return;
      case 'state':
        this.state = change.state;
        return;
      default:
        change satisfies never;
    }
  }

  #add(part: WindowPart): void {
    const { open } = this;
    if (!open) return;
    open.parts.push(part);
    open.durationMs += part.durationMs;
    open.sizeBytes += part.bytes.length;
    this.sizeBytes += part.bytes.length;
  }

  #close(ts: Uint8Array | undefined): void {
    const { open } = this;
    if (!open) return;
    open.closed = true;
    if (!ts) return;
    open.ts = ts;
    open.sizeBytes += ts.length;
    this.sizeBytes += ts.length;
  }

  #slide({ listedMsn, keptMsn }: { listedMsn: number; keptMsn: number }): void {
    for (const { msn, discontinuity } of this.segments)
      if (discontinuity && msn >= (this.listedMsn ?? 0) && msn < listedMsn) this.discontinuitySequence++;
    this.listedMsn = listedMsn;
    while (this.segments[0] !== undefined && this.segments[0].msn < keptMsn) {
      this.sizeBytes -= this.segments[0].sizeBytes;
      this.segments.shift();
    }
    const needed = new Set(this.segments.map(({ initId }) => initId));
    const newest = Math.max(...this.inits.keys());
    for (const { id, bytes } of this.inits.values()) {
      if (needed.has(id) || id === newest) continue;
      this.inits.delete(id);
      this.sizeBytes -= bytes.length;
    }
  }
}

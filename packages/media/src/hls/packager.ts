import { FormatError, type Fragment, Fragmenter, type MediaPacket, type Mp4Track } from '@kaibo/formats';
import type { PacketTap } from '../hub/subscriber.ts';
import type { HlsOptions } from '../options.ts';
import { type Opening, TrackGate } from './track-gate.ts';
import type { HlsWindow, WindowChange, WindowPart } from './window.ts';
import { TsSegments } from './ts-segments.ts';
import { slideOf } from './window-slide.ts';

/** A group of pictures may be longer than a segment should be: past this it is cut at any frame. */
export const MAX_SEGMENT_MS = 10_000;
/** RFC 8216bis, 4.4.4.9: every part but a segment's last has this share of PART-TARGET. */
const MIN_PART = 0.85;
/** Stamps are whole ms. */
const STAMP_MS = 1;
/** A rendition's numbers go back to its source's by this many at most, and only in a playlist that is empty. */
const MAX_SHIFT = 10;
/** A first part shorter than this share of the wish says that frames do not divide it: PART-TARGET is what they do divide. */
const WHOLE_PART = 0.9;
const PART_SLACK = 1.05;
/** A track without frames for so long is gone, and what goes on is described anew, without it. */
const TRACK_GONE_MS = 3000;
const DEFAULT_FRAME_MS = 33;
const MAX_FRAME_MS = 1000;

export interface PackagerDeps {
  window: HlsWindow;
  /** The number of the first segment. */
  firstMsn: number;
  options: HlsOptions;
  /** Wall clock at which stream time was 0, ms since the epoch. */
  epochMs(): number;
  /** Of a rendition: its source's window. */
  sourceWindow?(): HlsWindow | undefined;
  /** Memory is short on the whole server: the window gives up its oldest segment. */
  isCrowded(): boolean;
  unsupported(codec: string, why: string): void;
}

/** Packets of one configuration. */
interface Section {
  fragmenter: Fragmenter;
  video: boolean;
  audio: boolean;
  /** Stream time of the open segment's and the open part's first frame, ms. */
  segmentStartMs: number;
  partStartMs: number;
  frames: number;
  /** The same in MPEG-TS, where that is wanted and can be. */
  ts: TsSegments | undefined;
}

/**
 * Cuts a stream into segments at its key frames and into parts between them, in the owner worker, packet by packet.
 * The window is all that comes of it.
 */
export class HlsPackager implements PacketTap {
  readonly #deps: PackagerDeps;
  readonly #gate: TrackGate;
  #section: Section | undefined;
  #nextMsn: number;
  #nextInitId = 0;
  #fragments = 0;
  #lastMs = { video: 0, audio: 0 };
  #frameMs = DEFAULT_FRAME_MS;
  #hasParts: boolean;
  /** A track came that the section lacks: the next key frame begins another. */
  #wantsSection = false;

  constructor(deps: PackagerDeps) {
    this.#deps = deps;
    this.#nextMsn = deps.firstMsn;
    this.#hasParts = deps.options.partMs > 0;
    this.#gate = new TrackGate({ open: (opening) => this.#begin(opening), unsupported: deps.unsupported });
  }

  /** The number of the next segment. */
  get nextMsn(): number {
    return this.#nextMsn;
  }

  published(): void {
    this.#endSection();
    this.#gate.shut();
  }

  packet(packet: MediaPacket): void {
    if (packet.kind === 'data') {
      if (packet.metadata) this.#gate.metadata(packet);
    } else if (packet.config) {
      if (this.#gate.configure(packet)) this.#endSection();
    } else if (!packet.metadata && !packet.end) {
      this.#media(packet);
    }
  }

  interrupted(): void {
    this.#endSection();
    this.#gate.shut();
    this.#deps.window.apply([{ type: 'state', state: 'interrupted' }]);
  }

  ended(): void {
    this.#endSection();
    this.#gate.close();
    this.#deps.window.apply([{ type: 'state', state: 'ended' }]);
  }

  /** Nobody needs it any more; the window stays as it is. */
  close(): void {
    this.#section = undefined;
    this.#gate.close();
  }

  #media(packet: MediaPacket): void {
    const section = this.#section;
    if (!section) {
      this.#gate.hold(packet);
      return;
    }
    if (packet.kind === 'video') this.#video(section, packet);
    else this.#audio(section, packet);
  }

  #begin({ video, audio, configs, packets }: Opening): void {
    const [first] = packets;
    if (!first) return;
    let fragmenter: Fragmenter;
    try {
      fragmenter = new Fragmenter({ video, audio, firstSequence: this.#fragments + 1 });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#deps.unsupported(video?.codec ?? audio?.codec ?? 'unknown', error.message);
      return;
    }
    this.#wantsSection = false;
    this.#lastMs = { video: first.dtsMs, audio: first.dtsMs };
    const section = {
      fragmenter,
      video: video !== undefined,
      audio: audio !== undefined,
      segmentStartMs: first.dtsMs,
      partStartMs: first.dtsMs,
      frames: 0,
      ts: this.#deps.options.mpegts ? TsSegments.of(configs) : undefined,
    };
    this.#section = section;
    this.#deps.window.apply([
      { type: 'state', state: 'live' },
      ...this.#init(fragmenter, [video, audio]),
      ...this.#alignment(first.dtsMs),
      this.#head(first.dtsMs, { discontinuity: this.#deps.window.segments.length > 0 }),
    ]);
    for (const packet of packets) if (this.#section === section) this.#media(packet);
  }

  /** A publisher that comes back as it was goes on with the same initialization. */
  #init({ init }: Fragmenter, tracks: readonly (Mp4Track | undefined)[]): WindowChange[] {
    const known = [...this.#deps.window.inits.values()].at(-1);
    if (known && Buffer.compare(known.bytes, init) === 0) return [];
    const facts = tracks
      .filter((track) => track !== undefined)
      .map(({ kind, codecString, width, height }) => ({ kind, codecString, width, height }));
    return [{ type: 'init', init: { id: this.#nextInitId++, bytes: init, tracks: facts } }];
  }

  /**
   * A rendition's first segment has the number of the source's that begins at the same key frame, so that players find their
   * place when they change from one to the other.
   */
  #alignment(startMs: number): WindowChange[] {
    const { window, sourceWindow, epochMs } = this.#deps;
    const source = window.segments.length === 0 ? sourceWindow?.() : undefined;
    if (!source) return [];
    const dateMs = Math.round(epochMs() + startMs);
    const same = source.segments.findLast(({ programDateTimeMs }) => Math.abs(programDateTimeMs - dateMs) <= STAMP_MS);
    if (!same || same.msn < this.#nextMsn - MAX_SHIFT) return [];
    this.#nextMsn = same.msn;
    const before = source.segments.filter(
      ({ msn, discontinuity }) => discontinuity && msn >= (source.listedMsn ?? 0) && msn <= same.msn,
    ).length;
    return [{ type: 'discontinuities', sequence: source.discontinuitySequence + before }];
  }

  #head(startMs: number, { discontinuity = false } = {}): WindowChange {
    return {
      type: 'open',
      head: {
        msn: this.#nextMsn++,
        programDateTimeMs: Math.round(this.#deps.epochMs() + startMs),
        discontinuity,
        initId: this.#nextInitId - 1,
      },
    };
  }

  #video(section: Section, packet: MediaPacket): void {
    if (!section.video) {
      if (packet.keyframe && this.#gate.knows('video')) this.#restart(packet);
      return;
    }
    const nowMs = packet.dtsMs;
    const frameMs = nowMs - this.#lastMs.video;
    if (section.frames > 0) {
      const isAudioGone = section.audio && nowMs - this.#lastMs.audio > TRACK_GONE_MS;
      if (packet.keyframe && (this.#wantsSection || isAudioGone)) {
        this.#restart(packet, isAudioGone ? 'audio' : undefined);
        return;
      }
      if (this.#endsSegment(section, packet)) this.#cutSegment(section, nowMs);
      else if (this.#hasParts) this.#maybeCutPart(section, nowMs, frameMs);
    }
    if (frameMs > 0) this.#frameMs = Math.min(frameMs, MAX_FRAME_MS);
    this.#lastMs.video = nowMs;
    section.frames++;
    this.#push(section, packet);
  }

  #audio(section: Section, packet: MediaPacket): void {
    if (!section.audio) {
      if (this.#gate.knows('audio')) this.#wantsSection = true;
      return;
    }
    const nowMs = packet.dtsMs;
    if (section.video) {
      if (nowMs - this.#lastMs.video > TRACK_GONE_MS) {
        this.#restart(packet, 'video');
        return;
      }
    } else if (section.fragmenter.startMs !== undefined) {
      const frameMs = nowMs - this.#lastMs.audio;
      if (nowMs + frameMs - section.segmentStartMs > this.#deps.options.segmentMs) this.#cutSegment(section, nowMs);
      else if (this.#hasParts) this.#maybeCutPart(section, nowMs, frameMs);
      if (frameMs > 0) this.#frameMs = Math.min(frameMs, MAX_FRAME_MS);
    }
    this.#lastMs.audio = nowMs;
    this.#push(section, packet);
  }

  /** Tracks came or went: what follows has an initialization of its own. */
  #restart(packet: MediaPacket, gone?: 'audio' | 'video'): void {
    this.#endSection(packet.kind === 'video' ? packet.dtsMs : undefined);
    this.#gate.shut(gone);
    this.#gate.hold(packet);
  }

  #push(section: Section, packet: MediaPacket): void {
    try {
      section.fragmenter.push(packet);
      section.ts?.push(packet);
    } catch (error) {
      // A frame that cannot be read is one frame less; its decoder meets it in every other protocol too.
      if (!(error instanceof FormatError)) throw error;
    }
  }

  /**
   * At the first key frame at or after the wanted length, and in any case before memory or players suffer. A group of
   * pictures that is longer than the target makes a longer segment and raises TARGETDURATION: RFC 8216bis wants that
   * constant, but cutting inside every group would leave players hardly a place to begin.
   */
  #endsSegment(section: Section, { keyframe, dtsMs }: MediaPacket): boolean {
    const lengthMs = dtsMs - section.segmentStartMs;
    const { segmentMs, maxBytes } = this.#deps.options;
    // Stamps are whole ms: sixty frames of 29.97 a second may come out a little short of two seconds.
    if (keyframe && lengthMs + this.#frameMs / 2 >= segmentMs) return true;
    const openBytes = (this.#deps.window.open?.sizeBytes ?? 0) + section.fragmenter.bytes;
    return lengthMs >= MAX_SEGMENT_MS || openBytes > maxBytes / 4;
  }

  /** A part ends where the next frame would make it too long; `nowMs` is when that frame begins. */
  #maybeCutPart(section: Section, nowMs: number, frameMs: number): void {
    const targetMs = this.#targetMs;
    const lastMs = nowMs - frameMs;
    // The last frame has turned out longer than its kind. Without it the part may be as it should be.
    if (nowMs - section.partStartMs > targetMs && section.video && lastMs - section.partStartMs >= MIN_PART * targetMs)
      this.#cutPart(section, { endMs: lastMs, keepsLast: true });
    if (nowMs - section.partStartMs > targetMs) this.#cutLongFrame(section, { nowMs, frameMs, targetMs });
    else if (nowMs + frameMs - section.partStartMs > targetMs + STAMP_MS) this.#cutPart(section, { endMs: nowMs });
  }

  /**
   * One long frame among others is said to end where its part has to; what comes next is said to begin there. The media
   * themselves have their true times, and the playlist is right again a frame later. Frames that are longer than parts as a
   * rule make a playlist without parts.
   */
  #cutLongFrame(
    section: Section,
    { nowMs, frameMs, targetMs }: { nowMs: number; frameMs: number; targetMs: number },
  ): void {
    const { window } = this.#deps;
    const isRule = window.partTargetMs === undefined || this.#frameMs > targetMs;
    if (isRule || frameMs > 2 * targetMs) {
      this.#hasParts = false;
      window.apply([{ type: 'part-target', ms: undefined }]);
    } else this.#cutPart(section, { endMs: section.partStartMs + targetMs, mediaEndMs: nowMs });
  }

  get #targetMs(): number {
    return this.#deps.window.partTargetMs ?? this.#deps.options.partMs;
  }

  /**
   * `endMs`: where the part ends as the playlist has it. `mediaEndMs`: where its last frame really ends. `keepsLast`: that
   * frame stays for the next part.
   */
  #cutPart(
    section: Section,
    { endMs, mediaEndMs = endMs, keepsLast = false }: { endMs: number; mediaEndMs?: number; keepsLast?: boolean },
  ): void {
    const { fragmenter } = section;
    const fragment = section.video && !keepsLast ? fragmenter.cut(mediaEndMs) : fragmenter.cut();
    const stays = keepsLast ? 1 : 0;
    const part = fragment && this.#part(fragment, { section, endMs, frames: section.frames - stays });
    section.partStartMs = endMs;
    section.frames = stays;
    if (part) this.#deps.window.apply([...this.#firstTarget(part.part.durationMs), part, ...this.#raisedTarget(part)]);
  }

  #part(
    { bytes, independent }: Fragment,
    { section, endMs, frames }: { section: Section; endMs: number; frames: number },
  ): WindowChange & { type: 'part' } {
    this.#fragments++;
    return { type: 'part', part: { bytes, durationMs: endMs - section.partStartMs, independent, frames } };
  }

  /** The first part of all says how long parts can be made of these frames (85 % of PART-TARGET at least). */
  #firstTarget(durationMs: number): WindowChange[] {
    const { window, options } = this.#deps;
    if (!this.#hasParts || window.partTargetMs !== undefined) return [];
    const isWhole = durationMs >= WHOLE_PART * options.partMs;
    const ms = isWhole ? Math.max(options.partMs, Math.ceil(durationMs)) : Math.ceil(durationMs * PART_SLACK);
    return [{ type: 'part-target', ms }];
  }

  #raisedTarget({ part }: { part: WindowPart }): WindowChange[] {
    const { window } = this.#deps;
    const durationS = Math.round(((window.open?.durationMs ?? 0) + part.durationMs) / 1000);
    return durationS > window.targetDurationS ? [{ type: 'target', durationS }] : [];
  }

  #cutSegment(section: Section, nowMs: number): void {
    const { changes, endMs } = this.#closing(section, nowMs);
    this.#deps.window.apply([...changes, this.#head(endMs)]);
    section.segmentStartMs = endMs;
    section.partStartMs = endMs;
    section.frames = 0;
  }

  /** What is left becomes the last part, of any length that a part may have. */
  #closing(section: Section, mediaEndMs: number): { changes: WindowChange[]; endMs: number } {
    const { window, options, isCrowded } = this.#deps;
    const fragment = section.video ? section.fragmenter.cut(mediaEndMs) : section.fragmenter.cut();
    const endMs = this.#hasParts ? Math.min(mediaEndMs, section.partStartMs + this.#targetMs) : mediaEndMs;
    const part = fragment && this.#part(fragment, { section, endMs, frames: section.frames });
    if (!part && window.open?.parts.length === 0) {
      this.#nextMsn--;
      return { changes: [{ type: 'void' }], endMs: mediaEndMs };
    }
    const ts = section.ts?.cut();
    const last = part ? [...this.#lastTarget(), part, ...this.#raisedTarget(part)] : [];
    const slide = slideOf(window, { options, adding: part?.part, isCrowded: isCrowded() });
    return { changes: [...last, { type: 'close', ts }, ...slide], endMs: part ? endMs : section.partStartMs };
  }

  /** A segment of one short part is no measure, but a playlist with parts needs some target. */
  #lastTarget(): WindowChange[] {
    const { window, options } = this.#deps;
    return this.#hasParts && window.partTargetMs === undefined ? [{ type: 'part-target', ms: options.partMs }] : [];
  }

  /** `endMs`: where the last picture ends, if that is known. */
  #endSection(endMs = this.#lastMs.video + this.#frameMs): void {
    const section = this.#section;
    if (!section) return;
    this.#section = undefined;
    this.#deps.window.apply(this.#closing(section, endMs).changes);
  }
}

import { FormatError, type Fragment, Fragmenter, type MediaPacket, type Mp4Track } from '@kaibo/formats';
import type { PacketTap } from '../hub/subscriber.ts';
import type { HlsOptions } from '../options.ts';
import { type Opening, TrackGate } from './track-gate.ts';
import type { HlsWindow, WindowChange } from './window.ts';
import { slideOf } from './window-slide.ts';

/** A group of pictures may be longer than a segment should be: past this it is cut at any frame. */
export const MAX_SEGMENT_MS = 10_000;
/** One frame that is longer than a part raises PART-TARGET up to this many times what was asked for; past it there are no parts. */
const MAX_PART_STRETCH = 2;
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

  #begin({ video, audio, packets }: Opening): void {
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
    };
    this.#section = section;
    this.#deps.window.apply([
      { type: 'state', state: 'live' },
      ...this.#init(fragmenter, [video, audio]),
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
      if (packet.keyframe && (this.#wantsSection || this.#isAudioGone(section, nowMs))) {
        this.#restart(packet);
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
        this.#restart(packet);
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

  #isAudioGone(section: Section, nowMs: number): boolean {
    return section.audio && nowMs - this.#lastMs.audio > TRACK_GONE_MS;
  }

  /** Tracks came or went: what follows has an initialization of its own. */
  #restart(packet: MediaPacket): void {
    this.#endSection(packet.kind === 'video' ? packet.dtsMs : undefined);
    this.#gate.shut();
    this.#gate.hold(packet);
  }

  #push(section: Section, packet: MediaPacket): void {
    try {
      section.fragmenter.push(packet);
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
    const { partMs } = this.#deps.options;
    const targetMs = this.#deps.window.partTargetMs ?? partMs;
    if (nowMs - section.partStartMs > targetMs) {
      // The last frame has turned out longer than its kind. Without it the part is as it should be.
      const lastMs = nowMs - frameMs;
      if (section.video && lastMs > section.partStartMs) this.#cutPart(section, { endMs: lastMs });
      if (nowMs - section.partStartMs > targetMs && !this.#stretchParts(nowMs - section.partStartMs)) return;
    }
    const allowedMs = this.#deps.window.partTargetMs ?? targetMs;
    if (nowMs + frameMs - section.partStartMs > allowedMs) this.#cutPart(section, { endMs: nowMs, complete: true });
  }

  /** Frames have become longer than parts. False: there are no parts from now on. */
  #stretchParts(lengthMs: number): boolean {
    const { window, options } = this.#deps;
    if (lengthMs <= MAX_PART_STRETCH * options.partMs) {
      window.apply([{ type: 'part-target', ms: Math.ceil(lengthMs) }]);
      return true;
    }
    this.#hasParts = false;
    window.apply([{ type: 'part-target', ms: undefined }]);
    return false;
  }

  /** `complete`: the last frame ends at `endMs`, where another begins; else that last frame stays for the next part. */
  #cutPart(section: Section, { endMs, complete = false }: { endMs: number; complete?: boolean }): void {
    const fragment = section.video && complete ? section.fragmenter.cut(endMs) : section.fragmenter.cut();
    const stays = section.video && !complete ? 1 : 0;
    const part = fragment && this.#part(fragment, section.frames - stays);
    section.partStartMs = endMs;
    section.frames = stays;
    if (part)
      this.#deps.window.apply([
        ...this.#firstTarget(part.part.durationMs),
        part,
        ...this.#raisedTarget(part.part.durationMs),
      ]);
  }

  #part({ bytes, durationMs, independent }: Fragment, frames: number): WindowChange & { type: 'part' } {
    this.#fragments++;
    return { type: 'part', part: { bytes, durationMs, independent, frames } };
  }

  /** The first part of all says how long parts can be made of these frames (85 % of PART-TARGET at least). */
  #firstTarget(durationMs: number): WindowChange[] {
    const { window, options } = this.#deps;
    if (!this.#hasParts || window.partTargetMs !== undefined) return [];
    const isWhole = durationMs >= WHOLE_PART * options.partMs;
    const ms = isWhole ? Math.max(options.partMs, Math.ceil(durationMs)) : Math.ceil(durationMs * PART_SLACK);
    return [{ type: 'part-target', ms }];
  }

  #raisedTarget(addedMs: number): WindowChange[] {
    const { window } = this.#deps;
    const durationS = Math.round(((window.open?.durationMs ?? 0) + addedMs) / 1000);
    return durationS > window.targetDurationS ? [{ type: 'target', durationS }] : [];
  }

  #cutSegment(section: Section, nowMs: number): void {
    this.#deps.window.apply([...this.#closing(section, nowMs), this.#head(nowMs)]);
    section.segmentStartMs = nowMs;
    section.partStartMs = nowMs;
    section.frames = 0;
  }

  /** What is left becomes the last part, of any length. */
  #closing(section: Section, endMs: number): WindowChange[] {
    const { window, options, isCrowded } = this.#deps;
    const fragment = section.video ? section.fragmenter.cut(endMs) : section.fragmenter.cut();
    const part = fragment && this.#part(fragment, section.frames);
    if (!part && window.open?.parts.length === 0) {
      this.#nextMsn--;
      return [{ type: 'void' }];
    }
    const changes: WindowChange[] = part
      ? [...this.#lastTarget(part.part.durationMs), part, ...this.#raisedTarget(part.part.durationMs)]
      : [];
    return [...changes, { type: 'close' }, ...slideOf(window, { options, adding: part?.part, isCrowded: isCrowded() })];
  }

  /** A segment of one short part is no measure, but a playlist with parts needs some target. */
  #lastTarget(durationMs: number): WindowChange[] {
    const { window, options } = this.#deps;
    if (!this.#hasParts || window.partTargetMs !== undefined) return [];
    return [{ type: 'part-target', ms: Math.max(options.partMs, Math.ceil(durationMs)) }];
  }

  /** `endMs`: where the last picture ends, if that is known. */
  #endSection(endMs = this.#lastMs.video + this.#frameMs): void {
    const section = this.#section;
    if (!section) return;
    this.#section = undefined;
    this.#deps.window.apply(this.#closing(section, endMs));
  }
}

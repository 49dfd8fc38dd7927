import { FormatError, type MediaPacket } from '@kaibo/formats';
import { TRACK_WAIT_MS, TrackGate } from '../hls/track-gate.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { EndReason, PacketTap } from '../hub/subscriber.ts';
import { FRAGMENT_MS, type PartFragment, PartMuxer, type PartTracks } from './part-muxer.ts';
import type { RecordingFiles } from './recording-files.ts';

/** Sound from before a new part's first picture comes at most this much later. */
const INTERLEAVE_MS = 500;
const MAX_HELD_PACKETS = 500;
/** How long the first file waits for the sound of a browser. */
const BRIDGE_WAIT_MS = 5000;
/** Neither picture nor sound can be written for this long: there is no use in going on. */
const UNSUPPORTED_MS = 10_000;
/** What came without being cut is written after this: the publisher fell silent. */
const SILENCE_MS = 1500;

export interface StreamRecordingDeps {
  id: string;
  files: RecordingFiles;
  /** Wall clock at which stream time is 0, by the current publisher. */
  epochMs(): number | undefined;
  /** A part that is longer, or larger, ends at the next key frame. */
  partMs: number;
  partBytes: number;
  log: MediaLog;
  now(): number;
}

/**
 * What one recording makes of its stream: parts, each of one publisher and one codec configuration, begun with a key
 * frame. It never waits for the disk: what that cannot take is left out up to a key frame, as a gap between two parts.
 */
export class StreamRecording implements PacketTap {
  readonly #deps: StreamRecordingDeps;
  readonly #gate: TrackGate;
  #muxer: PartMuxer | undefined;
  /** Tracks whose configuration is not the part's any longer: it ends at the next key frame. */
  #changed = new Set<MediaPacket['kind']>();
  /** The next part has begun with these; the last one still waits for its sound. */
  #next: { startMs: number; packets: MediaPacket[] } | undefined;
  /** Stream time from which on the disk was too slow. */
  #lostFromMs: number | undefined;
  #interruptedAt: { mediaMs: number; wallMs: number } | undefined;
  #writtenBytes = 0;
  #endMs = 0;
  #wroteAtMs = 0;
  #refusedAtMs: number | undefined;
  #isPublishing = false;

  constructor(deps: StreamRecordingDeps) {
    this.#deps = deps;
    this.#gate = new TrackGate({
      open: ({ video, audio, packets }) => this.#open({ video, audio }, packets),
      unsupported: (codec, why) => {
        this.#refusedAtMs ??= deps.now();
        deps.log.warn({ recording: deps.id, codec, why }, 'a track cannot be recorded');
      },
    });
  }

  get isRecording(): boolean {
    return this.#muxer !== undefined;
  }

  published({ bridged }: { bridged: boolean }): void {
    this.#breakOff();
    this.#isPublishing = true;
    // A browser's sound is being made into AAC by a program that has to start; its next key frame may be far away.
    this.#gate.waitMs = bridged ? BRIDGE_WAIT_MS : TRACK_WAIT_MS;
  }

  packet(packet: MediaPacket): void {
    if (packet.kind === 'data') {
      if (packet.metadata) this.#gate.metadata(packet);
    } else if (packet.config) {
      if (this.#gate.configure(packet) && this.#muxer) this.#changed.add(packet.kind);
    } else if (!packet.metadata && !packet.end) {
      this.#frame(packet);
    }
  }

  interrupted(): void {
    this.#isPublishing = false;
    this.#breakOff();
  }

  ended(reason: EndReason): void {
    this.finish(reason === 'server_stopping' ? 'server_stopping' : 'ended');
  }

  finish(reason: Parameters<RecordingFiles['finish']>[0]): void {
    this.#closePart();
    this.#gate.close();
    this.#deps.files.finish(reason);
  }

  /** Once a second. */
  tick(): void {
    const now = this.#deps.now();
    if (this.#muxer && now - this.#wroteAtMs > SILENCE_MS) this.#write(this.#muxer.flush());
    this.#deps.files.tick();
    if (this.#refusedAtMs === undefined) return;
    if (!this.#isPublishing || this.#gate.knows('video') || this.#gate.knows('audio')) this.#refusedAtMs = now;
    else if (now - this.#refusedAtMs > UNSUPPORTED_MS) this.finish('unsupported');
  }

  #frame(packet: MediaPacket): void {
    if (this.#next) return this.#frameBetween(packet, this.#next);
    if (this.#lostFromMs !== undefined && !this.#catchesUp(packet, this.#lostFromMs)) return;
    const muxer = this.#muxer;
    if (muxer === undefined) return this.#gate.hold(packet);
    if (packet.kind !== 'data' && !muxer.tracks[packet.kind] && this.#gate.knows(packet.kind))
      this.#changed.add(packet.kind);
    if (this.#changed.size > 0) {
      if (this.#isEntry(packet)) {
        this.#closePart(packet.dtsMs);
        this.#changed.clear();
        return this.#frame(packet);
      }
      if (this.#changed.has(packet.kind)) return;
    } else if (this.#isEntry(packet) && this.#isFull(packet, muxer)) {
      this.#next = { startMs: packet.dtsMs, packets: [] };
      return this.#frameBetween(packet, this.#next);
    }
    this.#push(muxer, packet);
  }

  /** Sound is split where the pictures are, though it comes a little later. */
  #frameBetween(packet: MediaPacket, next: { startMs: number; packets: MediaPacket[] }): void {
    const muxer = this.#muxer;
    if (muxer && packet.kind === 'audio' && packet.dtsMs < next.startMs) return this.#push(muxer, packet);
    next.packets.push(packet);
    const awaitsAudio = muxer?.tracks.video !== undefined && muxer.tracks.audio !== undefined;
    const isOver = packet.kind === 'audio' || packet.dtsMs - next.startMs > INTERLEAVE_MS;
    if (awaitsAudio && !isOver && next.packets.length < MAX_HELD_PACKETS) return;
    this.#beginNext(next);
  }

  #beginNext({ startMs, packets }: { startMs: number; packets: MediaPacket[] }): void {
    const tracks = this.#muxer?.tracks;
    this.#closePart(startMs);
    if (tracks && this.#lostFromMs === undefined) this.#open(tracks, packets);
  }

  #open(tracks: PartTracks, packets: readonly MediaPacket[]): void {
    const [first] = packets;
    const epochMs = this.#deps.epochMs();
    if (first === undefined || epochMs === undefined) return;
    this.#begin(tracks, first.dtsMs, epochMs + first.dtsMs);
    for (const packet of packets) this.#frame(packet);
  }

  #begin(tracks: PartTracks, startMs: number, epochMs: number): void {
    const { files, now } = this.#deps;
    const muxer = new PartMuxer({ tracks, startMs, epochMs });
    this.#muxer = muxer;
    this.#changed.clear();
    this.#writtenBytes = 0;
    this.#endMs = startMs;
    this.#wroteAtMs = now();
    if (this.#interruptedAt) {
      const { mediaMs, wallMs } = this.#interruptedAt;
      files.gap({ reason: 'interrupted', mediaMs: startMs - mediaMs, wallMs: epochMs - wallMs });
      this.#interruptedAt = undefined;
    }
    files.begin({ init: muxer.init, startMs, epochMs });
  }

  #push(muxer: PartMuxer, packet: MediaPacket): void {
    try {
      this.#write(muxer.push(packet));
    } catch (error) {
      // What a publisher sends may be anything: a frame that cannot be read is left out.
      if (!(error instanceof FormatError)) throw error;
    }
  }

  #write(fragment: PartFragment | undefined): void {
    const muxer = this.#muxer;
    if (muxer === undefined || fragment === undefined) return;
    this.#wroteAtMs = this.#deps.now();
    if (this.#deps.files.fragment(fragment.bytes, fragment.endMs)) {
      for (const bytes of fragment.bytes) this.#writtenBytes += bytes.length;
      this.#endMs = muxer.startMs + fragment.endMs;
      return;
    }
    this.#deps.log.warn({ recording: this.#deps.id }, 'the disk is too slow for a recording: it has a gap');
    this.#lostFromMs = this.#endMs;
    this.#muxer = undefined;
    this.#next = undefined;
    this.#deps.files.end();
    this.#gate.shut();
  }

  /** Whether the packet can begin a new part now that the disk has caught up. */
  #catchesUp(packet: MediaPacket, lostFromMs: number): boolean {
    const begins = packet.keyframe || (packet.kind === 'audio' && !this.#gate.knows('video'));
    if (!begins || !this.#deps.files.hasRoom) return false;
    const mediaMs = packet.dtsMs - lostFromMs;
    this.#deps.files.gap({ reason: 'slow_disk', mediaMs, wallMs: mediaMs });
    this.#lostFromMs = undefined;
    return true;
  }

  /** `endMs`: where the next one begins. */
  #closePart(endMs?: number): void {
    const muxer = this.#muxer;
    if (muxer === undefined) return;
    if (endMs === undefined && this.#next) for (const packet of this.#next.packets) this.#push(muxer, packet);
    this.#next = undefined;
    this.#write(muxer.finish(endMs));
    if (this.#muxer === undefined) return; // the disk was too slow for it
    this.#muxer = undefined;
    this.#deps.files.end();
  }

  /** The publisher is gone, or replaced by the next one. */
  #breakOff(): void {
    if (this.#muxer) {
      this.#closePart();
      this.#interruptedAt = { mediaMs: this.#endMs, wallMs: (this.#deps.epochMs() ?? 0) + this.#endMs };
    }
    this.#changed.clear();
    this.#lostFromMs = undefined;
    this.#gate.shut();
  }

  #isEntry({ keyframe, kind }: MediaPacket): boolean {
    return keyframe || (kind === 'audio' && !this.#gate.knows('video') && !this.#muxer?.tracks.video);
  }

  #isFull({ dtsMs }: MediaPacket, { startMs }: PartMuxer): boolean {
    const { partMs, partBytes } = this.#deps;
    return dtsMs - startMs >= Math.max(partMs, FRAGMENT_MS) || this.#writtenBytes >= partBytes;
  }
}

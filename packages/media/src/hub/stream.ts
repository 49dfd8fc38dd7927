import type { MediaPacket } from '@kaibo/formats';
import type { MediaOptions } from '../options.ts';
import { AudioAlternate, isChosen } from './audio-alternate.ts';
import { chosenFlags, Fanout, mergeWindowMs, type StreamBacklog } from './fanout.ts';
import type { TrackFlags } from './framing.ts';
import { GopCache } from './gop-cache.ts';
import { HubTotals } from './hub-totals.ts';
import { announcedTracks } from './metadata.ts';
import { StreamHeaders } from './stream-headers.ts';
import { StreamMeter } from './stream-meter.ts';
import type { EndReason, PacketTap, Subscriber, TapAudio } from './subscriber.ts';
import { Timeline } from './timeline.ts';
import { ViewerSink } from './viewer-sink.ts';

/** Newcomers wait this long for both tracks' configurations, because the FLV header says which tracks there are. */
export const TRACK_DISCOVERY_MS = 1000;

/** `app/name`, validated. */
export type StreamKey = string;

interface TapEntry {
  tap: PacketTap;
  audio: TapAudio;
  knowsHeaders: boolean;
}

/** The right to feed a stream: packets given to one that was replaced go nowhere. */
export interface StreamFeed {
  publish(packet: MediaPacket): void;
  /** The feed is over; the stream becomes interrupted unless another feed has replaced this one. */
  interrupt(): void;
}

/**
 * One live stream on one worker: its headers, GOP cache, timeline and viewers. On the worker that owns the stream it is
 * fed by the publisher; elsewhere by a mirror, with `placed` packets whose time is already stream time.
 * State: idle (no feed yet) → publishing ⇄ interrupted; `end` is final and closes every viewer.
 */
export class Stream {
  readonly key: StreamKey;
  readonly meter = new StreamMeter();
  state: 'idle' | 'publishing' | 'interrupted' | 'ended' = 'idle';
  /** A publisher has the stream already, and will feed it. */
  isClaimed = false;
  #options: MediaOptions;
  #totals: HubTotals;
  #fanout = new Fanout();
  #taps = new Set<TapEntry>();
  #pending = new Set<ViewerSink>();
  #viewers = 0;
  #headers = new StreamHeaders();
  #alternate = new AudioAlternate(() => this.#startWaiting());
  #gop: GopCache;
  #gopVersion = 0;
  #timeline: Timeline;
  #feed: StreamFeed | undefined;
  #window: MediaPacket[] = [];
  #windowEntry = false;
  #windowSinceMs = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #flushQueued = false;
  #flushedAtMs = 0;
  #ready = false;
  #readyTimer: NodeJS.Timeout | undefined;
  #hasAudio = false;
  #hasVideo = false;
  #announced: TrackFlags | undefined;
  #epochMs: number | undefined;

  constructor({
    key,
    options,
    resumeAfterMs,
    totals = new HubTotals(),
  }: {
    key: StreamKey;
    options: MediaOptions;
    resumeAfterMs?: number;
    totals?: HubTotals;
  }) {
    this.key = key;
    this.#options = options;
    this.#totals = totals;
    this.#gop = new GopCache(options.gopCache);
    this.#timeline = new Timeline(resumeAfterMs);
  }

  get viewers(): number {
    return this.#viewers;
  }

  get headers(): StreamHeaders {
    return this.#headers;
  }

  get gop(): readonly MediaPacket[] {
    return this.#gop.packets;
  }

  get lastDtsMs(): number | undefined {
    return this.#timeline.lastMs;
  }

  /** How often a publisher's time had to be put right. */
  get timeRepairs(): number {
    return this.#timeline.repairs;
  }

  /**
   * Wall clock, ms since the epoch, at which stream time was 0, as the current publisher's first packet says. A publisher
   * that comes back sets it anew: stream time did not go on while it was away. Undefined before any packet.
   */
  get epochMs(): number | undefined {
    return this.#epochMs;
  }

  /** Nothing feeds it, watches it or takes from it. */
  get isUnused(): boolean {
    return !this.isClaimed && this.#feed === undefined && this.#viewers === 0 && this.#taps.size === 0;
  }

  /** A former owner died; what this worker gives out next must follow what viewers elsewhere may have seen. */
  resumeAfter(ms: number): void {
    if (ms > (this.#timeline.lastMs ?? -1)) this.#timeline = new Timeline(ms);
  }

  /**
   * Attaches a publisher or a mirror in place of the one before. A publisher's packets come with its own clock; a mirror's
   * are `placed`: their time is stream time already. `bridged`: it is a browser, whose Opus gets AAC beside it.
   * `epochMs`: the wall clock of a stream that is in another one's time.
   */
  attach({ placed, bridged = false, epochMs }: { placed: boolean; bridged?: boolean; epochMs?: number }): StreamFeed {
    const resumed = this.state !== 'idle';
    this.#flush();
    if (resumed) this.#expectEntry();
    this.state = 'publishing';
    this.#timeline.beginPublisher();
    this.#gop.restart();
    this.#gopVersion++;
    this.#ready = false;
    clearTimeout(this.#readyTimer);
    this.#readyTimer = undefined;
    this.#hasVideo = false;
    this.#hasAudio = false;
    this.#announced = undefined;
    if (bridged || this.#alternate.bridged) this.#headers.dropAlternate();
    this.#alternate.begin({ placed, bridged });
    let isFirst = true;
    for (const entry of this.#taps) this.#beginTap(entry, this.#headers.packets);
    const feed: StreamFeed = {
      publish: (packet) => {
        if (this.#feed !== feed) return;
        if (placed) this.#timeline.follow(packet);
        else {
          this.#timeline.place(packet);
          this.#totals.recvBytes += packet.payload.length;
        }
        if (isFirst && !packet.config && !packet.metadata) {
          isFirst = false;
          this.#epochMs = epochMs ?? Date.now() - packet.dtsMs;
        }
        this.#alternate.meet(packet);
        this.#publish(packet);
      },
      interrupt: () => {
        if (this.#feed === feed) this.#interrupt();
      },
    };
    this.#feed = feed;
    return feed;
  }

  /**
   * Audio in the other codec (AAC of Opus), in stream time, made while `onAacDemand` says that it is wanted. Packets that
   * repeat a time that was given before, or come when the publisher has gone, are left out.
   */
  publishAlternate(packet: MediaPacket): void {
    if (this.state === 'publishing' && this.#alternate.take(packet)) this.#publish(packet);
  }

  /** Whoever made the AAC cannot: those who wait for it begin with pictures alone. */
  alternateFailed(): void {
    this.#alternate.giveUp();
  }

  /** Told now, when any viewer or tap takes AAC, and with each change. The result ends it. */
  onAacDemand(listener: (wanted: boolean) => void): () => void {
    return this.#alternate.onDemand(listener);
  }

  subscribe(subscriber: Subscriber, nowMs: number): ViewerSink {
    const sink = new ViewerSink(subscriber, { limits: this.#options.limits, nowMs, totals: this.#totals });
    if (subscriber.framing.audio === 'aac') sink.unwantAac = this.#alternate.want();
    this.#viewers++;
    this.#fanout.add(sink);
    this.#pending.add(sink);
    this.#startWaiting();
    return sink;
  }

  unsubscribe(sink: ViewerSink): void {
    if (sink.state === 'closed') return;
    sink.state = 'closed';
    this.#viewers--;
    sink.unwantAac?.();
    this.#pending.delete(sink);
    this.#fanout.remove(sink);
    this.meter.closedSentBytes += sink.sentBytes;
  }

  /** The tap first gets what a newcomer needs: headers and the GOP so far. */
  tap(tap: PacketTap, { audio = 'source' }: { audio?: TapAudio } = {}): () => void {
    this.#flush();
    const entry: TapEntry = { tap, audio, knowsHeaders: false };
    if (this.state === 'publishing') this.#beginTap(entry, [...this.#headers.packets, ...this.#gop.packets]);
    this.#taps.add(entry);
    const unwant = audio === 'source' ? undefined : this.#alternate.want();
    return () => {
      this.#taps.delete(entry);
      unwant?.();
    };
  }

  end(reason: EndReason): void {
    if (this.state === 'ended') return;
    this.#flush();
    this.state = 'ended';
    this.#feed = undefined;
    clearTimeout(this.#readyTimer);
    for (const { tap } of this.#taps) tap.ended(reason);
    this.#taps.clear();
    this.#alternate.close();
    for (const sink of [...this.#fanout.sinks()]) this.#finish(sink, reason);
  }

  /** Once a second: cuts viewers that read too slowly and those that waited too long for a publisher. */
  sweep(nowMs: number): void {
    const { playWaitMs } = this.#options.limits;
    for (const sink of [...this.#fanout.sinks()]) {
      if (sink.state === 'pending') {
        if (this.state !== 'publishing' && nowMs - sink.pendingSinceMs > playWaitMs)
          this.#finish(sink, 'not_published');
      } else if (sink.isLost(nowMs)) {
        this.#totals.cuts++;
        this.#finish(sink, 'slow_viewer');
      }
    }
  }

  sentBytes(): number {
    let bytes = this.meter.closedSentBytes;
    for (const sink of this.#fanout.sinks()) bytes += sink.sentBytes;
    return bytes;
  }

  /** One that came while nobody published has not heard the headers, which an unchanged publisher does not bring again. */
  #beginTap(entry: TapEntry, backlog: readonly MediaPacket[]): void {
    const { tap, audio, knowsHeaders } = entry;
    tap.published({ bridged: this.#alternate.bridged });
    if (knowsHeaders) return;
    entry.knowsHeaders = true;
    for (const packet of backlog) if (this.#isFor(packet, audio)) tap.packet(packet);
  }

  #finish(sink: ViewerSink, reason: EndReason): void {
    this.unsubscribe(sink);
    sink.subscriber.finish(reason);
  }

  #publish(packet: MediaPacket): void {
    if (!packet.alternate) this.meter.count(packet);
    if (packet.config || packet.metadata) {
      if (packet.alternate) this.#flush(); // whoever waits for it must not begin between it and its place in the window
      const change = this.#headers.update(packet);
      if (change === 'same') return;
      if (!packet.alternate) this.#newHeader(packet, change);
    } else if (packet.keyframe) {
      this.#flush(); // so that every chunk that holds a key frame begins with it
    }
    for (const { tap, audio } of this.#taps) if (this.#isFor(packet, audio)) tap.packet(packet);
    if (!packet.alternate) this.#discover(packet);
    if (packet.keyframe) this.#windowEntry = true;
    if (this.#window.length === 0) this.#windowSinceMs = performance.now();
    this.#window.push(packet);
    this.#schedule();
  }

  #newHeader({ kind }: MediaPacket, change: 'added' | 'changed'): void {
    this.#flush();
    if (change === 'changed' && kind !== 'data') this.#gop.clear();
  }

  #isFor(packet: MediaPacket, audio: TapAudio): boolean {
    if (audio === 'alternate') return packet.alternate;
    return this.#alternate.exists ? isChosen(packet, audio === 'aac' ? 'aac' : 'opus') : true;
  }

  #discover(packet: MediaPacket): void {
    if (packet.kind === 'video') this.#hasVideo = true;
    else if (packet.kind === 'audio') this.#hasAudio = true;
    else if (packet.metadata) this.#announced = announcedTracks(packet);
    if (this.#ready) return;
    if (this.#tracksKnown(packet)) this.#becomeReady();
    else this.#readyTimer ??= setTimeout(() => this.#becomeReady(), TRACK_DISCOVERY_MS).unref();
  }

  /** Both tracks' configurations are there, and a picture to begin with. */
  #tracksKnown({ keyframe }: MediaPacket): boolean {
    const { hasAudio, hasVideo } = this.#announced ?? { hasAudio: true, hasVideo: true };
    const audioKnown = !hasAudio || this.#headers.audio !== undefined;
    return audioKnown && (!hasVideo || (this.#headers.video !== undefined && (keyframe || this.#gop.hasKeyframe)));
  }

  #becomeReady(): void {
    clearTimeout(this.#readyTimer);
    this.#readyTimer = undefined;
    this.#ready = true;
    if (this.state === 'publishing' && this.#pending.size > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#flushQueued || this.#flushTimer) return;
    const windowMs = mergeWindowMs(this.#options.mergeWindowMs, this.#viewers);
    // Counted from the last write, so that the period is the window and not the window and a frame.
    const waitMs = windowMs > 0 ? this.#flushedAtMs + windowMs - performance.now() : 0;
    if (waitMs > 0) {
      this.#flushTimer = setTimeout(() => this.#flush(), waitMs);
    } else {
      this.#flushQueued = true;
      queueMicrotask(() => this.#flush());
    }
  }

  #flush(): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#flushQueued = false;
    if (this.#window.length > 0) {
      const packets = this.#window;
      const entry = this.#windowEntry || (this.#ready && !this.#hasVideo);
      this.#window = [];
      this.#windowEntry = false;
      this.#flushedAtMs = performance.now();
      this.#totals.windows++;
      this.#totals.windowMs += this.#flushedAtMs - this.#windowSinceMs;
      if (!this.#options.gopCache.enabled && this.#ready) this.#startPending();
      for (const packet of packets) this.#gop.add(packet);
      this.#gopVersion++;
      this.#fanout.send(packets, entry, this.#backlog());
    }
    if (!this.#ready || this.state !== 'publishing') return;
    this.#startPending();
    // Without pictures anywhere is a place to start: only those who waited get the beginning.
    if (!this.#hasVideo) this.#gop.clear();
  }

  #startPending(): void {
    if (this.#pending.size === 0) return;
    const backlog = this.#backlog();
    for (const sink of this.#pending) {
      const { audio } = sink.subscriber.framing;
      if (this.#alternate.isAwaited(audio, backlog.hasAlternate)) continue;
      this.#pending.delete(sink);
      sink.subscriber.begin(chosenFlags(backlog, audio));
      this.#fanout.start(sink, backlog);
      sink.state = this.#gop.hasKeyframe || !this.#hasVideo ? 'flowing' : 'skipping';
    }
  }

  #startWaiting(): void {
    if (this.#ready && this.state === 'publishing') this.#startPending();
  }

  #interrupt(): void {
    this.#flush();
    this.#feed = undefined;
    if (this.state !== 'publishing') return;
    this.state = 'interrupted';
    this.#gop.clear();
    this.#gopVersion++;
    for (const { tap } of this.#taps) tap.interrupted();
  }

  /** Pictures of the next publisher do not build on the last one's. */
  #expectEntry(): void {
    for (const sink of this.#fanout.sinks()) if (sink.state === 'flowing') sink.state = 'skipping';
  }

  #backlog(): StreamBacklog {
    return {
      flags: this.#flags(),
      choosesAudio: this.#alternate.exists,
      hasAlternate: this.#headers.alternate !== undefined,
      headers: this.#headers.packets,
      headersVersion: this.#headers.version,
      gop: this.#gop.hasKeyframe || !this.#hasVideo ? this.#gop.packets : [],
      gopVersion: this.#gopVersion,
    };
  }

  #flags(): TrackFlags {
    return { hasAudio: this.#hasAudio, hasVideo: this.#hasVideo };
  }
}

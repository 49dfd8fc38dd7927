import type { MediaPacket } from '@kaibo/formats';
import { isChosen } from './audio-alternate.ts';
import type { AudioChoice, Framing, TrackFlags } from './framing.ts';
import type { ViewerSink } from './viewer-sink.ts';

const QUIET_VIEWERS = 10;
const CROWD_VIEWERS = 200;
/** The longest automatic window; below 100 so that one hop between workers still fits into 110 ms at p99. */
const MAX_AUTO_WINDOW_MS = 95;

/** How long to gather packets before one write to everybody: nothing for a few viewers, up to 95 ms for a crowd. */
export function mergeWindowMs(setting: number | 'auto', viewers: number): number {
  if (setting !== 'auto') return setting;
  if (viewers <= QUIET_VIEWERS) return 0;
  const share = Math.min(1, (viewers - QUIET_VIEWERS) / (CROWD_VIEWERS - QUIET_VIEWERS));
  return Math.round(share * MAX_AUTO_WINDOW_MS);
}

/** What newcomers need, as the stream has it now. Versions say when bytes made from it are stale. */
export interface StreamBacklog {
  readonly flags: TrackFlags;
  /** The audio comes in two codecs, of which each viewer takes one. */
  readonly choosesAudio: boolean;
  /** AAC is there to be chosen. */
  readonly hasAlternate: boolean;
  /** Metadata and sequence headers. */
  readonly headers: readonly MediaPacket[];
  readonly headersVersion: number;
  readonly gop: readonly MediaPacket[];
  readonly gopVersion: number;
}

/** Which tracks a viewer that chose so is given. */
export function chosenFlags({ flags, choosesAudio, hasAlternate }: StreamBacklog, choice: AudioChoice): TrackFlags {
  return choosesAudio && choice === 'aac' ? { ...flags, hasAudio: hasAlternate } : flags;
}

/** The viewers of one framing and the bytes they share. */
class FramingGroup {
  readonly framing: Framing;
  readonly sinks: ViewerSink[] = [];
  #headers: { version: number; bytes: Buffer } | undefined;
  #start: { headersVersion: number; gopVersion: number; bytes: Buffer } | undefined;

  constructor(framing: Framing) {
    this.framing = framing;
  }

  frame(packets: readonly MediaPacket[], choosesAudio: boolean): Buffer {
    const { framing } = this;
    const chosen = choosesAudio ? packets.filter((packet) => isChosen(packet, framing.audio)) : packets;
    return framing.frame(framing.accepts ? chosen.filter((packet) => framing.accepts?.(packet)) : chosen);
  }

  headers(backlog: StreamBacklog): Buffer {
    if (this.#headers?.version !== backlog.headersVersion) {
      this.#headers = { version: backlog.headersVersion, bytes: this.frame(backlog.headers, backlog.choosesAudio) };
    }
    return this.#headers.bytes;
  }

  /** Everything a newcomer gets first: head, headers and the GOP so far, as one buffer for all who join at this moment. */
  start(backlog: StreamBacklog): Buffer {
    const { headersVersion, gopVersion } = backlog;
    if (this.#start?.headersVersion !== headersVersion || this.#start.gopVersion !== gopVersion) {
      const startMs = backlog.gop[0]?.dtsMs;
      const headers = backlog.headers.map((packet) =>
        packet.kind === 'data' ? packet : { ...packet, dtsMs: startMs ?? packet.dtsMs },
      );
      const head = this.framing.head(chosenFlags(backlog, this.framing.audio));
      const body = this.frame([...headers, ...backlog.gop], backlog.choosesAudio);
      this.#start = { headersVersion, gopVersion, bytes: head ? Buffer.concat([head, body]) : body };
    }
    return this.#start.bytes;
  }

  /** Lets go of bytes that only newcomers of the past needed. */
  forget(): void {
    this.#start = undefined;
  }
}

/** Builds bytes once per framing and hands every viewer the same Buffer. */
export class Fanout {
  #groups = new Map<string, FramingGroup>();

  add(sink: ViewerSink): void {
    const { framing } = sink.subscriber;
    let group = this.#groups.get(framing.key);
    if (!group) this.#groups.set(framing.key, (group = new FramingGroup(framing)));
    group.sinks.push(sink);
  }

  remove(sink: ViewerSink): void {
    const { key } = sink.subscriber.framing;
    const group = this.#groups.get(key);
    const index = group?.sinks.indexOf(sink) ?? -1;
    if (!group || index < 0) return;
    const last = group.sinks.pop();
    if (last && last !== sink) group.sinks[index] = last;
    if (group.sinks.length === 0) this.#groups.delete(key);
  }

  /** Sends a newcomer what it needs to show a picture. True when media (not only headers) went out. */
  start(sink: ViewerSink, backlog: StreamBacklog): void {
    const group = this.#groups.get(sink.subscriber.framing.key);
    if (!group) return;
    const bytes = group.start(backlog);
    sink.configVersion = backlog.headersVersion;
    if (bytes.length > 0) sink.write(bytes);
  }

  /**
   * Sends one window. `entry`: a decoder can start at its first packet.
   * No allocation per viewer happens here; the bytes are built once per framing.
   */
  send(packets: readonly MediaPacket[], entry: boolean, backlog: StreamBacklog): void {
    for (const group of this.#groups.values()) {
      group.forget();
      const bytes = group.frame(packets, backlog.choosesAudio);
      if (bytes.length === 0) continue;
      const { sinks } = group;
      for (let index = 0; index < sinks.length; index++) {
        const sink = sinks[index];
        if (sink) deliver(sink, bytes, entry, group, backlog);
      }
    }
  }

  *sinks(): Generator<ViewerSink> {
    for (const group of this.#groups.values()) yield* group.sinks;
  }
}

function deliver(sink: ViewerSink, bytes: Buffer, entry: boolean, group: FramingGroup, backlog: StreamBacklog): void {
  if (sink.state === 'flowing') {
    if (sink.congested) {
      sink.skip();
      return;
    }
  } else if (sink.state === 'skipping') {
    if (!entry || sink.congested) return;
    sink.state = 'flowing';
    if (sink.configVersion !== backlog.headersVersion) sink.write(group.headers(backlog));
  } else {
    return;
  }
  sink.configVersion = backlog.headersVersion;
  sink.write(bytes);
}

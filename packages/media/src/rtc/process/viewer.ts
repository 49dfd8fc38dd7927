import { encodeRtcp, FormatError, isRtcp, parseRtcp, type RtcpPacket } from '@kaibo/formats';
import type { EndReason } from '../../hub/subscriber.ts';
import type { Broadcast } from './broadcast.ts';
import type { BroadcastVideo } from './broadcast-video.ts';
import { OPUS_CLOCK_HZ, type RtpVideoCodec, VIDEO_CLOCK_HZ } from './codecs.ts';
import type { AcceptedLine } from './negotiation.ts';
import type { PeerSender } from './peer-transport.ts';
import { ViewerLine } from './viewer-line.ts';

/** Browsers report every second on video they receive, and every five on sound alone (RFC 3550, 6.2). */
const VIDEO_SILENCE_MS = 5000;
const AUDIO_SILENCE_MS = 15_000;
/** A key frame and all that follows it are many packets: not more often than this. */
const REPEAT_EVERY_MS = 1000;

export interface ViewerDeps {
  clientId: string;
  broadcast: Broadcast;
  transport: PeerSender;
  lines: readonly AcceptedLine[];
  /** By the line's place in the offer. */
  ssrcs: ReadonlyMap<number, number>;
  onEnd(reason: EndReason): void;
}

/** A peer that plays. */
export class RtcViewer {
  readonly clientId: string;
  readonly broadcast: Broadcast;
  readonly video: ViewerLine | undefined;
  readonly audio: ViewerLine | undefined;
  /** Where its video comes from. */
  readonly picture: BroadcastVideo;
  #shows: ReadonlySet<RtpVideoCodec | 'opus'>;
  #deps: ViewerDeps;
  #heardAtMs = 0;
  #repeatedAtMs = Number.NEGATIVE_INFINITY;
  #connected = false;
  #closed = false;

  constructor(deps: ViewerDeps) {
    this.#deps = deps;
    this.clientId = deps.clientId;
    this.broadcast = deps.broadcast;
    const video = deps.lines.find(({ kind }) => kind === 'video');
    this.picture = deps.broadcast.videoIn(video?.h264Mode ?? 1);
    this.#shows = new Set(video?.codecs.map(({ codec }) => codec));
    this.video = this.#line('video');
    this.audio = this.#line('audio');
  }

  get sentBytes(): number {
    return (this.video?.sentBytes ?? 0) + (this.audio?.sentBytes ?? 0);
  }

  connected(): void {
    if (this.#connected || this.#closed) return;
    this.#connected = true;
    this.#heardAtMs = performance.now();
    this.#deps.broadcast.add(this);
  }

  /** RTCP; a viewer sends nothing else that counts. Throws nothing. */
  receive(bytes: Uint8Array): void {
    if (this.#closed || !isRtcp(bytes)) return;
    try {
      for (const packet of parseRtcp(bytes)) this.#heard(packet);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }

  /** Reports of a sender (RFC 3550, 6.4.1): `streamMs` is the stream's time at `nowMs`. */
  report(nowMs: number, streamMs: number): void {
    this.#report(this.video, { nowMs, streamMs, clockHz: VIDEO_CLOCK_HZ });
    this.#report(this.audio, { nowMs, streamMs, clockHz: OPUS_CLOCK_HZ });
  }

  canShow(codec: RtpVideoCodec | undefined): boolean {
    return codec !== undefined && this.#shows.has(codec);
  }

  isSilent(): boolean {
    return performance.now() - this.#heardAtMs > (this.video ? VIDEO_SILENCE_MS : AUDIO_SILENCE_MS);
  }

  /** The server ends it. */
  finish(reason: EndReason): void {
    if (this.#closed) return;
    const ssrcs = [this.video, this.audio].flatMap((line) => (line ? [line.ssrc] : []));
    this.#deps.transport.send(encodeRtcp([{ type: 'bye', ssrcs }]));
    this.close();
    this.#deps.onEnd(reason);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deps.broadcast.remove(this);
    this.video?.close();
    this.audio?.close();
    this.#deps.transport.close();
  }

  #line(kind: AcceptedLine['kind']): ViewerLine | undefined {
    const { lines, ssrcs, broadcast, transport } = this.#deps;
    const line = lines.find((one) => one.kind === kind);
    const ssrc = line && ssrcs.get(line.index);
    if (!line || ssrc === undefined) return undefined;
    const types = new Map(line.codecs.map(({ codec, payloadType }) => [codec, payloadType]));
    const codecNow = (): RtpVideoCodec | 'opus' | undefined => (kind === 'audio' ? 'opus' : this.picture.codec);
    return new ViewerLine({
      history: kind === 'audio' ? broadcast.audio.history : this.picture.history,
      ssrc,
      payloadType: () => {
        const codec = codecNow();
        return codec && types.get(codec);
      },
      send: (bytes) => transport.send(bytes),
    });
  }

  #report(
    line: ViewerLine | undefined,
    { nowMs, streamMs, clockHz }: { nowMs: number; streamMs: number; clockHz: number },
  ): void {
    const bytes = line?.report(nowMs, Math.round((streamMs * clockHz) / 1000) >>> 0);
    if (bytes) this.#deps.transport.send(bytes);
  }

  #heard(packet: RtcpPacket): void {
    this.#heardAtMs = performance.now();
    switch (packet.type) {
      case 'nack':
        this.#lineOf(packet.mediaSsrc)?.resend(packet.sequences, this.#heardAtMs);
        return;
      case 'pli':
      case 'fir':
        this.#repeat();
        return;
      case 'bye':
      case 'rr':
      case 'sr':
      case 'sdes':
      case 'remb':
      case 'transport-cc':
      case 'xr':
      case 'other':
        return;
      default:
        packet satisfies never;
    }
  }

  #repeat(): void {
    if (this.#heardAtMs - this.#repeatedAtMs < REPEAT_EVERY_MS) return;
    this.#repeatedAtMs = this.#heardAtMs;
    this.#deps.broadcast.repeatPicture(this);
  }

  #lineOf(ssrc: number): ViewerLine | undefined {
    return this.video?.ssrc === ssrc ? this.video : this.audio?.ssrc === ssrc ? this.audio : undefined;
  }
}

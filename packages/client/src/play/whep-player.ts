import { KaiboError, localError } from '../errors.ts';
import { RtcSession } from '../rtc/rtc-session.ts';
import { withStereoOpus } from '../rtc/sdp-edit.ts';
import { sum } from '../rtc/stats-report.ts';
import type { StatsReport } from '../rtc/stats-report.ts';
import { WhepStatsReader } from './whep-stats.ts';
import type { WhepStats } from './whep-stats.ts';

export interface WhepState {
  phase: 'idle' | 'connecting' | 'playing' | 'closed';
  /** Why it is closed, when not by `close()`. */
  error: KaiboError | null;
}

export interface WhepPlayerOptions {
  /** `Room.playUrls.whep`, with `vid=` and `token=` where they are needed. */
  url: string;
  fetch?: typeof globalThis.fetch;
  RTCPeerConnection?: typeof globalThis.RTCPeerConnection;
  /** For those who know when the publisher is away, and watch the picture themselves: only a server that is gone is an end (`stalled`). */
  mayBeSilent?: boolean;
  /** Once, after it played, unless `close()` was called. Null: the server ended it. Codes: `stalled`, `disconnected`, `ice_failed`. */
  onEnd(error: KaiboError | null): void;
  /** As soon as the server has said what comes, before it is connected: time to give it to a video element. */
  onTrack?(stream: MediaStream): void;
}

/** The server holds the request for up to 30 s while it waits for a publisher. */
const ANSWER_TIMEOUT_MS = 40_000;
/** Connected, and nothing comes: sound alone is fifty packets a second. */
const SILENCE_MS = 2000;

/** Not even a report comes, of which a server sends one a second whatever the publisher does (RFC 3550, 6.2). */
const ABSENCE_MS = 2500;

/** Plays one live stream by WHEP (draft-ietf-wish-whep), as close to live as the network lets it. Used once. */
export class WhepPlayer {
  readonly #options: WhepPlayerOptions;
  readonly #stream: MediaStream;
  readonly #stats = new WhepStatsReader();
  #rtc: RtcSession | undefined;
  #state: WhepState = { phase: 'idle', error: null };
  #playing: Promise<MediaStream> | undefined;

  constructor(options: WhepPlayerOptions) {
    this.#options = options;
    this.#stream = new MediaStream();
  }

  get state(): WhepState {
    return this.#state;
  }

  /** Resolves when it is connected. Rejects with a KaiboError: what the server refused, `timeout`, `ice_timeout`, `closed`. */
  play(): Promise<MediaStream> {
    if (this.#state.phase === 'closed') return Promise.reject(localError('closed', 'closed'));
    return (this.#playing ??= this.#connect());
  }

  /** Null before it was connected and after it ended. */
  async stats(): Promise<WhepStats | null> {
    return this.#rtc === undefined || this.#state.phase !== 'playing' ? null : this.#stats.read(this.#rtc.connection);
  }

  /** Idempotent. Resolves when the server was told. */
  async close(): Promise<void> {
    await this.#release(null);
  }

  async #connect(): Promise<MediaStream> {
    this.#state = { phase: 'connecting', error: null };
    const rtc = new RtcSession({
      url: this.#options.url,
      fetch: this.#options.fetch,
      RTCPeerConnection: this.#options.RTCPeerConnection,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      prepare: (connection) => this.#prepare(connection),
      editOffer: withStereoOpus,
      editAnswer: (sdp) => sdp,
      silenceMs: this.#options.mayBeSilent ? ABSENCE_MS : SILENCE_MS,
      received: this.#options.mayBeSilent
        ? bytesReceived
        : (report) => sum(report.all('inbound-rtp'), 'packetsReceived'),
      onEnd: (error) => this.#end(error),
    });
    this.#rtc = rtc;
    try {
      await rtc.connect();
    } catch (error) {
      await this.#release(error instanceof KaiboError ? error : null);
      throw error;
    }
    this.#state = { phase: 'playing', error: null };
    return this.#stream;
  }

  #prepare(connection: RTCPeerConnection): void {
    connection.ontrack = ({ receiver, track }) => {
      minimizeDelay(receiver);
      this.#stream.addTrack(track);
      this.#options.onTrack?.(this.#stream);
    };
    for (const kind of ['audio', 'video']) connection.addTransceiver(kind, { direction: 'recvonly' });
  }

  #end(error: KaiboError | null): void {
    if (this.#state.phase !== 'playing') return;
    void this.#release(error);
    this.#options.onEnd(error);
  }

  async #release(error: KaiboError | null): Promise<void> {
    if (this.#state.phase !== 'closed') this.#state = { phase: 'closed', error };
    for (const track of this.#stream.getTracks()) track.stop();
    await this.#rtc?.close();
  }
}

/** The jitter buffer begins with nothing and grows only where the network needs it. Chrome's older name is the second. */
function minimizeDelay(receiver: RTCRtpReceiver): void {
  const buffer: { jitterBufferTarget?: number | null; playoutDelayHint?: number | null } = receiver;
  if ('jitterBufferTarget' in buffer) buffer.jitterBufferTarget = 0;
  else if ('playoutDelayHint' in buffer) buffer.playoutDelayHint = 0;
}

/** Over everything, reports included; undefined where the browser does not tell. */
function bytesReceived(report: StatsReport): number | undefined {
  return sum(report.all('transport'), 'bytesReceived') || undefined;
}

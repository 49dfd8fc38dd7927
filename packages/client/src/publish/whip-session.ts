import type { KaiboError } from '../errors.ts';
import { RtcSession } from '../rtc/rtc-session.ts';
import { withCodecParameters, withStereoOpus } from '../rtc/sdp-edit.ts';
import { sum } from '../rtc/stats-report.ts';
import type { StatsReport } from '../rtc/stats-report.ts';
import type { PublishSession, PublishSessionOptions, PublishStats, TrackKind } from './publish-session.ts';
import { WhipStats } from './whip-stats.ts';

const ANSWER_TIMEOUT_MS = 10_000;
/** Chrome begins at 300 kbit/s and takes seconds to climb; a name of its own says where to begin. */
const START_BITRATE_BPS = 1_500_000;
const STEREO_OPUS_BPS = 160_000;
const MONO_OPUS_BPS = 96_000;
/** Constrained Baseline with packetization mode 1: every browser and every hardware has it. */
const FAVOURITE_PROFILE = /profile-level-id=42e0/i;
const PACKETIZATION_MODE_1 = /packetization-mode=1/;

/** Servers report what they received every second or sooner (RTCP). */
const SILENCE_MS = 2000;

/** Publishes by WHIP (RFC 9725). */
export class WhipSession implements PublishSession {
  readonly ended: Promise<KaiboError | null>;
  readonly #options: PublishSessionOptions;
  readonly #rtc: RtcSession;
  readonly #senders = new Map<TrackKind, RTCRtpSender>();
  readonly #stats = new WhipStats();
  readonly #isStereo: boolean;
  #finish: (error: KaiboError | null) => void = () => {};

  constructor(options: PublishSessionOptions) {
    this.#options = options;
    this.#isStereo = options.tracks.audio?.getSettings().channelCount === 2;
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.#rtc = new RtcSession({
      url: options.url,
      fetch: options.fetch,
      RTCPeerConnection: options.RTCPeerConnection,
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      prepare: (connection) => this.#prepare(connection),
      editOffer: (sdp) => (this.#isStereo ? withStereoOpus(sdp) : sdp),
      editAnswer: (sdp) => this.#editAnswer(sdp),
      silenceMs: SILENCE_MS,
      received: reportsReceived,
      onEnd: (error) => this.#finish(error),
    });
  }

  async connect(): Promise<void> {
    await this.#rtc.connect();
    await this.#applyParameters();
  }

  async replaceTrack(track: MediaStreamTrack | null, kind: TrackKind): Promise<boolean> {
    const sender = this.#senders.get(kind);
    // What the offer did not name cannot be sent over this session.
    if (sender === undefined) return track === null;
    await sender.replaceTrack(track);
    if (kind === 'video') await this.#applyParameters();
    return true;
  }

  async setMaxBitrate(bitrateBps: number): Promise<void> {
    this.#options.maxBitrateBps = bitrateBps;
    await this.#applyParameters();
  }

  stats(): Promise<PublishStats> {
    return this.#stats.read(this.#rtc.connection);
  }

  networkChanged(): void {
    this.#rtc.networkChanged();
  }

  async close(): Promise<void> {
    await this.#rtc.close();
    this.#finish(null);
  }

  #prepare(connection: RTCPeerConnection): void {
    const { tracks, maxBitrateBps, maxFramerate } = this.#options;
    const stream = new MediaStream([tracks.audio, tracks.video].filter((track) => track !== null));
    for (const kind of ['audio', 'video'] as const) {
      const track = tracks[kind];
      if (track === null) continue;
      const limits = {
        ...(maxBitrateBps ? { maxBitrate: maxBitrateBps } : {}),
        ...(maxFramerate ? { maxFramerate } : {}),
      };
      const transceiver = connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [stream],
        ...(kind === 'video' ? { sendEncodings: [limits] } : {}),
      });
      if (kind === 'video') preferH264(transceiver);
      this.#senders.set(kind, transceiver.sender);
    }
  }

  /** Browsers take what they send by from the answer. */
  #editAnswer(sdp: string): string {
    const opusBps = this.#isStereo ? STEREO_OPUS_BPS : MONO_OPUS_BPS;
    const audio = withCodecParameters(this.#isStereo ? withStereoOpus(sdp) : sdp, 'opus', {
      maxaveragebitrate: opusBps,
    });
    const startKbps = Math.round(Math.min(START_BITRATE_BPS, this.#options.maxBitrateBps ?? Infinity) / 1000);
    return withCodecParameters(audio, 'H264', { 'x-google-start-bitrate': startKbps });
  }

  async #applyParameters(): Promise<void> {
    const sender = this.#senders.get('video');
    if (!sender?.track) return;
    const { maxBitrateBps, maxFramerate } = this.#options;
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) {
      if (maxBitrateBps !== undefined) encoding.maxBitrate = maxBitrateBps;
      if (maxFramerate !== undefined) encoding.maxFramerate = maxFramerate;
    }
    parameters.degradationPreference = degradationOf(sender.track.contentHint);
    await sender.setParameters(parameters).catch((error: unknown) => {
      // A connection that ended meanwhile needs no limits.
      if (this.#rtc.connection.connectionState !== 'closed') throw error;
    });
  }
}

/** Text that nobody can read is worse than text that moves slowly. */
function degradationOf(contentHint: string): RTCDegradationPreference {
  if (contentHint === 'detail' || contentHint === 'text') return 'maintain-resolution';
  return contentHint === 'motion' ? 'maintain-framerate' : 'balanced';
}

function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const rank = ({ mimeType, sdpFmtpLine = '' }: RTCRtpCodec): number => {
    if (!/\/h264$/i.test(mimeType)) return 2;
    return FAVOURITE_PROFILE.test(sdpFmtpLine) && PACKETIZATION_MODE_1.test(sdpFmtpLine) ? 0 : 1;
  };
  // Older Firefox has no preferences; the server chooses then.
  transceiver.setCodecPreferences?.(codecs.toSorted((one, other) => rank(one) - rank(other)));
}

/** Bytes that came from the server: its reports, of which there must have been one. */
function reportsReceived(report: StatsReport): number | undefined {
  const bytes = sum(report.all('transport'), 'bytesReceived');
  return report.all('remote-inbound-rtp').length === 0 ? undefined : bytes || undefined;
}

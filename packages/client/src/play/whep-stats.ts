import { Rate } from '../rtc/rate.ts';
import { number, StatsReport, sum, text } from '../rtc/stats-report.ts';

/** What comes in now. Rates are of the time since the last call. */
export interface WhepStats {
  /** How long the picture (or, without one, the sound) waits in the jitter buffer. */
  delayMs: number;
  rttMs: number | null;
  /** 0 to 1. */
  lossRate: number;
  bitrateBps: number;
  fps: number;
  /** Freezes since the beginning. */
  freezes: number;
  width: number;
  height: number;
  /** Of the picture, like `H264`. */
  codec: string;
  audioCodec: string;
}

/** Reads a receiving connection's statistics, as differences to the last time. */
export class WhepStatsReader {
  readonly #bytes = new Rate();
  readonly #frames = new Rate();
  #delayS = 0;
  #emitted = 0;
  #received = 0;
  #lost = 0;

  async read(connection: RTCPeerConnection): Promise<WhepStats> {
    const report = new StatsReport(await connection.getStats());
    const nowMs = performance.now();
    const inbound = report.all('inbound-rtp');
    const video = report.all('inbound-rtp', 'video')[0];
    const audio = report.all('inbound-rtp', 'audio')[0];
    const [received, lost] = [sum(inbound, 'packetsReceived'), sum(inbound, 'packetsLost')];
    const [newReceived, newLost] = [received - this.#received, Math.max(0, lost - this.#lost)];
    this.#received = received;
    this.#lost = lost;
    return {
      delayMs: this.#delayMs(number(video, 'framesDecoded') > 0 ? video : audio),
      rttMs: report.rttMs(),
      lossRate: newReceived + newLost > 0 ? newLost / (newReceived + newLost) : 0,
      bitrateBps: Math.round(this.#bytes.perSecond(sum(inbound, 'bytesReceived') * 8, nowMs)),
      fps: this.#frames.perSecond(number(video, 'framesDecoded'), nowMs),
      freezes: number(video, 'freezeCount'),
      width: number(video, 'frameWidth'),
      height: number(video, 'frameHeight'),
      codec: report.codecOf(video),
      audioCodec: text(audio, 'codecId') === '' ? '' : report.codecOf(audio),
    };
  }

  /** Both counters rise with every frame (or sample) that leaves the buffer: their growth's quotient is the delay now. */
  #delayMs(entry: Readonly<Record<string, unknown>> | undefined): number {
    const [delayS, emitted] = [number(entry, 'jitterBufferDelay'), number(entry, 'jitterBufferEmittedCount')];
    const [newDelayS, newEmitted] = [delayS - this.#delayS, emitted - this.#emitted];
    this.#delayS = delayS;
    this.#emitted = emitted;
    if (newEmitted > 0 && newDelayS >= 0) return (newDelayS * 1000) / newEmitted;
    return emitted > 0 ? (delayS * 1000) / emitted : 0;
  }
}

import { Rate } from '../rtc/rate.ts';
import { number, StatsReport, sum } from '../rtc/stats-report.ts';
import type { PublishStats } from './publish-session.ts';

/** Reads a sending connection's statistics. */
export class WhipStats {
  readonly #video = new Rate();
  readonly #audio = new Rate();
  readonly #frames = new Rate();

  async read(connection: RTCPeerConnection): Promise<PublishStats> {
    const report = new StatsReport(await connection.getStats());
    const nowMs = performance.now();
    const video = report.all('outbound-rtp', 'video');
    const audio = report.all('outbound-rtp', 'audio');
    const reported = report.all('remote-inbound-rtp');
    const videoBitrateBps = Math.round(this.#video.perSecond(sum(video, 'bytesSent') * 8, nowMs));
    const audioBitrateBps = Math.round(this.#audio.perSecond(sum(audio, 'bytesSent') * 8, nowMs));
    const largest = video.toSorted((one, other) => number(other, 'frameWidth') - number(one, 'frameWidth'))[0];
    const remoteRtt = reported.map((entry) => entry['roundTripTime']).find((value) => typeof value === 'number');
    return {
      bitrateBps: videoBitrateBps + audioBitrateBps,
      videoBitrateBps,
      audioBitrateBps,
      fps: this.#frames.perSecond(sum(video, 'framesEncoded'), nowMs),
      width: number(largest, 'frameWidth'),
      height: number(largest, 'frameHeight'),
      rttMs: report.rttMs() ?? (remoteRtt === undefined ? null : remoteRtt * 1000),
      lossRate: reported.length === 0 ? null : Math.max(...reported.map((entry) => number(entry, 'fractionLost'))),
      codec: report.codecOf(largest ?? audio[0]),
      queueMs: 0,
    };
  }
}

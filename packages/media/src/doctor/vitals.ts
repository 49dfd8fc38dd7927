import type { MediaPacket } from '@kaibo/formats';
import { FrameSteps } from './frame-steps.ts';

/** Of the second samples, one a second. */
const KEPT_SAMPLES = 31;
/** What is said of "now" is of this long. */
const NOW_SAMPLES = 5;
const BITRATE_SAMPLES = 10;
/** Media time that goes on by this much while much less time passes, was set and did not pass. */
const JUMP_MS = 1000;

/** Sums of one track since the last sample. */
interface TrackSums {
  packets: number;
  /** Of arrival minus media time, ms. */
  lagMs: number;
}

/** A second of a stream. */
interface Sample {
  atMs: number;
  bytes: number;
  /** Media time at its end. */
  mediaMs: number;
  frames: number;
  bFrames: number;
  jumps: number;
  /** How much later than its media time each track came, on average; of any reference. */
  videoLagMs: number | undefined;
  audioLagMs: number | undefined;
}

/** How a stream arrives, as the rules judge it. Shares are 0 to 1; what is not known yet is undefined. */
export interface Vitals {
  /** Since the publisher's first packet. */
  ageMs: number;
  /** A browser, or what publishes as browsers do. */
  bridged: boolean;
  /** Since the last packet of the track, or the beginning. */
  videoSilentMs: number;
  audioSilentMs: number;
  /** Media time between the last two key frames, or since the last one when that is longer. */
  keyIntervalMs: number | undefined;
  bFrames: number | undefined;
  fps: number | undefined;
  /** The most there have been. */
  usualFps: number | undefined;
  /** The publisher's own word. */
  announcedFps: number | undefined;
  irregularSteps: number | undefined;
  jumps: number;
  /** Media time that came in each unit of time. */
  pace: number | undefined;
  bitrateBps: number | undefined;
  /** The most in 5 s to the least, over half a minute. */
  bitrateSwing: number | undefined;
  avDriftMs: number | undefined;
}

/** Measures one publisher. A packet costs a few additions; what they say is worked out once a second. */
export class VitalSigns {
  readonly #bridged: boolean;
  readonly #steps = new FrameSteps();
  readonly #samples: Sample[] = [];
  readonly #begunMs: number;
  #video: TrackSums = { packets: 0, lagMs: 0 };
  #audio: TrackSums = { packets: 0, lagMs: 0 };
  #bytes = 0;
  #bFrames = 0;
  #jumps = 0;
  #lastArrivalMs: number;
  #lastMediaMs: number | undefined;
  #videoArrivalMs: number;
  #audioArrivalMs: number;
  #videoMs: number | undefined;
  #audioMs: number | undefined;
  #maxPtsMs = -Infinity;
  #keyMs: number | undefined;
  #keyIntervalMs = 0;
  #usualFps = 0;
  announcedFps: number | undefined;

  /** `nowMs` is of the clock that arrivals are told by. */
  constructor({ nowMs, bridged, announcedFps }: { nowMs: number; bridged: boolean; announcedFps: number | undefined }) {
    this.#begunMs = nowMs;
    this.#bridged = bridged;
    this.announcedFps = announcedFps;
    this.#lastArrivalMs = nowMs;
    this.#videoArrivalMs = nowMs;
    this.#audioArrivalMs = nowMs;
  }

  /** A media packet in stream time, no configuration. */
  packet({ kind, dtsMs, ptsMs, keyframe, payload }: MediaPacket, nowMs: number): void {
    this.#bytes += payload.length;
    if (kind === 'data') return;
    // Of the track and of all: sound goes on while pictures are left out, and may be ahead from the beginning.
    const ownMs = kind === 'video' ? this.#videoMs : this.#audioMs;
    const stepMs = dtsMs - Math.max(ownMs ?? dtsMs, this.#lastMediaMs ?? dtsMs);
    if (stepMs > JUMP_MS && nowMs - this.#lastArrivalMs < stepMs / 2) this.#jumps++;
    this.#lastMediaMs = Math.max(dtsMs, this.#lastMediaMs ?? dtsMs);
    this.#lastArrivalMs = nowMs;
    if (kind === 'audio') {
      this.#audioMs = dtsMs;
      this.#audio.packets++;
      this.#audio.lagMs += nowMs - dtsMs;
      this.#audioArrivalMs = nowMs;
      return;
    }
    this.#video.packets++;
    this.#video.lagMs += nowMs - dtsMs;
    this.#videoArrivalMs = nowMs;
    if (this.#videoMs !== undefined) this.#steps.push(dtsMs - this.#videoMs);
    this.#videoMs = dtsMs;
    if (ptsMs < this.#maxPtsMs) this.#bFrames++;
    else this.#maxPtsMs = ptsMs;
    if (keyframe) {
      this.#keyIntervalMs = dtsMs - (this.#keyMs ?? dtsMs);
      this.#keyMs = dtsMs;
    } else {
      this.#keyMs ??= dtsMs;
    }
  }

  /** Once a second. `repairs`: times that the hub put right since the last call. */
  examine(nowMs: number, repairs: number): Vitals {
    this.#samples.push(this.#sample(nowMs, repairs));
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
    const steps = this.#steps.summary();
    if (steps) this.#usualFps = Math.max(this.#usualFps, steps.fps);
    const { frames, bFrames } = sum(this.#samples.slice(-NOW_SAMPLES));
    return {
      ageMs: nowMs - this.#begunMs,
      bridged: this.#bridged,
      videoSilentMs: nowMs - this.#videoArrivalMs,
      audioSilentMs: nowMs - this.#audioArrivalMs,
      keyIntervalMs:
        this.#videoMs === undefined || this.#keyMs === undefined
          ? undefined
          : Math.max(this.#keyIntervalMs, this.#videoMs - this.#keyMs),
      bFrames: frames > 0 ? bFrames / frames : undefined,
      fps: steps?.fps,
      usualFps: steps && this.#usualFps,
      announcedFps: this.announcedFps,
      irregularSteps: steps?.irregular,
      jumps: sum(this.#samples).jumps,
      pace: this.#pace(),
      bitrateBps: this.#bitrate(BITRATE_SAMPLES, this.#samples.length - 1),
      bitrateSwing: this.#bitrateSwing(),
      avDriftMs: this.#avDrift(),
    };
  }

  #sample(atMs: number, repairs: number): Sample {
    const mean = ({ packets, lagMs }: TrackSums): number | undefined => (packets > 0 ? lagMs / packets : undefined);
    const sample: Sample = {
      atMs,
      bytes: this.#bytes,
      mediaMs: this.#lastMediaMs ?? 0,
      frames: this.#video.packets,
      bFrames: this.#bFrames,
      jumps: this.#jumps + repairs,
      videoLagMs: mean(this.#video),
      audioLagMs: mean(this.#audio),
    };
    this.#video = { packets: 0, lagMs: 0 };
    this.#audio = { packets: 0, lagMs: 0 };
    this.#bytes = 0;
    this.#bFrames = 0;
    this.#jumps = 0;
    return sample;
  }

  #pace(): number | undefined {
    const first = this.#samples.at(-1 - NOW_SAMPLES);
    const last = this.#samples.at(-1);
    return first && last && (last.mediaMs - first.mediaMs) / (last.atMs - first.atMs);
  }

  /** Of the `count` samples that end with the one at `end`, bits per second. */
  #bitrate(count: number, end: number): number | undefined {
    const before = this.#samples[end - count];
    const last = this.#samples[end];
    if (!before || !last) return undefined;
    return (sum(this.#samples.slice(end - count + 1, end + 1)).bytes * 8000) / (last.atMs - before.atMs);
  }

  #bitrateSwing(): number | undefined {
    if (this.#samples.length < KEPT_SAMPLES) return undefined;
    let least = Infinity;
    let most = 0;
    for (let end = NOW_SAMPLES; end < this.#samples.length; end++) {
      const bitrateBps = this.#bitrate(NOW_SAMPLES, end) ?? 0;
      least = Math.min(least, bitrateBps);
      most = Math.max(most, bitrateBps);
    }
    return least > 0 ? most / least : undefined;
  }

  #avDrift(): number | undefined {
    const driftsMs = this.#samples
      .slice(-NOW_SAMPLES)
      .flatMap(({ videoLagMs, audioLagMs }) =>
        videoLagMs === undefined || audioLagMs === undefined ? [] : [audioLagMs - videoLagMs],
      );
    if (driftsMs.length < NOW_SAMPLES) return undefined;
    return driftsMs.reduce((total, driftMs) => total + driftMs, 0) / driftsMs.length;
  }
}

function sum(samples: readonly Sample[]): Pick<Sample, 'bytes' | 'frames' | 'bFrames' | 'jumps'> {
  const total = { bytes: 0, frames: 0, bFrames: 0, jumps: 0 };
  for (const { bytes, frames, bFrames, jumps } of samples) {
    total.bytes += bytes;
    total.frames += frames;
    total.bFrames += bFrames;
    total.jumps += jumps;
  }
  return total;
}

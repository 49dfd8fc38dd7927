import type { FindingCode, FindingSeverity } from './finding.ts';
import type { Vitals } from './vitals.ts';

/** Of this server, by which a stream is judged. */
export interface DoctorLimits {
  /** WebRTC viewers get what a publisher's B-frames leave (`media.rtc`); `off` is nobody. */
  webrtc: 'off' | 'drop' | 'transcode';
  /** More of it is more than most viewers can take. */
  highBitrateBps: number;
  /** A publisher above it is closed. */
  maxBitrateBps: number;
}

export interface Verdict {
  severity: FindingSeverity;
  value: number;
}

export interface Rule {
  code: FindingCode;
  /** How long it has to be so before it is said, and to be well before it is taken back. */
  holdMs: number;
  clearMs: number;
  /** Undefined: all is well, or nothing can be said. */
  judge(vitals: Vitals, limits: DoctorLimits): Verdict | undefined;
}

/** Rates that a publisher can mean. */
const ANNOUNCED_FPS = { least: 5, most: 240 } as const;
const IRREGULAR_SHARE = 0.1;

/** `warningAt` and `problemAt` are what the value has to be above. */
function above(value: number | undefined, levels: Partial<Record<FindingSeverity, number>>): Verdict | undefined {
  if (value === undefined) return undefined;
  for (const severity of ['problem', 'warning', 'info'] as const) {
    if (value > (levels[severity] ?? Infinity)) return { severity, value: Math.round(value) };
  }
  return undefined;
}

const percent = (share: number | undefined): number | undefined => share && share * 100;

/** The share of frames that the encoder left out, by the rate that it announced or has had. */
function missingFrames({ fps, usualFps, announcedFps, irregularSteps }: Vitals): number | undefined {
  if (fps === undefined || usualFps === undefined) return undefined;
  const isMeant =
    announcedFps !== undefined &&
    announcedFps >= ANNOUNCED_FPS.least &&
    announcedFps <= ANNOUNCED_FPS.most &&
    (irregularSteps ?? 0) <= IRREGULAR_SHARE;
  return 1 - fps / Math.max(1, isMeant ? announcedFps : usualFps);
}

/**
 * What is judged, and when it is said. Browsers are not told of key frames and rates: they make key frames when somebody
 * needs one, adapt their rate to the network, and have no setting for either.
 */
export const RULES: readonly Rule[] = [
  {
    // A viewer begins, an HLS segment ends and a slow viewer goes on at a key frame.
    code: 'keyframe_interval_long',
    holdMs: 2000,
    clearMs: 5000,
    judge: ({ bridged, keyIntervalMs }) =>
      bridged ? undefined : above(keyIntervalMs, { warning: 4000, problem: 10_000 }),
  },
  {
    // Browsers show no B-frames by WebRTC (architecture.md).
    code: 'b_frames',
    holdMs: 3000,
    clearMs: 10_000,
    judge: ({ bFrames }, { webrtc }) =>
      webrtc === 'off' ? undefined : above(percent(bFrames), { [webrtc === 'drop' ? 'warning' : 'info']: 0 }),
  },
  {
    code: 'no_audio',
    holdMs: 0,
    clearMs: 3000,
    judge: ({ audioSilentMs }) => above(audioSilentMs, { warning: 5000 }),
  },
  {
    code: 'no_video',
    holdMs: 0,
    clearMs: 3000,
    judge: ({ videoSilentMs }) => above(videoSilentMs, { problem: 5000 }),
  },
  {
    code: 'variable_frame_rate',
    holdMs: 5000,
    clearMs: 15_000,
    judge: ({ bridged, irregularSteps }) =>
      bridged ? undefined : above(percent(irregularSteps), { info: IRREGULAR_SHARE * 100 }),
  },
  {
    code: 'timestamp_jumps',
    holdMs: 0,
    clearMs: 5000,
    judge: ({ jumps }) => above(jumps, { warning: 0, problem: 4 }),
  },
  {
    code: 'bitrate_high',
    holdMs: 5000,
    clearMs: 15_000,
    judge: ({ bitrateBps }, { highBitrateBps, maxBitrateBps }) =>
      above(bitrateBps, { info: highBitrateBps, warning: maxBitrateBps * 0.8 }),
  },
  {
    code: 'bitrate_unstable',
    holdMs: 5000,
    clearMs: 30_000,
    // Of a long group of pictures the beginning alone is large.
    judge: ({ bitrateSwing, bitrateBps, keyIntervalMs }) => {
      if ((bitrateBps ?? 0) < 500_000 || (keyIntervalMs ?? 0) > 4000) return undefined;
      const verdict = above(bitrateSwing, { info: 4 });
      return verdict && { ...verdict, value: Math.round((bitrateSwing ?? 0) * 10) / 10 };
    },
  },
  {
    code: 'encoder_overload',
    holdMs: 6000,
    clearMs: 10_000,
    judge: (vitals) => {
      const late = 1 - (vitals.pace ?? 1);
      const missing = vitals.bridged ? 0 : (missingFrames(vitals) ?? 0);
      return above(percent(Math.max(late, missing)), { warning: 10, problem: 30 });
    },
  },
  {
    code: 'av_drift',
    holdMs: 5000,
    clearMs: 10_000,
    judge: ({ avDriftMs }) => {
      const verdict = above(avDriftMs && Math.abs(avDriftMs), { warning: 400, problem: 1500 });
      return verdict && { ...verdict, value: Math.round(avDriftMs ?? 0) };
    },
  },
];

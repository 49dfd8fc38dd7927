export const RESOLUTIONS = ['1080p', '720p', '480p', '360p'] as const;
export const FRAME_RATES = [24, 30, 60] as const;
export const BITRATE_LEVELS = ['low', 'standard', 'high'] as const;

/** What the streamer wants to send. */
export interface Quality {
  resolution: (typeof RESOLUTIONS)[number];
  fps: (typeof FRAME_RATES)[number];
  bitrate: (typeof BITRATE_LEVELS)[number];
}

export const DEFAULT_QUALITY: Quality = { resolution: '720p', fps: 30, bitrate: 'standard' };

const SIZES: Record<Quality['resolution'], { width: number; height: number }> = {
  '1080p': { width: 1920, height: 1080 },
  '720p': { width: 1280, height: 720 },
  '480p': { width: 854, height: 480 },
  '360p': { width: 640, height: 360 },
};

/** Good H.264 of a person who moves, at 30 frames per second. */
const BITRATES_BPS: Record<Quality['resolution'], number> = {
  '1080p': 4_500_000,
  '720p': 2_500_000,
  '480p': 1_200_000,
  '360p': 700_000,
};
const LEVELS: Record<Quality['bitrate'], number> = { low: 0.6, standard: 1, high: 1.6 };
/** Twice the frames are not twice the bits, because neighbours look alike. */
const FRAME_RATE_FACTORS: Record<Quality['fps'], number> = { 24: 0.9, 30: 1, 60: 1.5 };
const STEP_BPS = 50_000;

export function sizeOf(quality: Quality): { width: number; height: number } {
  return SIZES[quality.resolution];
}

/** Of the video, rounded to what can be said shortly. */
export function bitrateOf({ resolution, fps, bitrate }: Quality): number {
  const bps = BITRATES_BPS[resolution] * LEVELS[bitrate] * FRAME_RATE_FACTORS[fps];
  return Math.round(bps / STEP_BPS) * STEP_BPS;
}

/** Wishes, so that a camera that has nothing of the kind gives what it has. */
export function constraintsOf(quality: Quality): MediaTrackConstraints {
  const { width, height } = sizeOf(quality);
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: quality.fps } };
}

/** What was remembered, as far as it is known today. */
export function qualityFrom(stored: Partial<Record<keyof Quality, unknown>>): Quality {
  return {
    resolution: oneOf(RESOLUTIONS, stored.resolution, DEFAULT_QUALITY.resolution),
    fps: oneOf(FRAME_RATES, stored.fps, DEFAULT_QUALITY.fps),
    bitrate: oneOf(BITRATE_LEVELS, stored.bitrate, DEFAULT_QUALITY.bitrate),
  };
}

function oneOf<Choice>(choices: readonly Choice[], value: unknown, otherwise: Choice): Choice {
  return choices.find((choice) => choice === value) ?? otherwise;
}

/** Table A-1 of ITU-T H.264: level_idc, and the most macroblocks a second, macroblocks a picture and kbit/s (Baseline). */
const LEVELS = [
  { idc: 0x1e, macroblocksPerS: 40_500, pictureMacroblocks: 1620, kbps: 10_000 }, // 3
  { idc: 0x1f, macroblocksPerS: 108_000, pictureMacroblocks: 3600, kbps: 14_000 }, // 3.1
  { idc: 0x20, macroblocksPerS: 216_000, pictureMacroblocks: 5120, kbps: 20_000 }, // 3.2
  { idc: 0x28, macroblocksPerS: 245_760, pictureMacroblocks: 8192, kbps: 20_000 }, // 4
  { idc: 0x2a, macroblocksPerS: 522_240, pictureMacroblocks: 8704, kbps: 50_000 }, // 4.2
  { idc: 0x32, macroblocksPerS: 589_824, pictureMacroblocks: 22_080, kbps: 135_000 }, // 5
  { idc: 0x33, macroblocksPerS: 983_040, pictureMacroblocks: 36_864, kbps: 240_000 }, // 5.1
  { idc: 0x34, macroblocksPerS: 2_073_600, pictureMacroblocks: 36_864, kbps: 240_000 }, // 5.2
] as const;

/** Constrained Baseline, which WebRTC viewers of every browser decode; then Main and High, for encoders without it. */
const PROFILES = ['42e0', '4d00', '6400'] as const;

export interface PictureFormat {
  width: number;
  height: number;
  framerate: number;
  bitrateBps: number;
}

/** RFC 6381 names of H.264 for such a picture, the best first, like `avc1.42e01f`: the lowest level that allows it. */
export function avcCodecs({ width, height, framerate, bitrateBps }: PictureFormat): string[] {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const level = LEVELS.find(
    ({ macroblocksPerS, pictureMacroblocks, kbps }) =>
      macroblocks <= pictureMacroblocks && macroblocks * framerate <= macroblocksPerS && bitrateBps <= kbps * 1000,
  );
  const idc = (level?.idc ?? 0x34).toString(16);
  return PROFILES.map((profile) => `avc1.${profile}${idc}`);
}

/** 0.09 bit a pixel: 2.5 Mbit/s for 720p at 30 a second. */
const BITS_PER_PIXEL = 0.09;
const [LEAST_BPS, MOST_BPS] = [300_000, 8_000_000];

/** What a picture of this size is worth when nobody said. */
export function usualBitrateBps({ width, height, framerate }: Omit<PictureFormat, 'bitrateBps'>): number {
  return Math.round(Math.min(MOST_BPS, Math.max(LEAST_BPS, width * height * framerate * BITS_PER_PIXEL)));
}

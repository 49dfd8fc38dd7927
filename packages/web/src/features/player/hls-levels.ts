import type { Level } from 'hls.js';
import type { QualityLevel } from './play-session.ts';
import { SOURCE } from './quality.ts';

type HlsLevel = Pick<Level, 'width' | 'height' | 'bitrate' | 'name'>;

/** hls.js sorts them by height, then by bitrate: the last is the source. One alone is no choice. */
export function qualityLevels(levels: readonly HlsLevel[]): QualityLevel[] {
  if (levels.length < 2) return [];
  return levels.map((level, index) => ({
    id: index === levels.length - 1 ? SOURCE : nameOf(level),
    height: sizeOf(level),
    bitrateBps: level.bitrate,
  }));
}

/** For hls.js; -1 leaves it to the network. */
export function levelIndex(levels: readonly HlsLevel[], quality: string): number {
  return qualityLevels(levels).findIndex(({ id }) => id === quality);
}

function nameOf(level: HlsLevel): string {
  return level.name || `${sizeOf(level)}p`;
}

/** Of the shorter side, as people name it; 0 for sound alone. */
function sizeOf({ width, height }: HlsLevel): number {
  return Math.min(width || height || 0, height || 0);
}

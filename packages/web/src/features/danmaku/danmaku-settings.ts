export const AREAS = { quarter: 0.25, half: 0.5, most: 0.75, full: 1 } as const;
export type DanmakuArea = keyof typeof AREAS;

/** How a viewer wants what flies over the picture; kept in this browser. */
export interface DanmakuSettings {
  on: boolean;
  /** 0.2 to 1. */
  opacity: number;
  /** 0.5 to 2; 1 crosses the picture in eight seconds. */
  speed: number;
  /** 0.6 to 1.6 times the usual size. */
  size: number;
  area: DanmakuArea;
  /** Shows all, even over each other. */
  dense: boolean;
}

export const DEFAULT_DANMAKU: DanmakuSettings = {
  on: true,
  opacity: 0.9,
  speed: 1,
  size: 1,
  area: 'half',
  dense: false,
};

const TRAVEL_MS = 8_000;
const STAND_MS = 4_500;

/** Text size in CSS pixels for a picture of that height. */
export function fontSizeOf(heightPx: number, { size }: Pick<DanmakuSettings, 'size'>): number {
  return Math.round(Math.min(28, Math.max(14, heightPx / 22)) * size);
}

/** What was kept may be of another version, or of somebody who tried things out. */
export function usableSettings(kept: Partial<DanmakuSettings>): DanmakuSettings {
  const within = (value: unknown, low: number, high: number, usual: number): number =>
    typeof value === 'number' && value >= low && value <= high ? value : usual;
  return {
    on: kept.on !== false,
    opacity: within(kept.opacity, 0.2, 1, DEFAULT_DANMAKU.opacity),
    speed: within(kept.speed, 0.5, 2, DEFAULT_DANMAKU.speed),
    size: within(kept.size, 0.6, 1.6, DEFAULT_DANMAKU.size),
    area: kept.area !== undefined && Object.hasOwn(AREAS, kept.area) ? kept.area : DEFAULT_DANMAKU.area,
    dense: kept.dense === true,
  };
}

/** Crossing and standing times in ms. */
export function timesOf({ speed }: Pick<DanmakuSettings, 'speed'>): { travelMs: number; standMs: number } {
  return { travelMs: TRAVEL_MS / speed, standMs: STAND_MS / speed };
}

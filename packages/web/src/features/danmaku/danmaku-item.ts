export const POSITIONS = ['scroll', 'top', 'bottom'] as const;
export type DanmakuPosition = (typeof POSITIONS)[number];

/** A message that flies over the picture. */
export interface DanmakuItem {
  /** The same message comes once, whichever way it came. */
  id: string;
  text: string;
  /** `#rrggbb`. */
  color: string;
  position: DanmakuPosition;
  /** ms since the epoch of the picture that its author saw. */
  mediaAt: number;
  /** Who wrote it. */
  person: string;
  isOwn?: boolean;
}

/** Light ones, for they stand on pictures. The first is the usual one. */
export const COLORS = ['#ffffff', '#ffd84d', '#ff9f43', '#ff7b72', '#ff8fc7', '#c59bff', '#6cb6ff', '#5fd9a6'] as const;

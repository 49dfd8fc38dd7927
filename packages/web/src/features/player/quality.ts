import type { PlayUrls, Room } from '@kaibo/client';
import type { QualityLevel } from './play-session.ts';

/** As the network allows, where the way can change by itself; elsewhere as published. */
export const AUTO = 'auto';
/** As published. */
export const SOURCE = 'source';

type Offered = Pick<Room, 'playUrls' | 'renditions'>;

/** What a viewer may choose besides `AUTO`, the best first: of the room, or else what the way brings by itself. */
export function qualityOptions({ renditions = [] }: Offered, levels: readonly QualityLevel[]): QualityLevel[] {
  const smaller = renditions.map(({ name, height = 0, bitrateBps }) => ({ id: name, height, bitrateBps }));
  const source = levels.find(({ id }) => id === SOURCE) ?? { id: SOURCE, height: 0, bitrateBps: 0 };
  const options = smaller.length > 0 ? [source, ...smaller] : levels.length > 1 ? [...levels] : [];
  return options.toSorted((one, other) => rankOf(other) - rankOf(one));
}

/** What is meant in this room by a choice made in another: the nearest that is no larger, or else the source. */
export function pickQuality(options: readonly QualityLevel[], wanted: string): string {
  if (wanted === AUTO || options.some(({ id }) => id === wanted)) return wanted;
  const height = Number.parseInt(wanted, 10);
  const fitting = options.filter((option) => option.id !== SOURCE && option.height <= height);
  return fitting[0]?.id ?? AUTO;
}

/** Where a quality is played. HLS always has the whole playlist, in which the way itself finds it. */
export function urlsOf({ playUrls, renditions = [] }: Offered, quality: string): PlayUrls {
  const rendition = renditions.find(({ name }) => name === quality);
  if (!rendition) return playUrls;
  const { flv, wsFlv, whep } = rendition;
  return { flv, wsFlv, whep, hls: playUrls.hls ?? rendition.hls };
}

/** The source is never smaller than what is made of it. */
function rankOf({ id, height, bitrateBps }: QualityLevel): number {
  return id === SOURCE ? Number.POSITIVE_INFINITY : height * 1e9 + bitrateBps;
}

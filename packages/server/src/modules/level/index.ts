import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { ExperienceFeed, FanBadges } from './contract.ts';

/** How far a fan came in a channel. */
export interface LevelModule extends InteractModule {
  feed: ExperienceFeed;
  badges: FanBadges;
}

export function createLevelModule(_deps: InteractDeps): LevelModule {
  return { feed: { add: async () => {} }, badges: { badgesOf: async () => new Map() } };
}

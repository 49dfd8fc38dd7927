import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { RankFeed, SupporterBadges } from './contract.ts';

/** Who has most: viewers, followers, revenue, and each channel's supporters. */
export interface RankModule extends InteractModule {
  feed: RankFeed;
  badges: SupporterBadges;
}

export function createRankModule(_deps: InteractDeps): RankModule {
  return { feed: { add: async () => {} }, badges: { badgesOf: async () => new Map() } };
}

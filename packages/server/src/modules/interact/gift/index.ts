import type { ExperienceFeed, FanBadges } from '../../level/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { RankFeed } from '../../rank/contract.ts';
import type { Ledger } from '../../wallet/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import type { GiftHistory } from './contract.ts';

export interface GiftDeps extends InteractDeps {
  ledger: Ledger;
  rank: RankFeed;
  experience: ExperienceFeed;
  fans: FanBadges;
  notifier: Notifier;
}

/** Gifts: what there is, who gave which to whom. */
export interface GiftModule extends InteractModule {
  history: GiftHistory;
}

export function createGiftModule(_deps: GiftDeps): GiftModule {
  return { history: { sentSince: async () => 0, onGift: () => {} } };
}

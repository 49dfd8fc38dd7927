import type { ExperienceFeed, FanBadges } from '../../level/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { RankFeed, SupporterBadges } from '../../rank/contract.ts';
import type { Ledger } from '../../wallet/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import { giftAccountHolder } from './account.ts';
import { addGiftAdminRoutes } from './admin-routes.ts';
import { Catalogue } from './catalogue.ts';
import type { GiftHistory } from './contract.ts';
import { GiftLanes } from './lanes.ts';
import { GiftListeners } from './listeners.ts';
import { GiftMetrics } from './metrics.ts';
import { Refunds } from './refunds.ts';
import { addGiftRoutes, giftCommand } from './routes.ts';
import { GiftService } from './service.ts';
import { GiftStore } from './store.ts';
import { ComboSweeper } from './sweeper.ts';
import { GiftView } from './view.ts';

export interface GiftDeps extends InteractDeps {
  ledger: Ledger;
  rank: RankFeed;
  experience: ExperienceFeed;
  fans: FanBadges;
  supporters: SupporterBadges;
  notifier: Notifier;
  /** Of a gift's coins, to the streamer. */
  sharePercent: number;
}

/** Gifts: what there is, who gave which to whom. */
export interface GiftModule extends InteractModule {
  history: GiftHistory;
}

export function createGiftModule(deps: GiftDeps): GiftModule {
  const store = new GiftStore(deps.database);
  const catalogue = new Catalogue(deps);
  const view = new GiftView(deps);
  const listeners = new GiftListeners();
  const [lanes, metrics] = [new GiftLanes(), new GiftMetrics()];
  const service = new GiftService({ ...deps, store, catalogue, view, listeners, lanes, metrics });
  const refunds = new Refunds({ ...deps, store, listeners });
  const sweeper = new ComboSweeper({ ...deps, store });
  return {
    history: {
      sentSince: (roomId, userId, options) => store.sentSince(roomId, userId, options),
      receivedSince: (channelId, sinceMs) => store.receivedSince(channelId, sinceMs),
      onGift: (listener) => listeners.onGift(listener),
      onRefund: (listener) => listeners.onRefund(listener),
    },
    addRoutes: (app, callerOf) => {
      addGiftRoutes(app, { ...deps, catalogue, service, store, view, callerOf });
      addGiftAdminRoutes(app, { catalogue, refunds, store, callerOf });
    },
    commands: [giftCommand(service)],
    accountHolder: giftAccountHolder({ store, outbox: deps.outbox }),
    measure: (registry) => metrics.show(registry, { waiting: () => lanes.waiting }),
    start: async () => sweeper.start(),
    stop: () => sweeper.stop(),
  };
}

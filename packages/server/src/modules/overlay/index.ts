import type { GiftHistory } from '../interact/gift/contract.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import { overlayAccountHolder } from './account.ts';
import { addGoalRoutes } from './goal-routes.ts';
import { GoalTicker } from './goal-ticker.ts';
import { Goals, readGoal } from './goals.ts';
import { Overlays } from './overlays.ts';
import { addOverlayRoutes } from './routes.ts';
import { OverlayStore } from './store.ts';

export interface OverlayDeps extends InteractDeps {
  gifts: GiftHistory;
}

/** A streamer's overlay and goals, for OBS. */
export function createOverlayModule(deps: OverlayDeps): InteractModule {
  const store = new OverlayStore(deps.database);
  const read = (channelId: string) => readGoal({ store, gifts: deps.gifts }, channelId);
  const ticker = new GoalTicker({ ...deps, store, read });
  const goals = new Goals({ ...deps, store, ticker });
  const overlays = new Overlays({ ...deps, store, readGoal: read });
  deps.gifts.onGift((gift) => ticker.changed(gift));
  deps.gifts.onRefund((refund) => ticker.changed(refund));
  return {
    addRoutes: (app, callerOf) => {
      addGoalRoutes(app, { goals, callerOf });
      addOverlayRoutes(app, { overlays, callerOf });
    },
    accountHolder: overlayAccountHolder({ store, outbox: deps.outbox }),
    start: async () => ticker.start(),
    stop: () => ticker.stop(),
  };
}

import type { Notifier } from '../../notice/contract.ts';
import type { ChatArchive } from '../chat/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import type { GiftHistory } from '../gift/contract.ts';
import { lotteryAccountHolder } from './account.ts';
import { RealBeacons, type BeaconOptions } from './beacons.ts';
import { Drand } from './drand.ts';
import { Drawer } from './drawer.ts';
import { EntryDesk } from './entry-desk.ts';
import { LotteryMetrics } from './metrics.ts';
import { PhraseWatch } from './phrase-watch.ts';
import { Progress } from './progress.ts';
import { ProofCache } from './proof-cache.ts';
import { addLotteryRoutes } from './routes.ts';
import { LotteryService } from './service.ts';
import { LotteryStore } from './store.ts';

export interface LotteryDeps extends InteractDeps {
  chat: ChatArchive;
  gifts: GiftHistory;
  notifier: Notifier;
  options: BeaconOptions;
}

/** Lotteries that anybody can check. */
export function createLotteryModule(deps: LotteryDeps): InteractModule {
  const store = new LotteryStore(deps.database);
  const progress = new Progress(deps);
  const metrics = new LotteryMetrics();
  const proofs = new ProofCache(deps.now);
  const drand = new Drand({ hosts: deps.options.drandHosts, fetch });
  const beacons = new RealBeacons({ ...deps, drand, metrics });
  const desk = new EntryDesk({ ...deps, store, progress, metrics });
  const drawer = new Drawer({ ...deps, store, beacons, metrics });
  const phrases = new PhraseWatch({ ...deps, store, desk });
  const onStarted = (): void => {
    phrases.refresh().catch((error: unknown) => deps.logger.warn({ err: error }, 'a phrase is not listened for yet'));
  };
  const service = new LotteryService({ ...deps, store, beacons, desk, drawer, proofs, onStarted });
  return {
    accountHolder: lotteryAccountHolder(store, proofs),
    addRoutes: (app, callerOf) => addLotteryRoutes(app, { service, callerOf }),
    measure: (registry) => metrics.measure(registry, { open: () => store.countOpen() }),
    start: async () => {
      drawer.start();
      phrases.start();
    },
    stop: async () => {
      phrases.stop();
      progress.stop();
      beacons.stop();
      await drawer.stop();
    },
  };
}

import { Projector } from '../../database/projector.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { PeriodStarts } from '../rank/contract.ts';
import { KeptFanBadges } from './badges.ts';
import type { ExperienceFeed, FanBadges, LevelRules } from './contract.ts';
import { countExperience } from './counting.ts';
import { experienceFeed } from './feed.ts';
import { addLevelRoutes } from './routes.ts';
import { LevelService } from './service.ts';
import { FanStore } from './store.ts';
import { Watchers } from './watchers.ts';

const EVERY_MS = 1000;
/** Batches of one round. */
const MAX_BATCHES = 20;

export interface LevelDeps extends InteractDeps {
  calendar: PeriodStarts;
  rules: LevelRules;
}

/** How far a fan came in a channel. */
export interface LevelModule extends InteractModule {
  feed: ExperienceFeed;
  badges: FanBadges;
}

export function createLevelModule(deps: LevelDeps): LevelModule {
  const { database, state, now, logger } = deps;
  const store = new FanStore(database, now);
  const badges = new KeptFanBadges({ store, now });
  const service = new LevelService({ ...deps, store, badges });
  const watchers = new Watchers(deps);
  const projector = new Projector({
    ...{ name: 'level', state, logger, everyMs: EVERY_MS },
    work: async () => {
      await watchers.tick();
      for (let batch = 0; batch < MAX_BATCHES && (await countExperience(deps)) > 0; batch++);
    },
  });
  return {
    feed: experienceFeed,
    badges,
    accountHolder: {
      name: 'fans',
      exportData: (userId) => store.ofUser(userId),
      // A fan who is banned is only not listed.
      accountGone: async (userId, why) => {
        if (why === 'deleted') await store.forget(userId);
      },
    },
    addRoutes: (app, callerOf) => addLevelRoutes(app, { service, rules: deps.rules, callerOf }),
    start: async () => projector.start(),
    stop: () => projector.stop(),
  };
}

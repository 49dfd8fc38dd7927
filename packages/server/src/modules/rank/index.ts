import { Projector } from '../../database/projector.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import { rankAccountHolder } from './account.ts';
import { supporterBadges } from './badges.ts';
import { Boards } from './boards.ts';
import { rankChannels } from './channels.ts';
import type { PeriodStarts, RankFeed, SupporterBadges } from './contract.ts';
import { countBatch } from './counting.ts';
import { rankFeed } from './feed.ts';
import { Publisher } from './publisher.ts';
import { addRankRoutes } from './routes.ts';
import { ViewerSampler } from './sampler.ts';
import { applyFacts } from './scores.ts';
import { RankStore } from './store.ts';
import { Watching } from './watching.ts';

export { Calendar } from './period.ts';
export { rebuildRankings } from './rebuild.ts';

/** How often what waits is counted and told. */
const EVERY_MS = 1000;
/** Viewer numbers are written down by the nodes this often. */
const SAMPLE_MS = 5000;
const SWEEP_MS = 3_600_000;
/** Batches of one round. */
const MAX_BATCHES = 4;

export interface RankDeps extends InteractDeps {
  calendar: PeriodStarts;
}

/** Who has most: viewers, followers, revenue, and each channel's supporters. */
export interface RankModule extends InteractModule {
  feed: RankFeed;
  badges: SupporterBadges;
}

export function createRankModule(deps: RankDeps): RankModule {
  const { database, state, rooms, now, logger, calendar } = deps;
  const store = new RankStore(database, now);
  const boards = new Boards({ store, calendar, now });
  const watching = new Watching({ state, logger });
  const publisher = new Publisher({ database, state, boards });
  const sampler = new ViewerSampler({ database, now, calendar });
  const dueAt = { sample: 0, sweep: 0 };
  const projector = new Projector({
    ...{ name: 'rank', state, logger, everyMs: EVERY_MS },
    work: async () => {
      if (isDue(dueAt, 'sample', SAMPLE_MS)) await sample(deps, { sampler, publisher });
      await countAll(deps, publisher);
      if (isDue(dueAt, 'sweep', SWEEP_MS)) await store.sweep();
    },
    onLost: () => {
      publisher.forget();
      sampler.forget();
    },
  });
  return {
    feed: rankFeed,
    badges: supporterBadges(boards),
    channels: rankChannels({ boards, rooms, watching }),
    accountHolder: rankAccountHolder({ database, store, now }),
    addRoutes: (app, callerOf) => addRankRoutes(app, { boards, rooms, callerOf }),
    start: async () => projector.start(),
    stop: () => projector.stop(),
  };
}

/** By the machine's own clock, for the platform's may be turned by a test. */
function isDue(dueAt: { sample: number; sweep: number }, what: keyof typeof dueAt, everyMs: number): boolean {
  const now = performance.now();
  if (now < dueAt[what]) return false;
  dueAt[what] = now + everyMs;
  return true;
}

/** Those who look are told after each commit; see `Publisher`. */
async function countAll({ database, calendar }: RankDeps, publisher: Publisher): Promise<void> {
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const counted = await countBatch(database, calendar);
    publisher.note(counted);
    await publisher.tell();
    if (!counted.hasMore) return;
  }
}

async function sample(
  { database, calendar }: RankDeps,
  { sampler, publisher }: { sampler: ViewerSampler; publisher: Publisher },
): Promise<void> {
  const facts = await sampler.facts();
  publisher.noteViewers();
  if (facts.length > 0) await database.transaction().execute((transaction) => applyFacts(transaction, facts, calendar));
}

import type { Database } from '../../database/database.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { ChatArchive } from '../interact/chat/contract.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Notifier } from '../notice/contract.ts';
import { moderationAccountHolder } from './account.ts';
import { ModerationChannel } from './channel.ts';
import type { Moderator } from './contract.ts';
import { HeldService } from './held.ts';
import { createModerator } from './moderator.ts';
import { addMuteRoutes } from './mute-routes.ts';
import { MuteStore } from './mute-store.ts';
import { MuteService } from './mutes.ts';
import { ReportDesk } from './report-desk.ts';
import { addReportRoutes } from './report-routes.ts';
import { ReportStore } from './report-store.ts';
import { ReportService } from './reports.ts';
import { WordBook } from './word-book.ts';
import { addWordRoutes } from './word-routes.ts';
import { WordStore } from './word-store.ts';
import { WordService } from './words.ts';

export { everywhere } from './words.ts';

export interface ModerationDeps extends InteractDeps {
  /** Asked for when it is needed: chat itself needs the moderator first. */
  chat(): ChatArchive;
  notifier: Notifier;
}

/** What may be said and who may say it; reports and what becomes of them. */
export interface ModerationModule extends InteractModule {
  moderator: Moderator;
}

export function createModerationModule(deps: ModerationDeps): ModerationModule {
  const { database, outbox, state, rooms, now } = deps;
  const stores = {
    words: new WordStore(database),
    mutes: new MuteStore(database, now),
    reports: new ReportStore(database, now),
  };
  const book = new WordBook({ store: stores.words, state });
  const changed = (channelId: string): void => book.forget(channelId);
  const words = new WordService({ store: stores.words, outbox, now, changed });
  const mutes = new MuteService({ ...deps, store: stores.mutes });
  const held = new HeldService(deps);
  const reports = new ReportService({ ...deps, store: stores.reports });
  const desk = new ReportDesk({ ...deps, store: stores.reports, mutes });
  return {
    channels: [new ModerationChannel({ ...deps, reports: stores.reports })],
    moderator: createModerator({ mutes: stores.mutes, words: book }),
    accountHolder: moderationAccountHolder({ ...stores, outbox, changed }),
    addRoutes: (app, callerOf) => {
      addWordRoutes(app, { words, book, rooms, callerOf });
      addMuteRoutes(app, { mutes, held, callerOf });
      addReportRoutes(app, { reports, desk, callerOf });
    },
    start: () => book.start(),
    stop: () => book.stop(),
  };
}

/** For the command line; the platform that runs hears of changes by its outbox. */
export function createWordService(deps: { database: Database; outbox: Outbox; now: () => number }): WordService {
  return new WordService({ ...deps, store: new WordStore(deps.database), changed: () => {} });
}

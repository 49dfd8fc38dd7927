import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Notifier } from './contract.ts';
import { StoredNotifier } from './notifier.ts';
import { NoticeStore } from './store.ts';

/** What people are told: in the page, by push, and other programs by webhook. */
export interface NoticeModule extends InteractModule {
  notifier: Notifier;
}

export function createNoticeModule({ database, now }: InteractDeps): NoticeModule {
  const store = new NoticeStore(database);
  return { notifier: new StoredNotifier({ store, now, count: () => {} }) };
}

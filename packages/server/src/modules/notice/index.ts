import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Notifier } from './contract.ts';

/** What people are told: in the page, by push, and other programs by webhook. */
export interface NoticeModule extends InteractModule {
  notifier: Notifier;
}

export function createNoticeModule(_deps: InteractDeps): NoticeModule {
  return { notifier: { notify: async () => {} } };
}

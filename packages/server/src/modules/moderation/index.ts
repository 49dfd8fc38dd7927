import type { ChatArchive } from '../interact/chat/contract.ts';
import type { InteractDeps, InteractModule } from '../interact/contract.ts';
import type { Notifier } from '../notice/contract.ts';
import type { Moderator } from './contract.ts';

export interface ModerationDeps extends InteractDeps {
  /** Asked for when it is needed: chat itself needs the moderator first. */
  chat(): ChatArchive;
  notifier: Notifier;
}

/** What may be said and who may say it; reports and what becomes of them. */
export interface ModerationModule extends InteractModule {
  moderator: Moderator;
}

export function createModerationModule(_deps: ModerationDeps): ModerationModule {
  return {
    moderator: {
      judge: async ({ text }) => ({ text, verdict: 'shown', isMasked: false }),
      mutedUntil: async () => undefined,
    },
  };
}

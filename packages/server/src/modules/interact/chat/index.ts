import type { ExperienceFeed, FanBadges } from '../../level/contract.ts';
import type { Moderator } from '../../moderation/contract.ts';
import type { Notifier } from '../../notice/contract.ts';
import type { SupporterBadges } from '../../rank/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import type { ChatArchive } from './contract.ts';

export interface ChatDeps extends InteractDeps {
  moderator: Moderator;
  supporters: SupporterBadges;
  fans: FanBadges;
  experience: ExperienceFeed;
  notifier: Notifier;
}

/** What is said in a room, beside the picture and over it. */
export interface ChatModule extends InteractModule {
  archive: ChatArchive;
}

export function createChatModule(_deps: ChatDeps): ChatModule {
  return {
    archive: {
      find: async () => undefined,
      held: async () => [],
      setState: async () => false,
      hasSaid: async () => false,
      onMessage: () => {},
    },
  };
}

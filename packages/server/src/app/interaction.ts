import { isPublicAddress } from '@kaibo/media';
import { createChatModule } from '../modules/interact/chat/index.ts';
import type { InteractDeps, InteractModule } from '../modules/interact/contract.ts';
import { createGiftModule } from '../modules/interact/gift/index.ts';
import { createLotteryModule } from '../modules/interact/lottery/index.ts';
import { createLevelModule } from '../modules/level/index.ts';
import { createModerationModule } from '../modules/moderation/index.ts';
import type { Notifier } from '../modules/notice/contract.ts';
import { createNoticeModule, createWebhookService } from '../modules/notice/index.ts';
import { createOverlayModule } from '../modules/overlay/index.ts';
import type { RankFeed } from '../modules/rank/contract.ts';
import type { RecordingLookup } from '../modules/recording/contract.ts';
import { Calendar, createRankModule } from '../modules/rank/index.ts';
import { createWalletModule } from '../modules/wallet/index.ts';
import type { InteractionConfig } from './interaction-config.ts';

export interface InteractionDeps extends InteractDeps {
  /** Asked late: recordings are made after what is here. */
  recordings: () => RecordingLookup;
}

/** Everything that makes a room alive, in the order of its start. */
export interface Interaction {
  modules: readonly InteractModule[];
  rank: RankFeed;
  notifier: Notifier;
}

/** For the command line. */
export function createWebhooks(
  deps: Pick<InteractDeps, 'database' | 'outbox' | 'now'>,
  { webhooks }: Pick<InteractionConfig, 'webhooks'>,
): ReturnType<typeof createWebhookService> {
  return createWebhookService({ ...deps, ...webhooks, isPublic: isPublicAddress });
}

export function createInteraction({ recordings, ...given }: InteractionDeps, config: InteractionConfig): Interaction {
  const depsOf = (module: string): InteractDeps => ({ ...given, logger: given.logger.child({ module }) });
  const notice = createNoticeModule({
    ...{ ...depsOf('notice'), isPublic: isPublicAddress },
    options: { ...config.notices, ...config.webhooks },
  });
  const { notifier } = notice;
  const calendar = new Calendar(config.rank.timeZone);
  const rank = createRankModule({ ...depsOf('rank'), calendar });
  const level = createLevelModule({ ...depsOf('level'), calendar, rules: config.levels });
  const wallet = createWalletModule({ ...depsOf('wallet'), payments: config.payments });
  const moderation = createModerationModule({ ...depsOf('moderation'), chat: () => chat.archive, notifier });
  const chat = createChatModule({
    ...depsOf('chat'),
    moderator: moderation.moderator,
    ...{ supporters: rank.badges, fans: level.badges, experience: level.feed, notifier },
    ...{ recordings, options: config.chat },
  });
  const gift = createGiftModule({
    ...depsOf('gift'),
    ...{ ledger: wallet.ledger, rank: rank.feed, experience: level.feed, fans: level.badges, notifier },
    supporters: rank.badges,
    sharePercent: config.gifts.sharePercent,
  });
  const lottery = createLotteryModule({
    ...{ ...depsOf('lottery'), chat: chat.archive, gifts: gift.history, notifier, options: config.lottery },
  });
  const overlay = createOverlayModule({ ...depsOf('overlay'), gifts: gift.history });
  return {
    modules: [notice, rank, level, wallet, moderation, chat, gift, lottery, overlay],
    rank: rank.feed,
    notifier,
  };
}

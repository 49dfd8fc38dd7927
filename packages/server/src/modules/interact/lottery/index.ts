import type { Notifier } from '../../notice/contract.ts';
import type { ChatArchive } from '../chat/contract.ts';
import type { InteractDeps, InteractModule } from '../contract.ts';
import type { GiftHistory } from '../gift/contract.ts';

export interface LotteryDeps extends InteractDeps {
  chat: ChatArchive;
  gifts: GiftHistory;
  notifier: Notifier;
}

/** Lotteries that anybody can check. */
export function createLotteryModule(_deps: LotteryDeps): InteractModule {
  return {};
}

import { AppError } from '../../gateway/contract.ts';
import type { UserDirectory } from '../../user/contract.ts';
import type { ChatArchive } from '../chat/contract.ts';
import type { GiftHistory } from '../gift/contract.ts';
import type { LotteryCondition } from './contract.ts';
import type { LotteryRow } from './store.ts';
import { termsOf } from './view.ts';

export interface ConditionDeps {
  users: UserDirectory;
  chat: ChatArchive;
  gifts: GiftHistory;
}

/** Rooms without an account have no followers and take no gifts. @throws AppError lottery_condition_unfit */
export function assertFits(condition: LotteryCondition, ownerId: string | null): void {
  if (ownerId === null && (condition.type === 'follower' || condition.type === 'gift'))
    throw new AppError('lottery_condition_unfit');
}

/** @throws AppError lottery_needs_follow, lottery_needs_phrase, lottery_needs_gift */
export async function assertMeets(row: LotteryRow, userId: string, deps: ConditionDeps): Promise<void> {
  const { condition } = termsOf(row);
  const sinceMs = row.started_at;
  switch (condition.type) {
    case 'anyone':
      return;
    case 'follower':
      if (!(await deps.users.isFollowing(userId, row.channel_id))) throw new AppError('lottery_needs_follow');
      return;
    case 'phrase': {
      const { phrase } = condition;
      if (!(await deps.chat.hasSaid(row.room_id, userId, { text: phrase, sinceMs })))
        throw new AppError('lottery_needs_phrase', { phrase });
      return;
    }
    case 'gift': {
      const { giftId, minCoins = 1 } = condition;
      if ((await deps.gifts.sentSince(row.room_id, userId, { sinceMs, giftId })) < minCoins)
        throw new AppError('lottery_needs_gift');
    }
  }
}

import { withRankChange } from '@kaibo/client';
import type { ChannelMessage, KaiboError, RankChange, RankEntry, RankSnapshot } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { realtime } from '../../api.ts';

type Boards = RankSnapshot['boards'];

/** Rankings of a channel, by board and period; null before they came. */
export interface BoardsState {
  boards: ShallowRef<Boards | null>;
  refused: Ref<boolean>;
}

/** Keeps the boards of `rank` or `rank:ID` current for as long as the caller lives. */
export function useBoards(channel: string, token?: string): BoardsState {
  const boards = shallowRef<Boards | null>(null);
  const refused = ref(false);

  function take(message: ChannelMessage): void {
    if (message.kind === 'snapshot') {
      boards.value = (message.data as RankSnapshot).boards;
      refused.value = false;
      return;
    }
    const change = message.data as RankChange;
    const board: Record<string, RankEntry[]> = boards.value?.[change.board] ?? {};
    const entries = withRankChange(board[change.period] ?? [], change);
    boards.value = { ...boards.value, [change.board]: { ...board, [change.period]: entries } };
  }

  const onRefused = (_error: KaiboError): void => void (refused.value = true);
  onScopeDispose(realtime.subscribe(channel, take, { token, onRefused }));
  return { boards, refused };
}

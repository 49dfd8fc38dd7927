import type { Lottery, LotteryProgress } from '@kaibo/client';
import { computed, shallowRef } from 'vue';
import type { ComputedRef, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import { advanced, merged } from './newest.ts';
import { Witnesses } from './witness.ts';

export interface LotteryState {
  /** Of the room, the newest first. */
  lotteries: ShallowRef<readonly Lottery[]>;
  /** The one that goes on, or the last one. */
  current: ComputedRef<Lottery | undefined>;
  /** This person is among the winners of it. */
  hasWon: ComputedRef<boolean>;
  /** @throws KaiboError */
  join(): Promise<void>;
  /** What somebody was answered. */
  apply(lottery: Lottery): void;
}

/** The lotteries of a room, kept current by its events for as long as the calling component lives. */
export function useLottery(events: RoomEvents): LotteryState {
  const account = useAccount();
  const owned = useOwnedRooms();
  const witnesses = new Witnesses(window.localStorage);
  const lotteries = shallowRef<readonly Lottery[]>([]);
  const current = computed(() => lotteries.value.find(({ status }) => status === 'open') ?? lotteries.value[0]);
  const hasWon = computed(() => {
    const me = account.user?.id;
    return me !== undefined && (current.value?.result?.winners.some(({ userId }) => userId === me) ?? false);
  });

  function take(told: readonly Lottery[]): void {
    lotteries.value = merged(lotteries.value, told);
    const ids = new Set(told.map(({ id }) => id));
    for (const lottery of lotteries.value) if (ids.has(lottery.id)) witnesses.saw(lottery);
  }

  const apply = (lottery: Lottery): void => take([lottery]);

  function advance(progress: LotteryProgress): void {
    witnesses.sawHead(progress);
    const known = lotteries.value.find(({ id }) => id === progress.id);
    if (known) apply(advanced(known, progress));
  }

  async function reload(): Promise<void> {
    await account.restore();
    const ownerToken = owned.tokenOf(events.roomId);
    try {
      take(await api.lotteries.ofRoom(events.roomId, { ownerToken, playToken: events.token() }));
    } catch {
      // Whoever may not see the room is told by the room itself; the next event or snapshot tries again.
    }
  }

  for (const event of ['lottery.started', 'lottery.closed', 'lottery.ended']) events.on<Lottery>(event, apply);
  events.on<LotteryProgress>('lottery.progress', advance);
  // At first, and whenever events were lost.
  events.listen('room', ({ kind }) => void (kind === 'snapshot' && reload()));

  return {
    lotteries,
    current,
    hasWon,
    apply,
    join: async () => {
      if (current.value) apply(await api.lotteries.join(current.value.id, { playToken: events.token() }));
    },
  };
}

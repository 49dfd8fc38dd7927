import type { ChannelMessage, RoomPoint, RoomSeries } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

/** Six hours at a point every ten seconds, which is as much as the server gives. */
const MAX_POINTS = 2_160;

export interface Series {
  /** The oldest first; null before the first answer. */
  points: ShallowRef<readonly RoomPoint[] | null>;
  failed: Ref<boolean>;
  load(): Promise<void>;
}

/** How a broadcast goes over time. While it is live every new point comes by itself. */
export function useSeries(roomId: string): Series {
  const owned = useOwnedRooms();
  const points = shallowRef<readonly RoomPoint[] | null>(null);
  const failed = ref(false);
  const ownerToken = owned.tokenOf(roomId);

  async function load(): Promise<void> {
    try {
      const series = await api.insight.series(roomId, { ownerToken });
      [points.value, failed.value] = [series.points, false];
    } catch {
      failed.value = points.value === null;
    }
  }

  function hear(message: ChannelMessage): void {
    if (message.kind === 'snapshot') {
      // At first, and whenever events were lost.
      [points.value, failed.value] = [(message.data as RoomSeries).points, false];
      return;
    }
    if (message.event !== 'room.sampled' || points.value === null) return;
    const point = message.data as RoomPoint;
    points.value = [...points.value.filter(({ at }) => at < point.at), point].slice(-MAX_POINTS);
  }

  onScopeDispose(realtime.subscribe(`insight:${roomId}`, hear, { token: ownerToken }));
  // Of a show that is over nothing more comes.
  void load();
  return { points, failed, load };
}

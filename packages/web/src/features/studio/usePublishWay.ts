import type { Room } from '@kaibo/client';
import { useStorage } from '@vueuse/core';
import { computed, ref } from 'vue';
import type { Ref, WritableComputedRef } from 'vue';

/** From this page, by a program like OBS, or from a phone. */
export const PUBLISH_WAYS = ['browser', 'encoder', 'phone'] as const;
export type PublishWay = (typeof PUBLISH_WAYS)[number];

/** Whether this room takes a picture from a browser. */
export function takesBrowsers({ publishUrls }: Pick<Room, 'publishUrls'>): boolean {
  return Boolean(publishUrls?.whip ?? publishUrls?.wsFlv);
}

/** The ways that lead into this room. */
export function waysInto(room: Pick<Room, 'publishUrls'>): PublishWay[] {
  return PUBLISH_WAYS.filter((way) => way !== 'browser' || takesBrowsers(room));
}

/** What the streamer chose last; who streams by a program already sees that first. */
export function usePublishWay(room: Readonly<Ref<Room | null>>): WritableComputedRef<PublishWay> {
  const remembered = useStorage<PublishWay>('kaibo.publishWay', 'browser');
  const chosen = ref<PublishWay | null>(null);
  return computed({
    get() {
      const last = PUBLISH_WAYS.find((way) => way === remembered.value) ?? 'browser';
      if (room.value && !takesBrowsers(room.value)) return chosen.value === 'phone' ? 'phone' : 'encoder';
      if (chosen.value) return chosen.value;
      if (room.value?.publishing?.protocol.startsWith('rtmp')) return last === 'phone' ? 'phone' : 'encoder';
      return last;
    },
    set(way) {
      chosen.value = way;
      remembered.value = way;
    },
  });
}

import type { Room } from '@kaibo/client';
import { useStorage } from '@vueuse/core';
import { computed, ref } from 'vue';
import type { Ref, WritableComputedRef } from 'vue';

/** From this page, or by a program like OBS. */
export const PUBLISH_WAYS = ['browser', 'encoder'] as const;
export type PublishWay = (typeof PUBLISH_WAYS)[number];

/** Whether this room takes a picture from a browser. */
export function takesBrowsers({ publishUrls }: Pick<Room, 'publishUrls'>): boolean {
  return Boolean(publishUrls?.whip ?? publishUrls?.wsFlv);
}

/** What the streamer chose last; who streams by a program already sees that first. */
export function usePublishWay(room: Readonly<Ref<Room | null>>): WritableComputedRef<PublishWay> {
  const remembered = useStorage<PublishWay>('kaibo.publishWay', 'browser');
  const chosen = ref<PublishWay | null>(null);
  return computed({
    get() {
      if (room.value && !takesBrowsers(room.value)) return 'encoder';
      if (chosen.value) return chosen.value;
      if (room.value?.publishing?.protocol.startsWith('rtmp')) return 'encoder';
      return remembered.value === 'encoder' ? 'encoder' : 'browser';
    },
    set(way) {
      chosen.value = way;
      remembered.value = way;
    },
  });
}

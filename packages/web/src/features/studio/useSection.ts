import { useMediaQuery } from '@vueuse/core';
import { computed } from 'vue';
import type { ComputedRef, WritableComputedRef } from 'vue';
import { useRoute, useRouter } from 'vue-router';

/** The parts of the control room below the picture. The chat is one of them only where it does not stand beside it. */
export const SECTIONS = ['chat', 'health', 'interact', 'settings', 'restream', 'recording'] as const;
export type Section = (typeof SECTIONS)[number];

export interface SectionChoice {
  section: WritableComputedRef<Section>;
  /** Whether the chat has a column of its own. */
  isWide: Readonly<ComputedRef<boolean>>;
}

/** Which section is open: the hash of the address, so that a link, a reload and the way back find it again. */
export function useSection(offered: () => readonly Section[]): SectionChoice {
  const route = useRoute();
  const router = useRouter();
  const wide = useMediaQuery('(min-width: 64rem)');
  const isWide = computed(() => wide.value);
  const section = computed<Section>({
    get() {
      const named = offered().find((name) => name === route.hash.slice(1));
      if (named && !(named === 'chat' && isWide.value)) return named;
      return isWide.value ? 'health' : 'chat';
    },
    set: (name) => void router.replace({ hash: `#${name}` }),
  });
  return { section, isWide };
}

import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useRoute } from 'vue-router';
import { isLocale, useLocaleMessages } from '../i18n/index.ts';

export interface EmbedLook {
  /** It begins by itself. */
  autoplay: ComputedRef<boolean>;
  muted: ComputedRef<boolean>;
}

/**
 * How the page of another site wants its player: `?autoplay=0`, `muted=1`, `lang=en`, `theme=dark`. Nothing of it is
 * kept, for it is not what the viewer chose.
 */
export function useEmbedLook(): EmbedLook {
  const { query } = useRoute();
  const { lang, theme } = query;
  if (isLocale(lang)) void useLocaleMessages(lang);
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  return {
    autoplay: computed(() => query.autoplay !== '0'),
    muted: computed(() => query.muted === '1'),
  };
}

import { usePreferredDark, usePreferredReducedMotion, useStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed, watch } from 'vue';
import { NO_FILTER, usableFilter } from '../features/danmaku/danmaku-filter.ts';
import type { DanmakuFilter } from '../features/danmaku/danmaku-filter.ts';
import { COLORS } from '../features/danmaku/danmaku-item.ts';
import type { DanmakuPosition } from '../features/danmaku/danmaku-item.ts';
import { DEFAULT_DANMAKU, usableSettings } from '../features/danmaku/danmaku-settings.ts';
import type { DanmakuSettings } from '../features/danmaku/danmaku-settings.ts';
import { isLocale, LOCALES, preferredLocale, useLocaleMessages } from '../i18n/index.ts';
import type { Locale } from '../i18n/index.ts';

export type Theme = 'system' | 'light' | 'dark';

/** Whether and how one's own messages fly over the picture. */
export interface DanmakuSending {
  on: boolean;
  /** `#rrggbb`. */
  color: string;
  position: DanmakuPosition;
}

const DEFAULT_SENDING: DanmakuSending = { on: true, color: COLORS[0], position: 'scroll' };

/** What a visitor chose, remembered in this browser. public/theme.js reads the same keys before the first paint. */
export const usePreferences = defineStore('preferences', () => {
  const theme = useStorage<Theme>('kaibo.theme', 'system');
  const storedLocale = useStorage<string>('kaibo.locale', '');
  const systemDark = usePreferredDark();
  const danmaku = useStorage<DanmakuSettings>('kaibo.danmaku', DEFAULT_DANMAKU, undefined, {
    mergeDefaults: usableSettings,
  });
  const filter = useStorage<DanmakuFilter>('kaibo.danmakuFilter', NO_FILTER, undefined, {
    mergeDefaults: usableFilter,
  });
  const sending = useStorage<DanmakuSending>('kaibo.danmakuSending', DEFAULT_SENDING, undefined, {
    mergeDefaults: true,
  });

  /** Less movement than the system asks for; it never undoes what the system asks for. */
  const lessMotion = useStorage<boolean>('kaibo.lessMotion', false);
  /** Fewer bytes: no moving previews, a modest quality. */
  const lessData = useStorage<boolean>('kaibo.lessData', false);
  /** Whether a picture plays by itself when its page is opened. */
  const autoplay = useStorage<boolean>('kaibo.autoplay', true);
  const systemMotion = usePreferredReducedMotion();

  const reducedMotion = computed(() => lessMotion.value || systemMotion.value === 'reduce');
  const reducedData = computed(() => lessData.value || wantsLessData());
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemDark.value));
  const locale = computed<Locale>(() => {
    return isLocale(storedLocale.value) ? storedLocale.value : preferredLocale(navigator.languages);
  });

  watch(
    theme,
    (chosen) => {
      const { dataset } = document.documentElement;
      if (chosen === 'system') delete dataset.theme;
      else dataset.theme = chosen;
    },
    { immediate: true },
  );

  watch(lessMotion, (less) => document.documentElement.toggleAttribute('data-less-motion', less), { immediate: true });

  /** To the other look; back at what the system says, the choice is forgotten and the system is followed again. */
  function toggleTheme(): void {
    const next = dark.value ? 'light' : 'dark';
    theme.value = (next === 'dark') === systemDark.value ? 'system' : next;
  }

  async function setLocale(next: Locale): Promise<void> {
    await useLocaleMessages(next);
    storedLocale.value = next;
  }

  function nextLocale(): Promise<void> {
    const index = LOCALES.indexOf(locale.value);
    return setLocale(LOCALES[(index + 1) % LOCALES.length] ?? LOCALES[0]);
  }

  return {
    ...{ theme, dark, locale, danmaku, filter, sending, lessMotion, reducedMotion, lessData, reducedData, autoplay },
    ...{ toggleTheme, setLocale, nextLocale },
  };
});

/** What the system or the browser says; only some browsers tell. */
function wantsLessData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}

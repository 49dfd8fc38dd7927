import type { FanLevel } from '@kaibo/client';
import { shallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api } from '../../api.ts';

/** The same for everybody on this site, so that a page asks once, when the first badge is drawn. */
const levels = shallowRef<readonly FanLevel[]>([]);
let asked: Promise<void> | undefined;

async function load(): Promise<void> {
  try {
    levels.value = await api.fans.levels();
  } catch {
    // Badges go without titles, and the next one asks again.
    asked = undefined;
  }
}

/** What the fans of a level are called, in the language of the page; undefined before it is known, and of no level. */
export function useFanLevels(): { titleOf(level: number): string | undefined } {
  const { locale } = useI18n();
  asked ??= load();
  return { titleOf: (level) => levels.value[level - 1]?.title[locale.value === 'en' ? 'en' : 'zh'] };
}

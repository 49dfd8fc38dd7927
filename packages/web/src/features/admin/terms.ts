import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';

const DAY_S = 86_400;
/** In seconds; 0 is for good. */
const TERMS = { day: DAY_S, week: 7 * DAY_S, month: 30 * DAY_S, forever: 0 } as const;

/** How long a ban or mute can last, as choices. */
export function useTerms(): ComputedRef<{ value: number; text: string; testid: string }[]> {
  const { t } = useI18n();
  return computed(() =>
    Object.entries(TERMS).map(([key, value]) => ({ value, text: t(`admin.terms.${key}`), testid: `term-${key}` })),
  );
}

import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import type { WordAction } from '@kaibo/client';
import { useI18n } from 'vue-i18n';

const ACTIONS: readonly WordAction[] = ['mask', 'hold', 'block'];

/** What can become of a word, as choices. */
export function useWordActions(): ComputedRef<{ value: WordAction; text: string; testid: string }[]> {
  const { t } = useI18n();
  return computed(() =>
    ACTIONS.map((value) => ({ value, text: t(`admin.words.actions.${value}`), testid: `word-${value}` })),
  );
}

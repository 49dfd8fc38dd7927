import type { ChannelInsight } from '@kaibo/client';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';

export const SPANS = [7, 30, 90] as const;
export type Span = (typeof SPANS)[number];

export interface ChannelInsightState {
  days: Ref<Span>;
  /** Of the span before while the next one is asked for; null before the first answer. */
  insight: ShallowRef<ChannelInsight | null>;
  failed: Ref<boolean>;
  load(): Promise<void>;
}

/** How one's own shows went over the last days. */
export function useChannelInsight(): ChannelInsightState {
  const days = ref<Span>(30);
  const insight = shallowRef<ChannelInsight | null>(null);
  const failed = ref(false);

  async function load(): Promise<void> {
    const asked = days.value;
    failed.value = false;
    try {
      const found = await api.insight.channel(asked);
      if (asked === days.value) insight.value = found;
    } catch {
      failed.value = asked === days.value;
    }
  }

  watch(days, () => void load(), { immediate: true });
  return { days, insight, failed, load };
}

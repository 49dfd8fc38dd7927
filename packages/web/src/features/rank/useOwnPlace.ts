import type { RankEntry, RankPlace } from '@kaibo/client';
import { computed, shallowRef, watch } from 'vue';
import type { ComputedRef } from 'vue';
import { useAccount } from '../../stores/account.ts';

/**
 * Where somebody who is logged in stands: in the list that is shown, or where the server says, who is asked for every
 * list anew by `ask`. Null when nowhere.
 */
export function useOwnPlace(
  list: () => { name: string; entries: readonly RankEntry[] },
  ask: () => Promise<{ me?: RankPlace }>,
): ComputedRef<RankPlace | null> {
  const account = useAccount();
  const below = shallowRef<RankPlace | null>(null);

  async function look(): Promise<void> {
    const asked = list().name;
    below.value = null;
    if (!account.user) return;
    // Without an answer there is no line of one's own; the list stands.
    const { me = null } = await ask().catch((): { me?: RankPlace } => ({}));
    if (list().name === asked) below.value = me;
  }

  watch([() => list().name, () => account.user?.id], () => void look(), { immediate: true });
  return computed(() => {
    const mine = list().entries.find(({ userId }) => userId === account.user?.id);
    return mine ?? below.value;
  });
}

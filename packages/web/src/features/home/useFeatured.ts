import type { Room } from '@kaibo/client';
import { useDocumentVisibility, useElementVisibility, useEventListener, useTimeoutFn } from '@vueuse/core';
import type { MaybeComputedElementRef } from '@vueuse/core';
import { computed, onMounted, ref, watch } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { useSteadyOrder } from '../../composables/useSteadyOrder.ts';
import { useAutoplayWish } from './useAutoplayWish.ts';

const SHOWN = 4;
/** Seen at least half, and for so long, before a stream is fetched; gone for so long, before it is let go. */
const SETTLE_MS = 400;
const LEAVE_MS = 3000;
const SIGNS = ['pointermove', 'pointerdown', 'scroll', 'keydown'] as const;
/** Who only looks wants it to move, too. */
const UNSEEN_MS = 5000;

export interface Featured {
  /** The one on the stage; undefined when nobody is live. */
  room: ComputedRef<Room | undefined>;
  /** Those to switch between, the one on the stage among them. */
  picks: ComputedRef<Room[]>;
  /** Whether its picture is to move now. */
  plays: Ref<boolean>;
  /** Whether somebody has asked for that. */
  asked: Readonly<Ref<boolean>>;
  pick(id: string): void;
  /** Somebody wants to see it move, whatever was said about movement. */
  ask(): void;
}

/** The best of what is live: `ranked` is the most wanted first. What is on the stage stays until it is over. */
export function useFeatured(stage: MaybeComputedElementRef, ranked: () => readonly Room[]): Featured {
  const picked = ref('');
  const asked = ref(false);
  const picks = useSteadyOrder(
    () => topOf(ranked(), picked.value),
    () => picked.value !== '',
  );
  const room = computed(() => picks.value.find(({ id }) => id === picked.value) ?? picks.value[0]);
  // The first one that is shown is the one that stays.
  watch(
    () => room.value?.id,
    (id) => (picked.value = id ?? ''),
    { immediate: true },
  );
  return {
    room,
    picks,
    plays: usePlaysInView(stage, asked),
    asked,
    pick: (id) => (picked.value = id),
    ask: () => (asked.value = true),
  };
}

/** Rooms with a picture; the one on the stage stays among them, also while its publisher is away for a moment. */
function topOf(ranked: readonly Room[], picked: string): Room[] {
  const top = ranked.filter(({ mode, interrupted }) => mode !== 'p2p' && !interrupted).slice(0, SHOWN);
  const kept = ranked.find(({ id }) => id === picked);
  return kept === undefined || top.includes(kept) ? top : [...top.slice(0, SHOWN - 1), kept];
}

/** True at the first sign of a person, or a while after the page: what a page needs comes before what moves on it. */
function useSomebodyThere(): Ref<boolean> {
  const isThere = ref(false);
  useTimeoutFn(() => (isThere.value = true), UNSEEN_MS);
  for (const sign of SIGNS) useEventListener(window, sign, () => (isThere.value = true), { once: true, passive: true });
  return isThere;
}

function usePlaysInView(stage: MaybeComputedElementRef, asked: Ref<boolean>): Ref<boolean> {
  const mayMove = useAutoplayWish();
  const inView = useElementVisibility(stage, { threshold: 0.5 });
  const visibility = useDocumentVisibility();
  const plays = ref(false);
  const isThere = useSomebodyThere();
  const isWanted = computed(() => {
    const mayPlay = asked.value || (mayMove.value && isThere.value);
    return mayPlay && inView.value && visibility.value === 'visible';
  });
  const begin = useTimeoutFn(() => (plays.value = true), SETTLE_MS, { immediate: false });
  const end = useTimeoutFn(() => (plays.value = false), LEAVE_MS, { immediate: false });

  onMounted(() =>
    watch(
      isWanted,
      (wanted) => {
        begin.stop();
        end.stop();
        if (wanted) begin.start();
        else if (plays.value) end.start();
      },
      { immediate: true },
    ),
  );
  return plays;
}

import { createSharedComposable, useIntervalFn, useNow } from '@vueuse/core';

const TICK_MS = 1000;

/** The time, once a second, from one timer for however many components show it. */
export const useClock = createSharedComposable(() => useNow({ scheduler: (tick) => useIntervalFn(tick, TICK_MS) }));

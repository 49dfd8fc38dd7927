import { useElementVisibility, useIntervalFn } from '@vueuse/core';
import { onScopeDispose, ref, watch } from 'vue';
import type { MaybeComputedElementRef } from '@vueuse/core';
import type { Ref } from 'vue';
import { usePreferences } from '../stores/preferences.ts';

/** Servers make a new picture every ten seconds; asked at the same times by everybody, a cache answers for all. */
export const REFRESH_MS = 15_000;

/**
 * The picture of a room that is live, renewed while `element` is on the screen. It changes only once the next one is
 * loaded and decoded, so that nothing flickers; one that does not load leaves the last one there. Whoever saves data
 * keeps the first one.
 */
export function useLivePoster(
  element: MaybeComputedElementRef,
  poster: () => string | undefined,
): Ref<string | undefined> {
  const shown = ref(poster());
  const visible = useElementVisibility(element);
  const preferences = usePreferences();
  let next: HTMLImageElement | null = null;

  async function load(url: string): Promise<void> {
    const image = new Image();
    next = image;
    image.src = url;
    try {
      await image.decode();
      if (next === image) shown.value = url;
    } catch {
      // The last picture is better than none.
    }
  }

  useIntervalFn(() => {
    const path = poster();
    if (path !== undefined && visible.value && !document.hidden && !preferences.reducedData)
      void load(posterAt(path, Date.now()));
  }, REFRESH_MS);
  watch(poster, (url) => {
    if (url !== undefined && shown.value !== undefined) return void load(url);
    next = null;
    shown.value = url;
  });
  onScopeDispose(() => (next = null));
  return shown;
}

/** The address of the picture of about now; whoever asks within the same time asks for the same address. */
export function posterAt(poster: string, nowMs: number): string {
  const [path] = poster.split('?', 1);
  const query = new URLSearchParams(poster.slice((path ?? '').length));
  query.set('v', String(Math.floor(nowMs / REFRESH_MS) * REFRESH_MS));
  return `${path}?${query}`;
}

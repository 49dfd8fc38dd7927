import { onClickOutside, useEventListener } from '@vueuse/core';
import { nextTick, ref, watch } from 'vue';
import type { Ref } from 'vue';

const FOCUSABLE = 'input:checked, button, input';

/** A panel that opens beside what it belongs to: focused when it opens, gone by Escape and by a click elsewhere. */
export function usePopover(panel: Readonly<Ref<HTMLElement | null>>, opener: string) {
  const open = ref(false);
  let before: Element | null = null;

  watch(open, async (isOpen) => {
    if (isOpen) before = document.activeElement;
    await nextTick();
    if (isOpen) panel.value?.querySelector<HTMLElement>(FOCUSABLE)?.focus({ preventScroll: true });
    else if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  });
  onClickOutside(panel, () => (open.value = false), { ignore: [opener] });
  useEventListener(document, 'keydown', ({ key }: KeyboardEvent) => {
    if (key === 'Escape') open.value = false;
  });

  return open;
}

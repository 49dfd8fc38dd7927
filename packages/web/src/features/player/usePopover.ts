import { onClickOutside, useEventListener } from '@vueuse/core';
import { ref, watch } from 'vue';
import type { Ref } from 'vue';

const FOCUSABLE = 'input:checked, button, input';

/**
 * A panel that opens beside what it belongs to: focused when it is there, which may take a while after it was opened, gone
 * by Escape and by a click elsewhere.
 */
export function usePopover(panel: Readonly<Ref<HTMLElement | null>>, opener: string) {
  const open = ref(false);
  let before: Element | null = null;

  watch(open, (isOpen) => isOpen && (before = document.activeElement));
  watch(open, (isOpen) => !isOpen && before instanceof HTMLElement && before.focus({ preventScroll: true }), {
    flush: 'post',
  });
  watch(panel, (shown) => shown?.querySelector<HTMLElement>(FOCUSABLE)?.focus({ preventScroll: true }), {
    flush: 'post',
  });
  onClickOutside(panel, () => (open.value = false), { ignore: [opener] });
  useEventListener(document, 'keydown', ({ key }: KeyboardEvent) => {
    if (key === 'Escape') open.value = false;
  });

  return open;
}

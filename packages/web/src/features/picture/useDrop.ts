import { useEventListener } from '@vueuse/core';
import { ref } from 'vue';
import type { Ref } from 'vue';

/** Takes the first file that is let go over an element; says whether one is over it now. */
export function useDrop(area: Readonly<Ref<HTMLElement | null>>, take: (file: File) => void): Ref<boolean> {
  const isOver = ref(false);
  useEventListener(area, ['dragenter', 'dragover'], (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    isOver.value = true;
  });
  useEventListener(area, 'dragleave', (event: DragEvent) => {
    // From one child to another is not away.
    const isInside = event.relatedTarget instanceof Node && area.value?.contains(event.relatedTarget) === true;
    isOver.value = isInside;
  });
  useEventListener(area, 'drop', (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    const file = event.dataTransfer?.files[0];
    if (file) take(file);
  });
  return isOver;
}

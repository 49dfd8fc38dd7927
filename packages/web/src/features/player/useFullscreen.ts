import { useEventListener } from '@vueuse/core';
import { ref } from 'vue';
import type { Ref } from 'vue';

/** iPhones can show only the video element itself on the full screen. */
type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export function useFullscreen(
  container: Readonly<Ref<HTMLElement | null>>,
  video: Readonly<Ref<HTMLVideoElement | null>>,
) {
  const active = ref(false);
  useEventListener(document, 'fullscreenchange', () => (active.value = document.fullscreenElement === container.value));

  async function toggle(): Promise<void> {
    if (document.fullscreenElement) return document.exitFullscreen();
    const element = container.value;
    if (element?.requestFullscreen) return element.requestFullscreen();
    (video.value as AppleVideo | null)?.webkitEnterFullscreen?.();
  }

  return { active, toggle };
}

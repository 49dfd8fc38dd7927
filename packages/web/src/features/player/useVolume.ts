import { useEventListener, useStorage } from '@vueuse/core';
import { ref } from 'vue';
import type { Ref } from 'vue';

export interface VolumeControls {
  muted: Ref<boolean>;
  /** 0 to 1, remembered in this browser. */
  volume: Ref<number>;
  toggleMute(): void;
  setVolume(volume: number): void;
}

/** How loud a video is. It is muted at volume 0, and never left silent by turning the sound on. */
export function useVolume(video: Readonly<Ref<HTMLVideoElement | null>>): VolumeControls {
  const muted = ref(false);
  const volume = useStorage('kaibo.volume', 0.8);
  useEventListener(video, 'volumechange', () => (muted.value = video.value?.muted ?? false));

  function setVolume(next: number): void {
    if (!video.value) return;
    volume.value = Math.min(1, Math.max(0, next));
    video.value.volume = volume.value;
    video.value.muted = volume.value === 0;
  }

  function toggleMute(): void {
    if (!video.value) return;
    if (video.value.muted && video.value.volume === 0) setVolume(0.5);
    video.value.muted = !video.value.muted && video.value.volume > 0;
  }

  return { muted, volume, toggleMute, setVolume };
}

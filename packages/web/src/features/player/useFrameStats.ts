import { useIntervalFn } from '@vueuse/core';
import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';

export interface FrameStats {
  width: number;
  height: number;
  /** Shown in the last second. */
  fps: number;
  dropped: number;
  total: number;
}

const INTERVAL_MS = 1000;

/** What the video element itself says about its picture, once a second. */
export function useFrameStats(video: () => HTMLVideoElement | null): ShallowRef<FrameStats> {
  const stats = shallowRef<FrameStats>({ width: 0, height: 0, fps: 0, dropped: 0, total: 0 });

  useIntervalFn(
    () => {
      const element = video();
      if (!element) return;
      const { totalVideoFrames: total, droppedVideoFrames: dropped } = element.getVideoPlaybackQuality();
      const before = stats.value.total;
      const fps = before > 0 && total >= before ? total - before : 0;
      stats.value = { width: element.videoWidth, height: element.videoHeight, fps, dropped, total };
    },
    INTERVAL_MS,
    { immediateCallback: true },
  );

  return stats;
}

import { useEventListener } from '@vueuse/core';
import { shallowRef, watch } from 'vue';
import type { ShallowRef } from 'vue';
import { devicesIn } from './devices.ts';
import type { CaptureDevices } from './devices.ts';

/** The cameras and microphones there are. Asked again when one comes or goes, and when `reason` changes. */
export function useDevices(reason: () => unknown): Readonly<ShallowRef<CaptureDevices>> {
  const devices = shallowRef<CaptureDevices>({ cameras: [], microphones: [] });
  // Missing where the page came by plain http.
  const media = navigator.mediaDevices as MediaDevices | undefined;

  async function ask(): Promise<void> {
    if (media) devices.value = devicesIn(await media.enumerateDevices());
  }

  watch(reason, ask, { immediate: true });
  if (media) useEventListener(media, 'devicechange', () => void ask());
  return devices;
}

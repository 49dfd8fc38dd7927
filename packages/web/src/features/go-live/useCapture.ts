import { useStorage } from '@vueuse/core';
import { computed, onScopeDispose, shallowReactive, watch } from 'vue';
import type { ComputedRef } from 'vue';
import { Capture, NO_CAPTURE } from './capture.ts';
import type { CaptureState } from './capture.ts';
import type { CardText } from './card-track.ts';
import { DEFAULT_QUALITY, qualityFrom } from './quality.ts';
import type { Quality } from './quality.ts';

export interface CaptureControls {
  state: Readonly<CaptureState>;
  quality: ComputedRef<Quality>;
  stream(): MediaStream;
  samples(): Float32Array | null;
  /** Camera and microphone, those that were used last. */
  open(): Promise<void>;
  useCamera(deviceId: string): Promise<void>;
  useMicrophone(deviceId: string): Promise<void>;
  toggleCamera(): void;
  toggleMicrophone(): void;
  toggleScreen(): void;
  toggleScreenSound(): void;
  /** The camera on the other side of a phone. */
  flip(): Promise<void>;
  setQuality(change: Partial<Quality>): void;
}

/** A `Capture` for as long as the component lives. Devices and quality are remembered in this browser. */
export function useCapture(card: () => CardText): CaptureControls {
  const remembered = useStorage('kaibo.capture', { cameraId: '', microphoneId: '', ...DEFAULT_QUALITY });
  const quality = computed(() => qualityFrom(remembered.value));
  const state = shallowReactive<CaptureState>({ ...NO_CAPTURE });
  const capture = new Capture({
    quality: quality.value,
    card,
    onState: (change) => void Object.assign(state, change),
  });

  watch(
    () => [state.cameraId, state.microphoneId] as const,
    ([cameraId, microphoneId]) => {
      remembered.value = {
        ...remembered.value,
        ...(cameraId && { cameraId }),
        ...(microphoneId && { microphoneId }),
      };
    },
  );
  onScopeDispose(() => capture.close());

  function lastCamera(): { deviceId: string } {
    return { deviceId: state.cameraId || remembered.value.cameraId };
  }

  function toggleMicrophone(): void {
    if (state.hasMicrophone) capture.setMuted(!state.isMuted);
    else void capture.openMicrophone(remembered.value.microphoneId);
  }

  function setQuality(change: Partial<Quality>): void {
    remembered.value = { ...remembered.value, ...change };
    void capture.setQuality(quality.value);
  }

  return {
    state,
    quality,
    stream: () => capture.stream(),
    samples: () => capture.samples(),
    open: () => capture.openBoth(lastCamera(), remembered.value.microphoneId),
    useCamera: (deviceId) => capture.openCamera({ deviceId }),
    useMicrophone: (deviceId) => capture.openMicrophone(deviceId),
    toggleCamera: () => (state.picture === 'camera' ? capture.closeCamera() : void capture.openCamera(lastCamera())),
    toggleMicrophone,
    toggleScreen: () => void (state.picture === 'screen' ? capture.closeScreen() : capture.openScreen()),
    toggleScreenSound: () => capture.setScreenMuted(!state.isScreenMuted),
    flip: () => capture.openCamera({ facing: state.facing === 'environment' ? 'user' : 'environment' }),
    setQuality,
  };
}

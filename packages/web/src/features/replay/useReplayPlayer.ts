import { useEventListener, useIntervalFn } from '@vueuse/core';
import { onBeforeUnmount, onMounted, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { useVolume } from '../player/useVolume.ts';
import type { VolumeControls } from '../player/useVolume.ts';
import { openReplay } from './replay-source.ts';
import type { ReplayFailure, ReplaySource } from './replay-source.ts';
import { useVideoState } from './useVideoState.ts';
import type { VideoState } from './useVideoState.ts';
import { WatchPositions } from './watch-positions.ts';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;
const KEEP_POSITION_MS = 5_000;

export interface ReplayPlayerInput {
  video: Readonly<Ref<HTMLVideoElement | null>>;
  id: string;
  /** An HLS playlist. */
  url: string;
  /** As the server counts it. */
  durationS: number;
  /** Where a link wants it to begin, in seconds; null where this browser stopped the last time. */
  startS: number | null;
  /** Begins when the viewer says so. */
  held: boolean;
  /** Begins without sound. */
  muted: boolean;
}

export interface ReplayControls extends VolumeControls, VideoState {
  failure: ShallowRef<ReplayFailure | null>;
  /** The browser wants a click before it plays. */
  needsGesture: Ref<boolean>;
  /** Where the last visit stopped and this one began; 0 for the start. */
  resumedS: Ref<number>;
  speed: Ref<number>;
  togglePlay(): void;
  seek(toS: number): void;
  setSpeed(speed: number): void;
  /** After a failure, from the same place. */
  retry(): void;
}

/** A replay in a video element: begins where this browser stopped the last time, and remembers where it stops. */
export function useReplayPlayer(input: ReplayPlayerInput): ReplayControls {
  const { video } = input;
  const sound = useVolume(video);
  const state = useVideoState(video, input.durationS);
  const { timeS, durationS, ended } = state;
  const resumedS = useKeptPosition(input, state);
  const speed = ref(1);
  const { failure, needsGesture, open, play } = useSource(input, () => {
    if (!video.value) return;
    video.value.volume = sound.volume.value;
    if (input.muted && !state.started.value) video.value.muted = true;
    video.value.playbackRate = speed.value;
  });

  function togglePlay(): void {
    const element = video.value;
    if (!element || failure.value) return;
    if (!element.paused) return element.pause();
    if (element.ended) element.currentTime = 0;
    void play();
  }

  function seek(toS: number): void {
    if (!video.value || durationS.value === 0) return;
    const target = Math.min(Math.max(0, toS), durationS.value);
    // What the video says comes a moment later: the bar must not jump back meanwhile.
    [timeS.value, ended.value] = [target, false];
    video.value.currentTime = target;
  }

  function setSpeed(next: number): void {
    speed.value = next;
    if (video.value) video.value.playbackRate = next;
  }

  onMounted(() => void open(input.startS ?? resumedS.value));
  const retry = (): void => void open(timeS.value);
  return { ...sound, ...state, failure, needsGesture, resumedS, speed, togglePlay, seek, setSpeed, retry };
}

/** Loads the replay, again and again if need be; the last load counts. */
function useSource({ video, url, held }: ReplayPlayerInput, prepare: () => void) {
  const failure = shallowRef<ReplayFailure | null>(null);
  const needsGesture = ref(false);
  let source: ReplaySource | null = null;
  let load = 0;

  async function open(startS: number): Promise<void> {
    const mine = ++load;
    const fail = (reason: ReplayFailure): void => void (mine === load && (failure.value = reason));
    source?.close();
    [source, failure.value] = [null, null];
    if (!video.value) return;
    prepare();
    const opened = await openReplay({ video: video.value, url, startS, onFailure: fail }).catch(() => null);
    if (mine !== load) return opened?.close();
    // The player itself, a file of ours, could not be loaded.
    if (opened === null) return fail('network');
    source = opened;
    // Loading puts the speed back.
    prepare();
    if (held && mine === 1) needsGesture.value = true;
    else await play();
  }

  async function play(): Promise<void> {
    try {
      await video.value?.play();
      needsGesture.value = false;
    } catch (reason) {
      // Every other reason comes as a failure of the source, or is a pause that came first.
      if (reason instanceof DOMException && reason.name === 'NotAllowedError') needsGesture.value = true;
    }
  }

  onBeforeUnmount(() => {
    load += 1;
    source?.close();
  });
  return { failure, needsGesture, open, play };
}

/** Remembers where the viewer is, and says where they were. */
function useKeptPosition(
  { id, startS }: ReplayPlayerInput,
  { timeS, durationS, paused, started }: VideoState,
): Ref<number> {
  const positions = new WatchPositions(localStorage);
  // Whoever follows a link to a place wants to be there.
  const resumedS = ref(startS === null ? positions.of(id) : 0);
  const keep = (): void => {
    if (started.value) positions.keep(id, { atS: timeS.value, durationS: durationS.value });
  };
  useIntervalFn(() => paused.value || keep(), KEEP_POSITION_MS);
  useEventListener(window, 'pagehide', keep);
  onBeforeUnmount(keep);
  return resumedS;
}

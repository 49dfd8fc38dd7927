import type { PlayUrls } from '@kaibo/client';
import { useEventListener, useStorage } from '@vueuse/core';
import { onBeforeUnmount, onMounted, reactive, ref, watch } from 'vue';
import type { Ref } from 'vue';
import type { RoomPhase } from '../../composables/useRoom.ts';
import { useViewerId } from '../../composables/useViewerId.ts';
import { INITIAL_STATE, LivePlayer } from './live-player.ts';
import type { PlayerState } from './live-player.ts';
import { PLAY_MODES, rungsOf } from './transports.ts';
import type { PlayMode, Rung } from './transports.ts';
import { useVolume } from './useVolume.ts';
import type { VolumeControls } from './useVolume.ts';

export interface PlayerInput {
  video: Readonly<Ref<HTMLVideoElement | null>>;
  canvas: Readonly<Ref<HTMLCanvasElement | null>>;
  phase: () => RoomPhase;
  urls: () => PlayUrls;
  /** A preview is silent. */
  preview: boolean;
}

export interface PlayerControls extends VolumeControls {
  state: PlayerState;
  paused: Ref<boolean>;
  /** What the viewer chose, in this browser. */
  mode: Ref<PlayMode>;
  togglePlay(): void;
  jumpToLive(): void;
}

/** A `LivePlayer` that follows its room: plays while it is live, holds still while it is interrupted, stops at the end. */
export function usePlayer(input: PlayerInput): PlayerControls {
  const state = reactive<PlayerState>({ ...INITIAL_STATE });
  const paused = ref(true);
  const sound = useVolume(input.video);
  const mode = useStorage<PlayMode>('kaibo.playMode', 'auto');
  let player: LivePlayer | null = null;

  async function rungs(): Promise<Rung[]> {
    const vid = await useViewerId();
    return rungsOf(input.urls(), vid, PLAY_MODES.includes(mode.value) ? mode.value : 'auto');
  }

  async function follow(phase: RoomPhase): Promise<void> {
    player?.expectData(phase === 'live');
    if (phase === 'ended' || phase === 'preparing') return player?.stop({ keepPicture: phase === 'ended' });
    const found = await rungs();
    // The room may have ended meanwhile.
    if (input.phase() === phase) player?.start(found);
  }

  onMounted(() => {
    const [video, canvas] = [input.video.value, input.canvas.value];
    if (!video || !canvas) return;
    video.volume = sound.volume.value;
    video.muted = input.preview;
    player = new LivePlayer({ video, canvas, onState: (change) => Object.assign(state, change) });
    watch(input.phase, follow, { immediate: true });
    watch(mode, async () => player?.change(await rungs()));
  });
  onBeforeUnmount(() => {
    player?.close();
    player = null;
  });

  useEventListener(input.video, ['play', 'pause'], () => (paused.value = input.video.value?.paused ?? true));
  useEventListener(input.video, 'volumechange', () => {
    if (input.video.value?.muted === false) state.mutedByPolicy = false;
  });
  // A tab that comes back from the background or from sleep shows now, not then.
  useEventListener(document, 'visibilitychange', () => document.hidden || paused.value || player?.jumpToLive());

  return {
    state,
    paused,
    ...sound,
    mode,
    togglePlay: () => (paused.value ? player?.play() : player?.pause()),
    jumpToLive: () => player?.jumpToLive(),
  };
}

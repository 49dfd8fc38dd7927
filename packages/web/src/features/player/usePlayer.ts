import type { Room } from '@kaibo/client';
import { useEventListener, useStorage } from '@vueuse/core';
import { computed, onBeforeUnmount, onMounted, reactive, ref, watch } from 'vue';
import type { ComputedRef, Ref, WritableComputedRef } from 'vue';
import type { RoomPhase } from '../../composables/useRoom.ts';
import { useViewerId } from '../../composables/useViewerId.ts';
import { LivePlayer } from './live-player.ts';
import type { QualityLevel } from './play-session.ts';
import { INITIAL_STATE } from './player-state.ts';
import type { PlayerState } from './player-state.ts';
import { AUTO, pickQuality, qualityOptions, urlsOf } from './quality.ts';
import { PLAY_MODES, rungsOf } from './transports.ts';
import type { PlayMode, Rung } from './transports.ts';
import { useVolume } from './useVolume.ts';
import type { VolumeControls } from './useVolume.ts';

export interface PlayerInput {
  video: Readonly<Ref<HTMLVideoElement | null>>;
  canvas: Readonly<Ref<HTMLCanvasElement | null>>;
  phase: () => RoomPhase;
  room: () => Room;
  /** Begins without sound. */
  muted: boolean;
  /** Begins when the viewer says so. */
  held: boolean;
}

export interface PlayerControls extends VolumeControls {
  state: PlayerState;
  paused: Ref<boolean>;
  /** The viewer has not said yet that it may begin. */
  held: Ref<boolean>;
  /** What the viewer chose, in this browser. */
  mode: Ref<PlayMode>;
  /** `auto`, or the `id` of one of `qualities`; what the viewer chose, in this browser, as far as this room has it. */
  quality: WritableComputedRef<string>;
  /** What there is besides `auto`; none where there is no choice. */
  qualities: ComputedRef<QualityLevel[]>;
  togglePlay(): void;
  goBack(behindS: number): void;
  goLive(): void;
}

const originOf = ({ playUrls: { flv } }: Room): string | undefined => flv && new URL(flv).origin;

/** A `LivePlayer` that follows its room: plays while it is live, holds still while it is interrupted, stops at the end. */
export function usePlayer(input: PlayerInput): PlayerControls {
  const state = reactive<PlayerState>({ ...INITIAL_STATE });
  const paused = ref(true);
  const held = ref(input.held);
  const sound = useVolume(input.video);
  const mode = useStorage<PlayMode>('kaibo.playMode', 'auto');
  const wantedQuality = useStorage('kaibo.quality', AUTO);
  const qualities = computed(() => qualityOptions(input.room(), state.levels));
  const quality = computed({
    get: () => pickQuality(qualities.value, wantedQuality.value),
    set: (chosen) => (wantedQuality.value = chosen),
  });
  let player: LivePlayer | null = null;

  async function rungs(): Promise<Rung[]> {
    const vid = await useViewerId();
    return rungsOf(urlsOf(input.room(), quality.value), {
      vid,
      mode: PLAY_MODES.includes(mode.value) ? mode.value : 'auto',
      quality: quality.value,
    });
  }

  async function follow(phase: RoomPhase): Promise<void> {
    player?.expectData(phase === 'live');
    if (held.value) return;
    if (phase === 'ended' || phase === 'preparing') return player?.stop({ keepPicture: phase === 'ended' });
    const found = await rungs();
    // The room may have ended meanwhile.
    if (input.phase() === phase) player?.start(found);
  }

  function togglePlay(): void {
    if (held.value) {
      held.value = false;
      void follow(input.phase());
    } else if (paused.value) player?.play();
    else player?.pause();
  }

  onMounted(() => {
    const [video, canvas] = [input.video.value, input.canvas.value];
    if (!video || !canvas) return;
    video.volume = sound.volume.value;
    video.muted = input.muted;
    player = new LivePlayer({ video, canvas, onState: (change) => Object.assign(state, change) });
    watch(input.phase, follow, { immediate: true });
    watch(mode, async () => player?.change(await rungs()));
    // The stream may also be on another node now; what plays from where it was goes on until then.
    watch([quality, () => originOf(input.room())], async () => player?.changeQuality(await rungs()));
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
  useEventListener(document, 'visibilitychange', () => document.hidden || paused.value || player?.catchUp());

  return {
    state,
    paused,
    held,
    ...sound,
    mode,
    quality,
    qualities,
    togglePlay,
    goBack: (behindS) => player?.goBack(behindS),
    goLive: () => player?.goLive(),
  };
}

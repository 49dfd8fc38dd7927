import { LivePublisher } from '@kaibo/client';
import type { PublishState, PublishStats, PublishUrls } from '@kaibo/client';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { bitrateOf } from './quality.ts';
import type { CaptureControls } from './useCapture.ts';

const IDLE: PublishState = { phase: 'idle', transport: null, error: null, attempts: 0 };

export interface Broadcast {
  state: Readonly<ShallowRef<PublishState>>;
  /** Between the press on "go live" and the end of it, however good the connection. */
  isOn: ComputedRef<boolean>;
  /** ms since the epoch; null before it was live first. */
  liveSinceMs: Ref<number | null>;
  start(): Promise<void>;
  stop(): Promise<void>;
  stats(): Promise<PublishStats | null>;
}

/** A `LivePublisher` that sends what the capture shows, and ends with the component. */
export function useBroadcast(capture: CaptureControls, urls: () => PublishUrls | undefined): Broadcast {
  const state = shallowRef(IDLE);
  const liveSinceMs = ref<number | null>(null);
  const isOn = computed(() => ['connecting', 'live', 'reconnecting'].includes(state.value.phase));
  let publisher: LivePublisher | null = null;

  async function start(): Promise<void> {
    const to = urls();
    if (!to || isOn.value) return;
    liveSinceMs.value = null;
    const started = new LivePublisher({
      urls: to,
      stream: capture.stream(),
      maxBitrateBps: bitrateOf(capture.quality.value),
      maxFramerate: capture.quality.value.fps,
      onState: (next) => started === publisher && hear(next),
    });
    publisher = started;
    // Why not is in the state.
    await started.start().catch(() => {});
  }

  function hear(next: PublishState): void {
    state.value = next;
    if (next.phase === 'live') liveSinceMs.value ??= Date.now();
  }

  async function stop(): Promise<void> {
    const stopped = publisher;
    publisher = null;
    state.value = IDLE;
    await stopped?.stop();
  }

  // At once, because what was shown before is given back right after.
  watch(
    () => capture.state.video,
    (track) => void publisher?.replaceTrack(track, 'video'),
    { flush: 'sync' },
  );
  watch(
    () => bitrateOf(capture.quality.value),
    (bps) => void publisher?.setMaxBitrate(bps),
  );
  onScopeDispose(() => void stop());

  return { state, isOn, liveSinceMs, start, stop, stats: async () => (await publisher?.stats()) ?? null };
}

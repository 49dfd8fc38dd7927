import { useEventListener } from '@vueuse/core';
import { ref } from 'vue';
import type { Ref } from 'vue';

export interface VideoState {
  /** Seconds from the start, as what follows. */
  timeS: Ref<number>;
  durationS: Ref<number>;
  /** End of what is loaded around `timeS`. */
  bufferedS: Ref<number>;
  paused: Ref<boolean>;
  ended: Ref<boolean>;
  /** Nothing to show yet, or not enough to go on. */
  waiting: Ref<boolean>;
  /** A picture was shown. */
  started: Ref<boolean>;
}

/** What a video element tells of itself. `knownS` is its duration until it knows better. */
export function useVideoState(video: Readonly<Ref<HTMLVideoElement | null>>, knownS: number): VideoState {
  const [timeS, durationS, bufferedS] = [ref(0), ref(knownS), ref(0)];
  const [paused, ended, waiting, started] = [ref(true), ref(false), ref(true), ref(false)];
  const on = (events: string[], tell: (element: HTMLVideoElement) => void): void => {
    useEventListener(video, events, () => void (video.value && tell(video.value)));
  };
  on(['timeupdate', 'seeked', 'durationchange', 'progress'], (element) => {
    // Until it has arrived there, it still tells where it was.
    if (!element.seeking && element.readyState > 0) timeS.value = element.currentTime;
    bufferedS.value = bufferedEnd(element);
    if (Number.isFinite(element.duration) && element.duration > 0) durationS.value = element.duration;
  });
  on(
    ['play', 'pause', 'ended', 'seeked'],
    (element) => ([paused.value, ended.value] = [element.paused, element.ended]),
  );
  on(['waiting', 'seeking', 'emptied'], () => (waiting.value = true));
  on(['playing', 'canplay', 'seeked'], () => ([waiting.value, started.value] = [false, true]));
  return { timeS, durationS, bufferedS, paused, ended, waiting, started };
}

function bufferedEnd({ buffered, currentTime }: HTMLVideoElement): number {
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.5 && buffered.end(index) >= currentTime) return buffered.end(index);
  }
  return currentTime;
}

import { KaiboError } from '@kaibo/client';
import type { ShownOverlay } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';
import { isLocale, useLocaleMessages } from '../../i18n/index.ts';

/** How soon the next broadcast is noticed. */
const ASK_EVERY_MS = 5000;

export interface OverlayState {
  /** null until it is known, and kept while the server cannot be asked. */
  overlay: ShallowRef<ShownOverlay | null>;
  /** The token is none, or was taken back. */
  refused: Ref<boolean>;
}

/** What the overlay of a token shows, asked again and again for as long as the calling component lives. */
export function useOverlay(token: () => string): OverlayState {
  const overlay = shallowRef<ShownOverlay | null>(null);
  const refused = ref(false);
  let etag: string | undefined;
  let isAway = false;
  let isAsking = false;

  async function ask(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    try {
      const answer = await api.overlays.show(token(), { etag });
      // A server that is back is heard at once, too, and not when the next attempt would be due.
      if (isAway) realtime.reconnectNow();
      [refused.value, isAway] = [false, false];
      if (answer === undefined) return;
      etag = answer.etag;
      overlay.value = answer.overlay;
      const { language } = answer.overlay.settings;
      if (isLocale(language)) await useLocaleMessages(language);
    } catch (error) {
      // A server that is away for a moment changes nothing on the picture.
      if (error instanceof KaiboError && error.status >= 400 && error.status < 500 && error.status !== 429)
        [refused.value, overlay.value, etag] = [true, null, undefined];
      else isAway = true;
    } finally {
      isAsking = false;
    }
  }

  useIntervalFn(() => void ask(), ASK_EVERY_MS, { immediateCallback: true });
  return { overlay, refused };
}

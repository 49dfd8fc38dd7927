import type { Emote } from '@kaibo/client';
import { computed, ref, shallowRef } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { api } from '../../api.ts';
import type { RoomEvents } from '../room/useRoomEvents.ts';
import type { EmoteUrls } from './text-pieces.ts';

export interface ShownEmote {
  code: string;
  url: string;
  /** Of the channel, not of the platform. */
  isOwn: boolean;
  /** Of those of the channel. */
  id?: string | undefined;
}

export interface Emotes {
  all: ComputedRef<readonly ShownEmote[]>;
  urls: ComputedRef<EmoteUrls>;
  /** Asks for them once more, as when they were changed. */
  load(): Promise<void>;
  failed: Ref<boolean>;
}

export interface EmotesOptions {
  token?: (() => string | undefined) | undefined;
  /** Of the room, where they may change while they are shown. */
  events?: Pick<RoomEvents, 'on'> | undefined;
}

/** The emotes of a room (none of what has no room), asked for at once. Until they are there, and where they are unknown, their codes are shown. */
export function useEmotes(roomId: string | undefined, { token, events }: EmotesOptions = {}): Emotes {
  const known = shallowRef<readonly Emote[]>([]);
  const icons = shallowRef<ReadonlyMap<string, string>>(new Map());
  const failed = ref(false);

  async function load(): Promise<void> {
    if (roomId === undefined) return;
    try {
      // The pictures are a chunk of their own: nobody waits for them to read.
      const pictures = import('./emote-icons.ts').then(({ EMOTE_ICONS }) => EMOTE_ICONS);
      [known.value, icons.value] = await Promise.all([api.chat.emotes(roomId, { token: token?.() }), pictures]);
      failed.value = false;
    } catch {
      failed.value = true;
    }
  }

  const all = computed(() =>
    known.value.flatMap(({ code, id, icon, url = icons.value.get(icon ?? '') }) =>
      url === undefined ? [] : [{ code, id, url, isOwn: icon === undefined }],
    ),
  );
  const urls = computed<EmoteUrls>(() => new Map(all.value.map(({ code, url }) => [code, url])));
  events?.on<{ own: Emote[] }>('chat.emotes', ({ own }) => {
    known.value = [...own, ...known.value.filter(({ icon }) => icon !== undefined)];
  });
  void load();
  return { all, urls, load, failed };
}

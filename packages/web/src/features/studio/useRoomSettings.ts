import type { Room, UpdateRoomInput } from '@kaibo/client';
import { computed, reactive, watch } from 'vue';
import type { ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api } from '../../api.ts';
import { useForm } from '../../composables/useForm.ts';
import type { FormState } from '../../composables/useForm.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import { toast } from '../../toast.ts';

const MAX_CAPACITY = 1_000_000;

interface Draft {
  title: string;
  category: string;
  cover: string;
  isPrivate: boolean;
  autoLive: boolean;
  /** As it is typed; empty is no limit. */
  maxViewers: string;
}

export interface RoomSettings {
  draft: Draft;
  isChanged: ComputedRef<boolean>;
  form: FormState;
  save(): Promise<void>;
  reset(): void;
}

function draftOf(room: Room): Draft {
  const { title, category = '', cover = '', isPrivate, autoLive, maxViewers } = room;
  return { title, category, cover, isPrivate, autoLive, maxViewers: maxViewers > 0 ? String(maxViewers) : '' };
}

/**
 * What the owner of a room can change about it. Fields that somebody else changed meanwhile follow, those that are being
 * edited here do not.
 */
export function useRoomSettings(room: () => Room, put: (room: Room) => void): RoomSettings {
  const { t } = useI18n();
  const owned = useOwnedRooms();
  let known = draftOf(room());
  const draft = reactive(draftOf(room()));
  const keys = Object.keys(known) as (keyof Draft)[];
  const current = computed(() => draftOf(room()));
  const changed = computed(() => keys.filter((key) => draft[key] !== current.value[key]));

  watch(current, (next) => {
    const untouched = keys.filter((key) => draft[key] === known[key]);
    Object.assign(draft, Object.fromEntries(untouched.map((key) => [key, next[key]])));
    known = next;
  });

  function input(): UpdateRoomInput {
    const { title, category, cover, isPrivate, autoLive, maxViewers } = draft;
    const all = {
      title: title.trim(),
      category: category || null,
      cover: cover || null,
      isPrivate,
      autoLive,
      maxViewers: Number(maxViewers || 0),
    };
    return Object.fromEntries(changed.value.map((key) => [key, all[key]]));
  }

  function check(): Record<string, string> {
    const isCapacity = /^\d*$/.test(draft.maxViewers.trim()) && Number(draft.maxViewers) <= MAX_CAPACITY;
    return {
      ...(draft.title.trim() === '' ? { title: t('live.titleRequired') } : {}),
      ...(isCapacity ? {} : { maxViewers: t('studio.form.maxViewersWrong') }),
    };
  }

  const form = useForm({
    check,
    send: async () => put(await api.rooms.update(room().id, input(), { ownerToken: owned.tokenOf(room().id) })),
  });

  return {
    draft,
    isChanged: computed(() => changed.value.length > 0),
    form,
    async save() {
      if (await form.submit()) toast('success', t('studio.form.saved'));
    },
    reset() {
      form.clear();
      Object.assign(draft, current.value);
    },
  };
}

import type { Recording, RecordingPage } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import { toast } from '../../toast.ts';
import { useRecordingNews } from '../replay/useRecordingNews.ts';

/** A room is one broadcast, so it hardly has more; what the server gives at most. */
const MAX_LISTED = 200;
/** Size and length of what is being written come by no channel. */
const POLL_MS = 5_000;

export interface RecordingsState {
  /** The newest first; null before the first answer. */
  recordings: ShallowRef<Recording[] | null>;
  failed: Ref<boolean>;
  /** What is being written now. */
  current: ComputedRef<Recording | undefined>;
  reload(): Promise<void>;
  /** True when it went through; a refusal is told to the person. */
  change(id: string, input: { title?: string; published?: boolean }, done: string): Promise<boolean>;
  remove(id: string): Promise<void>;
}

interface RecordingsSource {
  /** Whether there is anything to ask for. */
  mine(): boolean;
  ask(): Promise<RecordingPage>;
  rights(): { ownerToken: string | undefined };
}

/** The recordings of one's own room, kept current for as long as the calling component lives. */
export function useRecordings(roomId: string, mine: () => boolean): RecordingsState {
  const owned = useOwnedRooms();
  const rights = () => ({ ownerToken: owned.tokenOf(roomId) });
  const ask = () => api.recordings.ofRoom(roomId, { ...rights(), pageSize: MAX_LISTED });
  const state = useRecordingsOf({ mine, ask, rights });
  useRecordingNews(roomId, () => void state.reload());
  return state;
}

/** All recordings of one's own account, the newest first. */
export function useOwnRecordings(userId: () => string | undefined): RecordingsState {
  return useRecordingsOf({
    mine: () => userId() !== undefined,
    ask: () => api.recordings.list({ userId: userId(), pageSize: MAX_LISTED }),
    rights: () => ({ ownerToken: undefined }),
  });
}

function useRecordingsOf({ mine, ask, rights }: RecordingsSource): RecordingsState {
  const { t } = useI18n();
  const errorText = useErrorText();
  const recordings = shallowRef<Recording[] | null>(null);
  const failed = ref(false);
  const current = computed(() => recordings.value?.find(({ state }) => state === 'recording'));

  async function reload(): Promise<void> {
    if (!mine()) return;
    try {
      [recordings.value, failed.value] = [(await ask()).recordings, false];
    } catch {
      failed.value = recordings.value === null;
    }
  }

  async function attempt(action: () => Promise<unknown>, done: string): Promise<boolean> {
    try {
      await action();
      toast('success', done);
      return true;
    } catch (reason) {
      toast('error', errorText(reason));
      return false;
    } finally {
      await reload();
    }
  }

  useIntervalFn(() => {
    const isMoving = recordings.value?.some(({ state }) => state === 'recording' || state === 'processing') ?? false;
    if (isMoving && !document.hidden) void reload();
  }, POLL_MS);
  watch(mine, () => void reload(), { immediate: true });

  return {
    recordings,
    failed,
    current,
    reload,
    change: (id, input, done) => attempt(() => api.recordings.update(id, input, rights()), done),
    remove: async (id) => void (await attempt(() => api.recordings.remove(id, rights()), t('recordings.deleted'))),
  };
}

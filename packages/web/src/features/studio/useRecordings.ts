import type { Recording } from '@kaibo/client';
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

/** The recordings of one's own room, kept current for as long as the calling component lives. */
export function useRecordings(roomId: string, mine: () => boolean): RecordingsState {
  const { t } = useI18n();
  const errorText = useErrorText();
  const owned = useOwnedRooms();
  const recordings = shallowRef<Recording[] | null>(null);
  const failed = ref(false);
  const current = computed(() => recordings.value?.find(({ state }) => state === 'recording'));
  const rights = () => ({ ownerToken: owned.tokenOf(roomId) });

  async function reload(): Promise<void> {
    if (!mine()) return;
    try {
      const page = await api.recordings.ofRoom(roomId, { ...rights(), pageSize: MAX_LISTED });
      [recordings.value, failed.value] = [page.recordings, false];
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

  useRecordingNews(roomId, () => void reload());
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

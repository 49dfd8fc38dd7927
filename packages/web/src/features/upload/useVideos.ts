import type { FileQuota, StoredFile } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { api, realtime } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { toast } from '../../toast.ts';

const PAGE = 50;

export interface VideosState {
  /** The newest first; null before the first answer. */
  videos: ShallowRef<StoredFile[] | null>;
  quota: ShallowRef<FileQuota | null>;
  hasMore: Ref<boolean>;
  failed: Ref<boolean>;
  reload(): Promise<void>;
  more(): Promise<void>;
  /** True when it went through; a refusal is told to the person. */
  publish(video: StoredFile, published: boolean): Promise<boolean>;
  rename(video: StoredFile, title: string): Promise<boolean>;
  remove(video: StoredFile): Promise<boolean>;
}

/** The videos of whoever is logged in, as they change, for as long as the calling component lives. */
export function useVideos(): VideosState {
  const { t } = useI18n();
  const errorText = useErrorText();
  const videos = shallowRef<StoredFile[] | null>(null);
  const quota = shallowRef<FileQuota | null>(null);
  const hasMore = ref(false);
  const failed = ref(false);

  async function load(pages: number): Promise<void> {
    try {
      // Pages are small: what is shown is asked for again as one.
      const query = { kind: 'video', page: 1, pageSize: Math.min(200, pages * PAGE) } as const;
      const [found, space] = await Promise.all([api.files.list(query), api.files.quota()]);
      [videos.value, quota.value, failed.value] = [found.files, space, false];
      hasMore.value = found.total > found.files.length && found.files.length < 200;
    } catch {
      failed.value = videos.value === null;
    }
  }

  const shown = (): number => Math.max(1, Math.ceil((videos.value?.length ?? 0) / PAGE));

  function hear(file: StoredFile & { deleted?: boolean }): void {
    if (file.kind !== 'video' || videos.value === null) return;
    const others = videos.value.filter(({ id }) => id !== file.id);
    const isKnown = others.length < videos.value.length;
    if (file.deleted === true) videos.value = others;
    else if (isKnown) videos.value = videos.value.map((video) => (video.id === file.id ? file : video));
    else videos.value = [file, ...videos.value];
    void api.files.quota().then(
      (space) => (quota.value = space),
      () => {},
    );
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
      await load(shown());
    }
  }

  onScopeDispose(
    realtime.subscribe('user', (message) => {
      // A gap is filled by asking.
      if (message.kind !== 'event') void load(shown());
      else if (message.event === 'file.changed') hear(message.data as StoredFile);
      else if (message.event.startsWith('recording.')) void load(shown());
    }),
  );
  void load(1);

  return {
    ...{ videos, quota, hasMore, failed },
    reload: () => load(shown()),
    more: () => load(shown() + 1),
    publish: ({ id, recordingId = id }, published) =>
      published
        ? attempt(() => api.files.publish(id), t('videos.publishedDone'))
        : attempt(() => api.recordings.update(recordingId, { published }), t('videos.unpublishedDone')),
    rename: ({ id, recordingId = id }, title) =>
      attempt(() => api.recordings.update(recordingId, { title }), t('videos.renamed')),
    remove: ({ id }) => attempt(() => api.files.remove(id), t('videos.deleted')),
  };
}

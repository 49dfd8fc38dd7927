import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import { api } from '../api.ts';
import { UploadTask } from '../features/upload/upload-task.ts';
import { i18n } from '../i18n/index.ts';
import { useAccount } from './account.ts';

/** Sent at one time: more share the same line. */
const AT_ONCE = 2;

/** Files on their way to the server; they go on while one looks at other pages. */
export const useUploads = defineStore('uploads', () => {
  const account = useAccount();
  const tasks = shallowRef<readonly UploadTask[]>([]);
  const states = computed(() => tasks.value.map(({ state }) => state));
  const isBusy = computed(() => states.value.some(({ status }) => status === 'uploading' || status === 'waiting'));

  function add(files: Iterable<File>): void {
    const userId = account.user?.id;
    if (userId === undefined) return;
    const added = Array.from(
      files,
      (file) =>
        new UploadTask(file, {
          userId,
          language: () => i18n.global.locale.value,
          unknownProblem: () => i18n.global.t('videos.uploadFailed'),
          renewLogin: () => api.auth.refresh(),
          onRest: advance,
        }),
    );
    tasks.value = [...added, ...tasks.value];
    advance();
  }

  /** Those that wait for their turn get it. What is done is shown by the server's own list. */
  function advance(): void {
    if (tasks.value.some(({ state }) => state.status === 'done'))
      tasks.value = tasks.value.filter(({ state }) => state.status !== 'done');
    const running = states.value.filter(({ status }) => status === 'uploading' || status === 'waiting').length;
    const queued = tasks.value.filter(({ state }) => state.status === 'queued').toReversed();
    for (const task of queued.slice(0, Math.max(0, AT_ONCE - running))) void task.start();
  }

  const find = (key: string): UploadTask | undefined => tasks.value.find(({ state }) => state.key === key);

  function resume(key: string): void {
    const task = find(key);
    if (task === undefined) return;
    task.state.status = 'queued';
    advance();
  }

  async function cancel(key: string): Promise<void> {
    const task = find(key);
    tasks.value = tasks.value.filter((other) => other !== task);
    await task?.cancel();
    advance();
  }

  function warn(event: BeforeUnloadEvent): void {
    event.preventDefault();
  }

  watch(isBusy, (busy) => {
    if (busy) window.addEventListener('beforeunload', warn);
    else window.removeEventListener('beforeunload', warn);
  });
  // They belong to whoever began them.
  watch(
    () => account.user?.id,
    () => {
      for (const task of tasks.value) task.end();
      tasks.value = [];
    },
  );

  return { states, add, pause: (key: string) => find(key)?.pause(), resume, cancel };
});

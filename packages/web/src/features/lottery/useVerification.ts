import { computed, onScopeDispose, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { STEPS } from './verify.ts';
import type { StepName, StepNews, Task } from './verify.ts';

export interface StepState {
  name: StepName;
  state: 'waiting' | 'running' | 'ok' | 'failed';
  /** 0 to 1. */
  done: number;
  /** Which entry or part of the delay does not fit, from 1 on. */
  at?: number;
}

export interface Verification {
  steps: Ref<StepState[]>;
  /** `broken`: this browser could not do it, which says nothing of the proof. */
  outcome: ComputedRef<'idle' | 'running' | 'ok' | 'failed' | 'broken'>;
  /** Begins anew; what ran before is given up. */
  verify(task: Task): void;
}

const allWaiting = (): StepState[] => STEPS.map((name) => ({ name, state: 'waiting', done: 0 }));

/** The recomputation of a draw in this browser, step by step. */
export function useVerification(): Verification {
  const steps = ref(allWaiting());
  let worker: Worker | undefined;
  const isBroken = ref(false);
  const outcome = computed(() => {
    if (isBroken.value) return 'broken';
    if (steps.value.some(({ state }) => state === 'failed')) return 'failed';
    if (steps.value.every(({ state }) => state === 'ok')) return 'ok';
    return steps.value.every(({ state }) => state === 'waiting') ? 'idle' : 'running';
  });

  function hear({ data: news }: MessageEvent<StepNews>): void {
    const { step: name, state } = news;
    const done = state === 'running' ? news.done : 1;
    const at = state === 'failed' ? news.at : undefined;
    steps.value = steps.value.map((step) => (step.name === name ? { name, state, done, at } : step));
  }

  function stop(): void {
    worker?.terminate();
    worker = undefined;
  }

  onScopeDispose(stop);
  return {
    steps,
    outcome,
    verify: (task) => {
      stop();
      [steps.value, isBroken.value] = [allWaiting(), false];
      worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { type: 'module' });
      worker.addEventListener('message', hear);
      worker.addEventListener('error', () => (isBroken.value = true));
      worker.postMessage(task);
    },
  };
}

import type { LotteryProof } from '@kaibo/client';
import { computed, onScopeDispose, ref } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { STEPS } from './verify.ts';
import type { StepName, StepNews } from './verify.ts';

export interface StepState {
  name: StepName;
  state: 'waiting' | 'running' | 'ok' | 'failed';
  /** 0 to 1. */
  done: number;
}

export interface Verification {
  steps: Ref<StepState[]>;
  outcome: ComputedRef<'idle' | 'running' | 'ok' | 'failed'>;
  /** Begins anew; what ran before is given up. */
  verify(proof: LotteryProof): void;
}

const allWaiting = (): StepState[] => STEPS.map((name) => ({ name, state: 'waiting', done: 0 }));

/** The recomputation of a draw in this browser, step by step. */
export function useVerification(): Verification {
  const steps = ref(allWaiting());
  let worker: Worker | undefined;
  const outcome = computed(() => {
    if (steps.value.some(({ state }) => state === 'failed')) return 'failed';
    if (steps.value.every(({ state }) => state === 'ok')) return 'ok';
    return steps.value.every(({ state }) => state === 'waiting') ? 'idle' : 'running';
  });

  function hear({ data: news }: MessageEvent<StepNews>): void {
    steps.value = steps.value.map((step) =>
      step.name === news.step ? { ...step, state: news.state, done: news.state === 'running' ? news.done : 1 } : step,
    );
  }

  function stop(): void {
    worker?.terminate();
    worker = undefined;
  }

  onScopeDispose(stop);
  return {
    steps,
    outcome,
    verify: (proof) => {
      stop();
      steps.value = allWaiting();
      worker = new Worker(new URL('./verify-worker.ts', import.meta.url), { type: 'module' });
      worker.addEventListener('message', hear);
      worker.postMessage(proof);
    },
  };
}

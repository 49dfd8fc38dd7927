// Recomputes a draw in a thread of its own, and the delay in as many as there are cores: two million hashes would hold up
// the page.
import { checkSegments, workerRunner } from './segment-pool.ts';
import { verifyProof } from './verify.ts';
import type { Task } from './verify.ts';

self.addEventListener('message', ({ data }: MessageEvent<Task>) => {
  void verifyProof(data.proof, {
    shown: data.shown,
    tell: (news) => self.postMessage(news),
    checkDelay: (segments, progress) =>
      checkSegments(segments, { cores: navigator.hardwareConcurrency, createRunner: workerRunner, progress }),
  });
});

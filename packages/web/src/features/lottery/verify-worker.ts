// Recomputes a draw in a thread of its own: two million hashes would hold up the page.
import type { LotteryProof } from '@kaibo/client';
import { verifyProof } from './verify.ts';

self.addEventListener('message', ({ data }: MessageEvent<LotteryProof>) => {
  verifyProof(data, (news) => self.postMessage(news));
});

// Checks parts of a delay, one after the other, beside others of its kind.
import { segmentFits } from './delay.ts';
import type { DelaySegment } from './delay.ts';

self.addEventListener('message', ({ data }: MessageEvent<DelaySegment>) => {
  self.postMessage(segmentFits(data));
});

import { expect, test } from 'vitest';
import { posterAt, REFRESH_MS } from '../src/composables/useLivePoster.ts';

test('everybody asks for the same picture within the same time, and for another one later', () => {
  const now = 1_700_000_000_000;
  const start = Math.floor(now / REFRESH_MS) * REFRESH_MS;
  expect(posterAt('/api/rooms/a/poster?v=1', start)).toBe(`/api/rooms/a/poster?v=${start}`);
  expect(posterAt('/api/rooms/a/poster?v=1', start + REFRESH_MS - 1)).toBe(`/api/rooms/a/poster?v=${start}`);
  expect(posterAt('/api/rooms/a/poster', start + REFRESH_MS)).toBe(`/api/rooms/a/poster?v=${start + REFRESH_MS}`);
});

test('what else the address says stays, like the token of a private room', () => {
  expect(posterAt('/api/rooms/a/poster?token=t%2B&v=1', REFRESH_MS)).toBe(
    `/api/rooms/a/poster?token=t%2B&v=${REFRESH_MS}`,
  );
});

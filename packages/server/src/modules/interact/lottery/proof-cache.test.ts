import { expect, test } from 'vitest';
import type { LotteryProof } from './contract.ts';
import { ProofCache } from './proof-cache.ts';

function cacheOf() {
  let nowMs = 0;
  const read: string[] = [];
  const cache = new ProofCache(() => nowMs, { mostBytes: 10_000 });
  const get = (id: string, { sizeBytes = 0, fails = false } = {}) =>
    cache.get(id, async () => {
      read.push(id);
      if (fails) throw new Error('the database is away');
      return { id, terms: 'x'.repeat(sizeBytes) } as LotteryProof;
    });
  return { cache, read, get, wait: (ms: number) => void (nowMs += ms) };
}

test('a proof is read once for everybody who asks at the time, and again after half a minute', async () => {
  const { cache, read, get, wait } = cacheOf();
  const [one, other] = await Promise.all([get('a'), get('a')]);
  expect(one).toBe(other);
  expect(JSON.parse(one.bytes.toString())).toEqual({ id: 'a', terms: '' });
  wait(29_999);
  expect(await get('a')).toBe(one);
  wait(1);
  expect((await get('a')).etag).toBe(one.etag);
  expect((await get('b')).etag).not.toBe(one.etag);
  cache.clear();
  await get('a');
  expect(read).toEqual(['a', 'a', 'b', 'a']);
});

test('one that could not be read is asked for anew', async () => {
  const { read, get } = cacheOf();
  await expect(get('a', { fails: true })).rejects.toThrow('the database is away');
  await get('a');
  expect(read).toEqual(['a', 'a']);
});

test('those not asked for longest go when there are too many, or too much', async () => {
  const { read, get } = cacheOf();
  for (let n = 0; n < 50; n++) await get(`few ${n}`);
  await get('few 0');
  await get('one more');
  read.length = 0;
  await get('few 0');
  await get('few 1');
  expect(read).toEqual(['few 1']);
  const sizeBytes = 4500;
  for (const id of ['large 1', 'large 2', 'large 3']) await get(id, { sizeBytes });
  read.length = 0;
  await get('large 3', { sizeBytes });
  await get('large 2', { sizeBytes });
  await get('large 1', { sizeBytes });
  expect(read).toEqual(['large 1']);
});

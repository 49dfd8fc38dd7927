import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Stream } from '../hub/stream.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { metadata } from '../testing/packets.ts';
import { MemoryAccount } from './memory-account.ts';
import type { HlsFound } from './messages.ts';
import { HlsShelf } from './shelf.ts';

const KEY = 'live/a';
const NEVER = new AbortController().signal;

function bench(found: HlsFound = { action: 'none' }) {
  const options = testOptions({ mergeWindowMs: 0 });
  const asked: string[] = [];
  const shelf = new HlsShelf({
    options: { ...options.hls, mode: 'on_demand' },
    profiles: [{ name: '720p', height: 720, videoBps: 1 }],
    log: testLog(),
    memory: new MemoryAccount({ shared: MemoryAccount.allocate(1), workerId: 0, options: options.hls }),
    secret: new Uint8Array(32),
    tellsSegments: false,
    findFfmpeg: () => undefined,
    open: () => Promise.resolve({ action: 'opened', restricted: false }),
    find: (key, { wants }) => {
      asked.push(`${key} ${wants}`);
      return Promise.resolve(found);
    },
    tell: () => undefined,
  });
  const stream = new Stream({ key: KEY, options });
  const publish = (): void => {
    const feed = stream.attach({ placed: false });
    feed.publish(metadata(0, { videocodecid: 7 }));
    feed.publish(h264Config(0));
    for (let ms = 0; ms < 1000; ms += 40) feed.publish(h264Frame(ms === 0 ? 'key' : 'reference', { dtsMs: ms }));
  };
  return { shelf, stream, publish, asked };
}

describe('HlsShelf', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('packages its own stream while somebody asks or waits, and a linger longer', async () => {
    const { shelf, stream, publish } = bench();
    shelf.own(stream);
    publish();
    await vi.advanceTimersByTimeAsync(10);
    const found = await shelf.find(KEY, { waitMs: 1000, signal: NEVER });
    if (!found || 'action' in found) throw new Error('nothing was found');
    found.holds.hold({ msn: 9 }, Date.now() + 20_000, () => undefined);
    await vi.advanceTimersByTimeAsync(45_000);
    expect(shelf.get(KEY)?.window).toBe(found.window);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(shelf.get(KEY)?.window).not.toBe(found.window);
    await shelf.close();
  });

  it('keeps the window of a broadcast that is over for a minute', async () => {
    const { shelf, stream, publish } = bench();
    shelf.own(stream);
    publish();
    await vi.advanceTimersByTimeAsync(10);
    await shelf.find(KEY, { waitMs: 1000, signal: NEVER });
    stream.end('ended');
    shelf.ended(KEY);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(shelf.get(KEY)?.window.state).toBe('ended');
    await vi.advanceTimersByTimeAsync(2000);
    expect(shelf.get(KEY)).toBeUndefined();
    await shelf.close();
  });

  it('who waits for a stream gives up in time, or when they go; a segment’s request makes and waits for nothing', async () => {
    const { shelf, asked } = bench();
    const gone = new AbortController();
    const waits = [
      shelf.find(KEY, { waitMs: 3000, signal: NEVER }),
      shelf.find(KEY, { waitMs: 3000, signal: gone.signal }),
    ];
    gone.abort();
    expect(await waits[1]).toBeUndefined();
    await vi.advanceTimersByTimeAsync(3100);
    expect(await waits[0]).toBeUndefined();
    asked.length = 0;
    await Promise.all([shelf.learn('live/b_720p'), shelf.learn('live/b_720p')]);
    expect(asked).toEqual(['live/b_720p false']);
    await shelf.close();
  });

  it('says why a rendition is not made', async () => {
    const { shelf } = bench({ action: 'deny', status: 503, code: 'too_many_transcodes', message: '' });
    expect(await shelf.find('live/a_720p', { waitMs: 3000, signal: NEVER })).toMatchObject({ status: 503 });
    await shelf.close();
  });

  it('rights to a rendition are those to its source, its sessions too', async () => {
    const { shelf } = bench();
    expect(shelf.isRestricted('live/a_720p')).toBe(true);
    shelf.obey({ what: 'rights', key: KEY, restricted: false });
    expect(shelf.isRestricted('live/a_720p')).toBe(false);
    const token = shelf.notes.token(KEY, 'abcdefghij01');
    expect(shelf.sessionOf('live/a_720p', token)).toBe('abcdefghij01');
    expect(shelf.sessionOf('live/b_720p', token)).toBeUndefined();
    await shelf.close();
  });
});

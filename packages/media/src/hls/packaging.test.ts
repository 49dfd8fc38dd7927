import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Stream } from '../hub/stream.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { audioConfig, audioFrame, opusConfig, opusFrame } from '../testing/packets.ts';
import { MemoryAccount } from './memory-account.ts';
import { HlsPackaging } from './packaging.ts';
import type { HlsWindow } from './window.ts';

function bench({ hls = {}, ffmpeg }: { hls?: Partial<ReturnType<typeof testOptions>['hls']>; ffmpeg?: string } = {}) {
  const options = testOptions({ mergeWindowMs: 0 });
  const stream = new Stream({ key: 'live/a', options });
  const windows: HlsWindow[] = [];
  const segments: number[] = [];
  const packaging = new HlsPackaging({
    stream,
    options: { ...options.hls, ...hls },
    memory: new MemoryAccount({ shared: MemoryAccount.allocate(1), workerId: 0, options: options.hls }),
    findFfmpeg: () => ffmpeg,
    log: testLog(),
    began: (window) => windows.push(window),
    sourceWindow: () => undefined,
    segment: ({ msn }) => segments.push(msn),
  });
  return { stream, packaging, windows, segments };
}

type Feed = ReturnType<Stream['attach']>;

async function play(feed: Feed, fromMs: number, toMs: number, sound: typeof audioFrame = audioFrame): Promise<void> {
  for (let ms = fromMs; ms < toMs; ms += 40) {
    feed.publish(h264Frame(ms % 2000 === 0 ? 'key' : 'reference', { dtsMs: ms }));
    feed.publish(sound(ms, 0xfc, 1, 2));
    await Promise.resolve();
  }
}

const codecs = (window: HlsWindow | undefined): string[] => window?.tracks.map(({ codecString }) => codecString) ?? [];

describe('HlsPackaging', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  it('packages what costs nothing all the time, and tells of each segment', async () => {
    const { stream, packaging, windows, segments } = bench();
    const feed = stream.attach({ placed: false });
    feed.publish(h264Config(0));
    feed.publish(audioConfig(0));
    await play(feed, 0, 6100);
    expect(packaging.isAlways).toBe(true);
    expect(windows).toHaveLength(1);
    expect(segments).toEqual([0, 1, 2]);
    stream.end('ended');
    expect([windows[0]?.state, segments]).toEqual(['ended', [0, 1, 2, 3]]);
  });

  it('a server that stops ends no broadcast', async () => {
    const { stream, windows } = bench();
    const feed = stream.attach({ placed: false });
    feed.publish(h264Config(0));
    feed.publish(audioConfig(0));
    await play(feed, 0, 1000);
    stream.end('server_stopping');
    expect(windows[0]?.state).toBe('interrupted');
  });

  it('a browser’s sound waits for somebody to ask, and is packaged as it is where there is no ffmpeg', async () => {
    const costly = bench({ ffmpeg: '/usr/bin/ffmpeg' });
    const free = bench();
    for (const { stream } of [costly, free]) {
      const feed = stream.attach({ placed: false, bridged: true });
      feed.publish(h264Config(0));
      feed.publish(opusConfig(0));
      await play(feed, 0, 3000, opusFrame);
    }
    expect([costly.packaging.isAlways, costly.windows.length]).toEqual([false, 0]);
    expect([free.packaging.isAlways, codecs(free.windows[0])[1]]).toEqual([true, 'opus']);
    costly.packaging.want(true);
    expect(costly.windows).toHaveLength(1);
    costly.packaging.want(false);
    expect(costly.packaging.window).toBeUndefined();
  });

  it('on demand it begins with the pictures since the last key frame, and goes on with later numbers', async () => {
    const { stream, packaging, windows } = bench({ hls: { mode: 'on_demand' } });
    const feed = stream.attach({ placed: false });
    feed.publish(h264Config(0));
    feed.publish(audioConfig(0));
    await play(feed, 0, 5000);
    packaging.want(true);
    expect(windows[0]?.segments.map(({ msn, parts }) => [msn, parts.length])).toEqual([[3, 2]]);
    await play(feed, 5000, 7000);
    packaging.want(false);
    await play(feed, 7000, 8900);
    packaging.want(true);
    expect(windows[1]?.segments[0]?.msn).toBe(5);
    expect(windows[1]?.run).toBe(windows[0]?.run);
    packaging.release();
    expect(packaging.window).toBeUndefined();
  });
});

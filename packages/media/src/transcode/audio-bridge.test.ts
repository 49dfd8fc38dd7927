import type { MediaPacket } from '@kaibo/formats';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { childrenRunning } from '../../../../test/support/children.ts';
import { findProgram } from '../../../../test/support/program.ts';
import { until } from '../../../../test/support/until.ts';
import { Stream, type StreamFeed } from '../hub/stream.ts';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { httpFlvFraming } from '../flv/framing.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import {
  audioConfig,
  audioFrame,
  interFrame,
  keyFrame,
  opusConfig,
  opusFrame,
  videoConfig,
} from '../testing/packets.ts';
import { AudioBridge, BRIDGE_LINGER_MS } from './audio-bridge.ts';

/** CELT, 20 ms, stereo, silence. */
const SILENCE = [0xfc, 0xff, 0xfe];
const children = (): number[] => childrenRunning('ffmpeg');

const closing: (() => void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  vi.useRealTimers();
  await until(() => children().length === 0, { what: 'no ffmpeg left' });
});

function bench(findFfmpeg: () => string | undefined = () => findProgram('ffmpeg')) {
  const log = testLog();
  const stream = new Stream({ key: 'live/a', options: testOptions({ mergeWindowMs: 0 }) });
  const bridge = new AudioBridge({ stream, findFfmpeg, log });
  closing.push(() => bridge.close());
  return { stream, bridge, log };
}

/** A browser's pictures and sound, every 20 ms of stream time. */
class Browser {
  feed: StreamFeed;
  ms = 0;

  constructor(stream: Stream) {
    this.feed = stream.attach({ placed: false, bridged: true });
    for (const packet of [videoConfig(0), opusConfig(0), keyFrame(0)]) this.feed.publish(packet);
    this.send(500);
  }

  send(forMs: number): void {
    for (const endMs = this.ms + forMs; this.ms < endMs; this.ms += 20) {
      this.feed.publish(opusFrame(this.ms, ...SILENCE));
      if (this.ms % 40 === 0) this.feed.publish(interFrame(this.ms));
    }
  }
}

const aacTimes = (viewer: FakeViewer): number[] =>
  viewer
    .tags()
    .filter(({ type, body }) => type === 8 && body[0] === 0xaf && body[1] === 1)
    .map(({ timestampMs }) => timestampMs);

describe('AudioBridge', () => {
  it('starts ffmpeg with the first viewer of AAC, from the key frame on, and ends it 10 s after the last', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { stream, bridge } = bench();
    const browser = new Browser(stream);
    const opus = stream.subscribe(new FakeViewer(httpFlvFraming('opus')), 0);
    browser.send(500);
    expect([bridge.status, children()]).toEqual(['idle', []]);

    const viewer = new FakeViewer();
    const sink = stream.subscribe(viewer, 0);
    vi.useRealTimers();
    await until(() => viewer.begun === 1 && aacTimes(viewer).length > 0);
    expect(bridge.status).toBe('running');
    expect(children()).toHaveLength(1);
    expect(aacTimes(viewer)[0]).toBeLessThan(25);

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    stream.unsubscribe(sink);
    await vi.advanceTimersByTimeAsync(BRIDGE_LINGER_MS - 1);
    const again = stream.subscribe(new FakeViewer(), 0);
    stream.unsubscribe(again);
    await vi.advanceTimersByTimeAsync(BRIDGE_LINGER_MS - 1);
    expect(bridge.status).toBe('running');
    await vi.advanceTimersByTimeAsync(1);
    expect(bridge.status).toBe('idle');
    stream.unsubscribe(opus);
    expect(stream.isUnused).toBe(false); // the publisher
    browser.feed.interrupt();
    expect(stream.isUnused).toBe(true);
  });

  it('goes on with the next publisher, in the stream time that follows', async () => {
    const { stream, bridge } = bench();
    const first = new Browser(stream);
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    await until(() => aacTimes(viewer).length > 0);
    first.feed.interrupt();
    expect(bridge.status).toBe('idle');
    await until(() => children().length === 0);
    const before = Math.max(...aacTimes(viewer));
    const second = new Browser(stream);
    second.send(1000);
    await until(() => Math.max(...aacTimes(viewer)) > 1500);
    expect(aacTimes(viewer)).toEqual(aacTimes(viewer).toSorted((a, b) => a - b));
    expect(Math.min(...aacTimes(viewer).filter((ms) => ms > before))).toBeGreaterThanOrEqual(500);
  });

  it('does nothing for a publisher of AAC, or one that is no browser', async () => {
    const { stream, bridge } = bench();
    stream.subscribe(new FakeViewer(), 0);
    const publish = (bridged: boolean, ...packets: MediaPacket[]): void => {
      const feed = stream.attach({ placed: false, bridged });
      for (const packet of packets) feed.publish(packet);
    };
    publish(true, audioConfig(0), audioFrame(0));
    expect(bridge.status).toBe('idle');
    publish(false, opusConfig(0), opusFrame(0, ...SILENCE));
    expect(bridge.status).toBe('idle');
  });

  it('says that ffmpeg is missing, once a publisher, and viewers begin with pictures', () => {
    const { stream, bridge, log } = bench(() => undefined);
    const browser = new Browser(stream);
    const viewers = [new FakeViewer(), new FakeViewer()];
    for (const viewer of viewers) stream.subscribe(viewer, 0);
    browser.send(500);
    expect(viewers.map(({ begun }) => begun)).toEqual([1, 1]);
    expect(bridge.status).toBe('no_ffmpeg');
    expect(log.warnings).toHaveLength(1);
    new Browser(stream).send(100);
    expect(log.warnings).toHaveLength(2);
  });

  it('says that ffmpeg failed, and tries again with the next publisher', async () => {
    let path = '/nowhere/ffmpeg';
    const { stream, bridge } = bench(() => path);
    const browser = new Browser(stream);
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    await until(() => bridge.status === 'failed');
    browser.send(100);
    expect([bridge.status, viewer.begun]).toEqual(['failed', 1]);
    path = findProgram('ffmpeg');
    new Browser(stream).send(500);
    await until(() => aacTimes(viewer).length > 0);
    expect(bridge.status).toBe('running');
  });

  it('is over with its stream, or when it is closed', async () => {
    for (const end of [(stream: Stream) => stream.end('ended'), (_: Stream, bridge: AudioBridge) => bridge.close()]) {
      const { stream, bridge } = bench();
      new Browser(stream);
      stream.subscribe(new FakeViewer(), 0);
      expect(bridge.status).toBe('running');
      end(stream, bridge);
      bridge.close();
      expect(bridge.status).toBe('idle');
      await until(() => children().length === 0);
    }
  });
});

import type { MediaPacket } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { testOptions } from '../testing/media-options.ts';
import { audioConfig, audioFrame, interFrame, keyFrame, videoConfig } from '../testing/packets.ts';
import { Stream, type StreamFeed } from './stream.ts';
import type { PacketTap } from './subscriber.ts';

const VIDEO = 9;
const AUDIO = 8;

function newStream(): Stream {
  return new Stream({ key: 'live/a', options: testOptions({ mergeWindowMs: 0 }) });
}

async function publish(feed: StreamFeed, ...packets: MediaPacket[]): Promise<void> {
  for (const packet of packets) {
    feed.publish(packet);
    await Promise.resolve();
  }
}

async function live(stream: Stream): Promise<StreamFeed> {
  const feed = stream.attach({ placed: false });
  await publish(feed, videoConfig(0), audioConfig(0), keyFrame(0), audioFrame(10), interFrame(40));
  return feed;
}

describe('an interrupted stream', () => {
  it('goes on one frame after the last, and viewers begin again at a key frame', async () => {
    const stream = newStream();
    const viewer = new FakeViewer();
    const first = await live(stream);
    stream.subscribe(viewer, 0);
    first.interrupt();
    expect(stream.state).toBe('interrupted');
    const second = stream.attach({ placed: false });
    await publish(
      second,
      videoConfig(7000),
      audioConfig(7000),
      interFrame(7000),
      audioFrame(7003),
      keyFrame(7040),
      audioFrame(7050),
      interFrame(7080),
    );
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40, 120, 160]);
    expect(viewer.times(AUDIO)).toEqual([0, 10, 130]);
    expect(viewer.begun).toBe(1);
  });

  it('serves no stale GOP: newcomers wait for the publisher', async () => {
    const stream = newStream();
    (await live(stream)).interrupt();
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    expect([viewer.begun, viewer.socket.written.length]).toEqual([0, 0]);
    await publish(stream.attach({ placed: false }), keyFrame(0), interFrame(40));
    expect(viewer.begun).toBe(1);
    expect(viewer.times(VIDEO).slice(-2)).toEqual([80, 120]);
  });

  it('takes nothing from a publisher that was replaced', async () => {
    const stream = newStream();
    const viewer = new FakeViewer();
    const first = await live(stream);
    stream.subscribe(viewer, 0);
    const second = stream.attach({ placed: false });
    await publish(first, keyFrame(80));
    first.interrupt();
    await publish(second, keyFrame(0));
    expect(stream.state).toBe('publishing');
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40, 80]);
  });

  it('sends headers again only if they changed', async () => {
    const stream = newStream();
    const viewer = new FakeViewer();
    const first = await live(stream);
    stream.subscribe(viewer, 0);
    first.interrupt();
    await publish(stream.attach({ placed: false }), videoConfig(0), audioConfig(0), keyFrame(0));
    expect(viewer.tags().filter(({ body }) => body[1] === 0)).toHaveLength(2);
    await publish(stream.attach({ placed: false }), videoConfig(0, 51), keyFrame(0));
    expect(
      viewer
        .tags()
        .filter(({ type, body }) => type === VIDEO && body[1] === 0)
        .map(({ body }) => body[8]),
    ).toEqual([31, 51]);
  });
});

describe('a paused viewer', () => {
  it('gets nothing, and goes on at a key frame with what changed meanwhile', async () => {
    const stream = newStream();
    const viewer = new FakeViewer();
    const feed = await live(stream);
    const sink = stream.subscribe(viewer, 0);
    sink.state = 'paused';
    await publish(feed, interFrame(80), videoConfig(80, 40), keyFrame(120), interFrame(160));
    sink.state = 'skipping';
    await publish(feed, interFrame(200), keyFrame(240), interFrame(280));
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40, expect.any(Number), 240, 280]);
  });
});

describe('a tap', () => {
  it('begins with headers and the GOP, then gets every packet once, and hears the end', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const heard: (string | number)[] = [];
    const tap: PacketTap = {
      published: ({ bridged }) => heard.push(`published ${bridged}`),
      packet: ({ dtsMs, config }) => heard.push(config ? 'config' : dtsMs),
      interrupted: () => heard.push('interrupted'),
      ended: (reason) => heard.push(reason),
    };
    const untap = stream.tap(tap);
    await publish(feed, interFrame(80), videoConfig(80));
    feed.interrupt();
    stream.end('ended');
    untap();
    expect(heard).toEqual(['published false', 'config', 'config', 0, 10, 40, 80, 'interrupted', 'ended']);
    expect(stream.isUnused).toBe(true);
  });

  it('that came while nobody published has the headers too, which the next publisher does not change', async () => {
    const stream = newStream();
    (await live(stream)).interrupt();
    const heard: string[] = [];
    stream.tap({
      published: () => heard.push('published'),
      packet: ({ kind, config, dtsMs }) => heard.push(config ? `${kind} config` : `${kind} ${dtsMs}`),
      interrupted: () => heard.push('interrupted'),
      ended: (reason) => heard.push(reason),
    });
    const next = stream.attach({ placed: false });
    await publish(next, videoConfig(0), audioConfig(0), keyFrame(0));
    next.interrupt();
    await publish(stream.attach({ placed: false }), videoConfig(0), keyFrame(0));
    const begin = ['published', 'video config', 'audio config', 'video 80'];
    expect(heard).toEqual([...begin, 'interrupted', 'published', 'video 120']);
  });
});

import type { MediaPacket } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WS_FLV_FRAMING } from '../flv/framing.ts';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { testOptions } from '../testing/media-options.ts';
import { audioConfig, audioFrame, interFrame, keyFrame, metadata, videoConfig } from '../testing/packets.ts';
import { Stream, type StreamFeed, TRACK_DISCOVERY_MS } from './stream.ts';

const AUDIO = 8;
const VIDEO = 9;

function newStream(changes: Parameters<typeof testOptions>[0] = {}): Stream {
  return new Stream({ key: 'live/a', options: testOptions({ mergeWindowMs: 0, ...changes }) });
}

/** Publishes and lets the window of 0 ms end after each packet. */
async function publish(feed: StreamFeed, ...packets: MediaPacket[]): Promise<void> {
  for (const packet of packets) {
    feed.publish(packet);
    await Promise.resolve();
  }
}

async function live(stream: Stream): Promise<StreamFeed> {
  const feed = stream.attach({ placed: false });
  await publish(feed, videoConfig(0), audioConfig(0), keyFrame(0, 1), audioFrame(10), interFrame(40, 2));
  return feed;
}

describe('Stream', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => vi.useRealTimers());

  it('gives a late joiner headers and the GOP at once, as one Buffer shared with who joins at the same moment', async () => {
    const stream = newStream();
    await live(stream);
    const viewers = [new FakeViewer(), new FakeViewer(), new FakeViewer(WS_FLV_FRAMING)];
    for (const viewer of viewers) stream.subscribe(viewer, 0);
    expect(viewers.map(({ begun, socket }) => [begun, socket.written.length])).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(viewers[0]?.socket.written[0]).toBe(viewers[1]?.socket.written[0]);
    expect(viewers[0]?.socket.written[0]?.[4]).toBe(5);
    expect(viewers[0]?.times(VIDEO)).toEqual([0, 0, 40]);
    expect(viewers[0]?.times(AUDIO)).toEqual([0, 10]);
  });

  it('hands one window’s Buffer to everybody, and repeats nothing to a newcomer', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewers = [new FakeViewer(), new FakeViewer()];
    for (const viewer of viewers) stream.subscribe(viewer, 0);
    await publish(feed, interFrame(80));
    expect(viewers[0]?.socket.written[1]).toBe(viewers[1]?.socket.written[1]);
    expect(viewers[0]?.times(VIDEO)).toEqual([0, 0, 40, 80]);
  });

  it('knows the wall clock of its time, anew with each publisher', async () => {
    vi.setSystemTime(1_000_000);
    const stream = newStream();
    expect(stream.epochMs).toBeUndefined();
    const feed = await live(stream);
    expect(stream.epochMs).toBe(1_000_000);
    feed.interrupt();
    vi.setSystemTime(1_009_000);
    await publish(stream.attach({ placed: false }), keyFrame(500, 3));
    const resumedAtMs = stream.lastDtsMs ?? -1;
    expect(stream.epochMs).toBe(1_009_000 - resumedAtMs);
  });

  it('ends a window before a key frame', async () => {
    const stream = newStream({ mergeWindowMs: 100 });
    const feed = await live(stream);
    await vi.advanceTimersByTimeAsync(100);
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    await publish(feed, interFrame(80), audioFrame(90), keyFrame(120), interFrame(160));
    await vi.advanceTimersByTimeAsync(100);
    const windows = viewer.socket.written.slice(1).map((bytes) => bytes[0] === VIDEO && bytes[11] === 0x17);
    expect(windows).toEqual([false, true]);
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40, 80, 120, 160]);
  });

  it('makes a newcomer wait for a key frame when the GOP cache has overflowed', async () => {
    const stream = newStream({ gopCache: { enabled: true, maxPackets: 2, maxBytes: 10_000 } });
    const feed = await live(stream);
    const viewer = new FakeViewer();
    const early = new FakeViewer();
    stream.subscribe(viewer, 0);
    await publish(feed, interFrame(80), audioFrame(90));
    stream.subscribe(early, 0);
    await publish(feed, keyFrame(120), interFrame(160));
    expect(viewer.times(VIDEO)).toEqual([0, 120, 160]);
    expect(early.times(VIDEO).slice(-2)).toEqual([120, 160]);
    expect(viewer.times(AUDIO)).toEqual([0]);
  });

  it('skips a slow viewer to the next key frame, and the others notice nothing', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const [slow, fast] = [new FakeViewer(), new FakeViewer()];
    for (const viewer of [slow, fast]) stream.subscribe(viewer, 0);
    slow.socket.stalledBytes = testOptions().limits.viewerBufferBytes + 1;
    await publish(feed, interFrame(80), keyFrame(120));
    slow.socket.stalledBytes = 0;
    await publish(feed, interFrame(160), audioFrame(165), keyFrame(200), interFrame(240));
    expect(slow.times(VIDEO)).toEqual([0, 0, 40, 200, 240]);
    expect(fast.times(VIDEO)).toEqual([0, 0, 40, 80, 120, 160, 200, 240]);
  });

  it('cuts a viewer that stays slow, with its reason, and not one that recovers', async () => {
    const stream = newStream({ limits: { slowViewerMs: 10_000 } });
    const feed = await live(stream);
    const [lost, saved] = [new FakeViewer(), new FakeViewer()];
    for (const viewer of [lost, saved]) {
      stream.subscribe(viewer, 0);
      viewer.socket.stalledBytes = 4 * 1024 * 1024;
    }
    await publish(feed, interFrame(80));
    vi.advanceTimersByTime(9000);
    stream.sweep(Date.now());
    saved.socket.stalledBytes = 0;
    stream.sweep(Date.now());
    saved.socket.stalledBytes = 4 * 1024 * 1024;
    vi.advanceTimersByTime(2000);
    stream.sweep(Date.now());
    expect([lost.finished, saved.finished, stream.viewers]).toEqual(['slow_viewer', undefined, 1]);
  });

  it('sends changed headers to flowing viewers, and to a skipping one before its key frame', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const [slow, fast] = [new FakeViewer(), new FakeViewer()];
    for (const viewer of [slow, fast]) stream.subscribe(viewer, 0);
    const version = stream.headers.version;
    slow.socket.stalledBytes = 4 * 1024 * 1024;
    await publish(feed, interFrame(80), videoConfig(80, 31), videoConfig(80, 40), keyFrame(120));
    slow.socket.stalledBytes = 0;
    await publish(feed, keyFrame(160));
    expect(stream.headers.version).toBe(version + 1);
    const configs = (viewer: FakeViewer): (number | undefined)[] =>
      viewer
        .tags()
        .filter(({ type, body }) => type === VIDEO && body[1] === 0)
        .map(({ body }) => body[8]);
    expect(configs(fast)).toEqual([31, 40]);
    expect(configs(slow)).toEqual([31, 40]);
    expect(slow.times(VIDEO).at(-1)).toBe(160);
    const newcomer = new FakeViewer();
    stream.subscribe(newcomer, 0);
    expect(configs(newcomer)).toEqual([40]);
  });

  it('begins an audio-only stream without a key frame, after it has looked for video', async () => {
    const stream = newStream();
    const feed = stream.attach({ placed: false });
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    await publish(feed, audioConfig(0), audioFrame(0));
    expect(viewer.begun).toBe(0);
    await vi.advanceTimersByTimeAsync(TRACK_DISCOVERY_MS);
    await publish(feed, audioFrame(23), audioFrame(46));
    expect([viewer.begun, viewer.socket.written[0]?.[4]]).toEqual([1, 4]);
    expect(viewer.times(AUDIO).slice(-2)).toEqual([23, 46]);
  });

  it('begins a video-only stream at once when its metadata says so', async () => {
    const stream = newStream();
    const feed = stream.attach({ placed: false });
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    await publish(feed, metadata(0, { videocodecid: 7, width: 2 }), videoConfig(0), keyFrame(0), interFrame(40));
    expect([viewer.begun, viewer.socket.written[0]?.[4]]).toEqual([1, 1]);
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40]);
  });

  it('keeps waiting viewers until somebody publishes, and 404 after playWaitMs', async () => {
    const stream = newStream({ limits: { playWaitMs: 5000 } });
    const [patient, late] = [new FakeViewer(), new FakeViewer()];
    stream.subscribe(patient, Date.now());
    vi.advanceTimersByTime(4000);
    stream.subscribe(late, Date.now());
    vi.advanceTimersByTime(2000);
    stream.sweep(Date.now());
    expect([patient.finished, late.finished]).toEqual(['not_published', undefined]);
    await live(stream);
    expect(late.begun).toBe(1);
    expect(patient.begun).toBe(0);
  });

  it('is ended once, for everybody', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewer = new FakeViewer();
    stream.subscribe(viewer, 0);
    stream.end('ended');
    stream.end('kicked');
    await publish(feed, interFrame(80));
    expect([viewer.finished, stream.viewers, stream.state]).toEqual(['ended', 0, 'ended']);
    expect(viewer.times(VIDEO)).toEqual([0, 0, 40]);
  });
});

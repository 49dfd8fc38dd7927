import type { MediaPacket } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HTTP_FLV_FRAMING, httpFlvFraming, wsFlvFraming } from '../flv/framing.ts';
import { rtmpFraming } from '../rtmp/framing.ts';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { testOptions } from '../testing/media-options.ts';
import {
  audioConfig,
  audioFrame,
  interFrame,
  keyFrame,
  opusConfig,
  opusFrame,
  videoConfig,
} from '../testing/packets.ts';
import { ALTERNATE_WAIT_MS } from './audio-alternate.ts';
import { audioChoiceOf, type Framing } from './framing.ts';
import { Stream, type StreamFeed, TRACK_DISCOVERY_MS } from './stream.ts';
import type { PacketTap, TapAudio } from './subscriber.ts';

const VIDEO_ONLY = 1;
const BOTH = 5;
const OPUS = httpFlvFraming('opus');

function newStream(changes: Parameters<typeof testOptions>[0] = {}): Stream {
  return new Stream({ key: 'live/a', options: testOptions({ mergeWindowMs: 0, ...changes }) });
}

async function publish(feed: StreamFeed, ...packets: MediaPacket[]): Promise<void> {
  for (const packet of packets) {
    feed.publish(packet);
    await Promise.resolve();
  }
}

/** What the bridge gives back. */
async function bridge(stream: Stream, ...packets: MediaPacket[]): Promise<void> {
  for (const packet of packets) stream.publishAlternate(packet);
  await Promise.resolve();
}

/** A browser publishes pictures and Opus. */
async function live(stream: Stream): Promise<StreamFeed> {
  const feed = stream.attach({ placed: false, bridged: true });
  await publish(
    feed,
    videoConfig(0),
    opusConfig(0),
    keyFrame(0, 1),
    opusFrame(0, 1),
    interFrame(40, 2),
    opusFrame(20, 2),
  );
  return feed;
}

function join(stream: Stream, framing?: Framing): FakeViewer {
  const viewer = new FakeViewer(framing);
  stream.subscribe(viewer, 0);
  return viewer;
}

/** `o` or `a` for each audio tag, upper case for a configuration, with its time. */
function audioOf(viewer: FakeViewer): string[] {
  return viewer
    .tags()
    .filter(({ type }) => type === 8)
    .map(({ body, timestampMs }) => {
      const isOpus = (body[0] ?? 0) >> 4 === 9;
      const isConfig = isOpus ? body[0] === 0x90 : body[1] === 0;
      const letter = isOpus ? 'o' : 'a';
      return isConfig ? letter.toUpperCase() : `${letter}${timestampMs}`;
    });
}

const flagsOf = (viewer: FakeViewer): number | undefined => viewer.socket.written[0]?.[4];

describe('a stream that a browser publishes', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
  afterEach(() => vi.useRealTimers());

  it('gives Opus at once to who asks for it, and AAC to all others when that is there', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewers = [join(stream), join(stream, OPUS), join(stream), join(stream, OPUS)];
    expect(viewers.map(({ begun }) => begun)).toEqual([0, 1, 0, 1]);
    await bridge(stream, audioConfig(0), audioFrame(0, 1), audioFrame(21, 2));
    await publish(feed, opusFrame(40, 3));
    await bridge(stream, audioFrame(43, 3));
    for (const viewer of viewers) expect(flagsOf(viewer)).toBe(BOTH);
    expect(viewers.map(audioOf)).toEqual([
      ['A', 'a0', 'a21', 'a43'],
      ['O', 'o0', 'o20', 'o40'],
      ['A', 'a0', 'a21', 'a43'],
      ['O', 'o0', 'o20', 'o40'],
    ]);
    expect(viewers[0]?.times(9)).toEqual(viewers[1]?.times(9));
    // Each choice shares its Buffers.
    expect(viewers[0]?.socket.written).toEqual(viewers[2]?.socket.written);
    for (const [one, other] of [
      [0, 2],
      [1, 3],
    ] as const)
      viewers[one]?.socket.written.forEach((bytes, index) => expect(bytes).toBe(viewers[other]?.socket.written[index]));
  });

  it('serves RTMP and WebSocket alike', async () => {
    const stream = newStream();
    await live(stream);
    const rtmp = { streamId: 1, audio: true, video: true } as const;
    const opus = [wsFlvFraming('opus'), rtmpFraming({ ...rtmp, audioChoice: 'opus' })].map((framing) =>
      join(stream, framing),
    );
    const aac = [wsFlvFraming('aac'), rtmpFraming(rtmp)].map((framing) => join(stream, framing));
    await bridge(stream, audioConfig(0), audioFrame(0, 0xaa));
    const holds = (viewer: FakeViewer, text: string): boolean =>
      Buffer.concat(viewer.socket.written).includes(text, 0, 'latin1');
    expect(opus.map((viewer) => [holds(viewer, '\x91Opus'), holds(viewer, '\xaf\x01\xaa')])).toEqual([
      [true, false],
      [true, false],
    ]);
    expect(aac.map((viewer) => [holds(viewer, '\x91Opus'), holds(viewer, '\xaf\x01\xaa')])).toEqual([
      [false, true],
      [false, true],
    ]);
  });

  it('lets a viewer of AAC begin with pictures alone when none comes in 1 s, and never gives it Opus', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewer = join(stream);
    await vi.advanceTimersByTimeAsync(ALTERNATE_WAIT_MS - 1);
    expect(viewer.begun).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect([viewer.begun, flagsOf(viewer)]).toEqual([1, VIDEO_ONLY]);
    await publish(feed, interFrame(80), opusFrame(80));
    expect([audioOf(viewer), viewer.times(9)]).toEqual([[], [0, 0, 40, 80]]);
    await bridge(stream, audioConfig(80), audioFrame(80));
    expect(audioOf(viewer)).toEqual(['A', 'a80']);
  });

  it('does not wait for what is known to have failed, and tries again with the next publisher and the next demand', async () => {
    const stream = newStream();
    await live(stream);
    const first = join(stream);
    expect(first.begun).toBe(0);
    stream.alternateFailed();
    expect([first.begun, flagsOf(first)]).toEqual([1, VIDEO_ONLY]);
    expect(join(stream).begun).toBe(1);
    await live(stream);
    expect(join(stream).begun).toBe(0);
    stream.alternateFailed();
    stream.end('ended');

    const other = newStream();
    await live(other);
    const sink = other.subscribe(new FakeViewer(), 0);
    other.alternateFailed();
    other.unsubscribe(sink);
    expect(join(other).begun).toBe(0);
  });

  it('gives a slow viewer of AAC the configuration that it missed', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewer = join(stream);
    stream.alternateFailed();
    viewer.socket.stalledBytes = 4 * 1024 * 1024;
    await publish(feed, interFrame(80));
    await bridge(stream, audioConfig(80), audioFrame(80));
    viewer.socket.stalledBytes = 0;
    await publish(feed, keyFrame(120));
    await bridge(stream, audioFrame(120));
    expect(audioOf(viewer)).toEqual(['A', 'a120']);
  });

  it('takes no AAC whose time it has given already, or that comes after its publisher', async () => {
    const stream = newStream();
    const feed = await live(stream);
    const viewer = join(stream);
    await bridge(stream, audioConfig(0), audioFrame(0), audioFrame(21));
    await bridge(stream, audioConfig(0), audioFrame(0), audioFrame(21), audioFrame(43));
    feed.interrupt();
    await bridge(stream, audioFrame(64));
    expect(audioOf(viewer)).toEqual(['A', 'a0', 'a21', 'a43']);
  });

  it('goes on as it was published when the next publisher is no browser', async () => {
    const stream = newStream();
    await live(stream);
    const viewer = join(stream);
    await bridge(stream, audioConfig(0), audioFrame(0));
    const feed = stream.attach({ placed: false, bridged: false });
    await publish(feed, videoConfig(0), opusConfig(0), keyFrame(0), opusFrame(0));
    await bridge(stream, audioFrame(9000));
    expect(audioOf(viewer)).toEqual(['A', 'a0', 'O', expect.stringMatching(/^o/)]);
    expect(stream.headers.alternate).toBeUndefined();
  });

  it('is as any other when it publishes AAC', async () => {
    const stream = newStream();
    const feed = stream.attach({ placed: false, bridged: true });
    await publish(feed, videoConfig(0), audioConfig(0), keyFrame(0), audioFrame(0));
    const viewers = [join(stream), join(stream, OPUS)];
    await bridge(stream, audioFrame(21));
    expect(viewers.map(audioOf)).toEqual([
      ['A', 'a0'],
      ['A', 'a0'],
    ]);
  });

  it('counts what was published, not what was made of it', async () => {
    const stream = newStream();
    await live(stream);
    const { recvBytes } = stream.meter;
    await bridge(stream, audioConfig(0), audioFrame(0));
    expect(stream.meter.recvBytes).toBe(recvBytes);
  });
});

describe('a mirror of it', () => {
  it('tells AAC from what was published, though the wire does not', async () => {
    const stream = newStream();
    const feed = stream.attach({ placed: true, bridged: true });
    await publish(feed, videoConfig(0), opusConfig(0), audioConfig(0), keyFrame(0), opusFrame(0), audioFrame(0));
    const viewers = [join(stream), join(stream, OPUS)];
    await publish(feed, opusFrame(20), audioFrame(21));
    expect(viewers.map(audioOf)).toEqual([
      ['A', 'a0', 'a21'],
      ['O', 'o0', 'o20'],
    ]);
  });
});

describe('a stream without a choice', () => {
  it('is framed from the very array of the window', async () => {
    const windows: (readonly MediaPacket[])[] = [];
    const spy = (key: string, audio: Framing['audio']): Framing => ({
      ...HTTP_FLV_FRAMING,
      key,
      audio,
      frame: (packets) => {
        windows.push(packets);
        return HTTP_FLV_FRAMING.frame(packets);
      },
    });
    const stream = newStream();
    const feed = stream.attach({ placed: false });
    await publish(feed, videoConfig(0), opusConfig(0), keyFrame(0));
    join(stream, spy('one', 'aac'));
    join(stream, spy('two', 'opus'));
    windows.length = 0;
    await publish(feed, opusFrame(20));
    expect(windows).toHaveLength(2);
    expect(windows[0]).toBe(windows[1]);
  });
});

describe('demand for AAC', () => {
  const told = (stream: Stream): boolean[] => {
    const heard: boolean[] = [];
    stream.onAacDemand((wanted) => heard.push(wanted));
    return heard;
  };

  it('is the first and the last that takes it', () => {
    const stream = newStream();
    const heard = told(stream);
    const opus = stream.subscribe(new FakeViewer(OPUS), 0);
    const deaf = stream.subscribe(new FakeViewer(rtmpFraming({ streamId: 1, audio: false, video: true })), 0);
    expect(heard).toEqual([]);
    const sinks = [stream.subscribe(new FakeViewer(), 0), stream.subscribe(new FakeViewer(), 0)];
    expect(heard).toEqual([true]);
    expect(told(stream)).toEqual([true]);
    for (const sink of [...sinks, ...sinks, opus, deaf]) stream.unsubscribe(sink);
    expect(heard).toEqual([true, false]);
  });

  it('is a tap, unless it takes what was published', () => {
    const stream = newStream();
    const heard = told(stream);
    const tap: PacketTap = { published() {}, packet() {}, interrupted() {}, ended() {} };
    stream.tap(tap)();
    expect(heard).toEqual([]);
    for (const audio of ['aac', 'alternate'] as const) {
      const untap = stream.tap(tap, { audio });
      untap();
      untap();
    }
    expect(heard).toEqual([true, false, true, false]);
  });

  it('is heard until its listener goes', () => {
    const stream = newStream();
    const heard: boolean[] = [];
    stream.onAacDemand((wanted) => heard.push(wanted))();
    stream.subscribe(new FakeViewer(), 0);
    expect(heard).toEqual([]);
  });
});

describe('taps', () => {
  it.each<{ audio: TapAudio; hears: string[] }>([
    { audio: 'source', hears: ['browser', 'video', 'opus', 'video', 'opus', 'opus', 'rtmp', 'aac'] },
    { audio: 'aac', hears: ['browser', 'video', 'aac', 'video', 'aac', 'aac', 'rtmp', 'aac'] },
    { audio: 'alternate', hears: ['browser', 'aac', 'aac', 'aac', 'rtmp'] },
  ])('of $audio', async ({ audio, hears }) => {
    const stream = newStream();
    const feed = stream.attach({ placed: false, bridged: true });
    await publish(feed, videoConfig(0), opusConfig(0), keyFrame(0), opusFrame(0));
    await bridge(stream, audioConfig(0), audioFrame(0));
    const heard: string[] = [];
    const keep = ({ kind, codec }: MediaPacket): void => void heard.push(kind === 'video' ? kind : codec);
    stream.tap(
      {
        published: ({ bridged }) => heard.push(bridged ? 'browser' : 'rtmp'),
        packet: keep,
        interrupted() {},
        ended() {},
      },
      { audio },
    );
    await publish(feed, opusFrame(20));
    await bridge(stream, audioFrame(21));
    await publish(stream.attach({ placed: false }), audioConfig(0));
    expect(heard).toEqual(hears);
  });
});

it.each([
  ['?audio=opus', 'opus'],
  ['?token=x&audio=opus', 'opus'],
  ['?audio=aac', 'aac'],
  ['?audio=', 'aac'],
  ['', 'aac'],
])('the parameters %j choose %s', (param, choice) => {
  expect(audioChoiceOf(param)).toBe(choice);
  expect(ALTERNATE_WAIT_MS).toBe(TRACK_DISCOVERY_MS);
});

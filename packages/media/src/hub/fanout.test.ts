import { describe, expect, it } from 'vitest';
import { HTTP_FLV_FRAMING, WS_FLV_FRAMING } from '../flv/framing.ts';
import { rtmpFraming } from '../rtmp/framing.ts';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { testOptions } from '../testing/media-options.ts';
import { audioFrame, interFrame, keyFrame, metadata, videoConfig } from '../testing/packets.ts';
import { Fanout, mergeWindowMs, type StreamBacklog } from './fanout.ts';
import { ViewerSink } from './viewer-sink.ts';

const { limits } = testOptions();
const backlog: StreamBacklog = {
  flags: { hasAudio: true, hasVideo: true },
  choosesAudio: false,
  hasAlternate: false,
  headers: [videoConfig(0)],
  headersVersion: 1,
  gop: [keyFrame(1000)],
  gopVersion: 1,
};

function join(fanout: Fanout, viewer: FakeViewer): ViewerSink {
  const sink = new ViewerSink(viewer, { limits, nowMs: 0 });
  fanout.add(sink);
  fanout.start(sink, backlog);
  sink.state = 'flowing';
  return sink;
}

describe('mergeWindowMs', () => {
  it.each([
    { setting: 0, viewers: 10_000, windowMs: 0 },
    { setting: 350, viewers: 1, windowMs: 350 },
    { setting: 'auto' as const, viewers: 0, windowMs: 0 },
    { setting: 'auto' as const, viewers: 10, windowMs: 0 },
    { setting: 'auto' as const, viewers: 105, windowMs: 48 },
    { setting: 'auto' as const, viewers: 200, windowMs: 95 },
    { setting: 'auto' as const, viewers: 50_000, windowMs: 95 },
  ])('$setting with $viewers viewers is $windowMs ms', ({ setting, viewers, windowMs }) => {
    expect(mergeWindowMs(setting, viewers)).toBe(windowMs);
  });
});

describe('Fanout', () => {
  it('gives every viewer of a framing the very same Buffer, and each framing its own', () => {
    const fanout = new Fanout();
    const viewers = [
      HTTP_FLV_FRAMING,
      HTTP_FLV_FRAMING,
      WS_FLV_FRAMING,
      WS_FLV_FRAMING,
      rtmpFraming({ streamId: 1, audio: true, video: true }),
    ].map((framing) => new FakeViewer(framing));
    viewers.push(new FakeViewer(rtmpFraming({ streamId: 1, audio: true, video: true })));
    for (const viewer of viewers) join(fanout, viewer);
    fanout.send([interFrame(1040)], false, backlog);
    for (let pair = 0; pair < viewers.length; pair += 2) {
      const [first, second] = [viewers[pair], viewers[pair + 1]];
      expect(first?.socket.written).toHaveLength(2);
      expect(first?.socket.written[0]).toBe(second?.socket.written[0]);
      expect(first?.socket.written[1]).toBe(second?.socket.written[1]);
    }
  });

  it('starts a newcomer’s configuration at the GOP’s time, and its metadata where it was', () => {
    const fanout = new Fanout();
    const viewer = new FakeViewer();
    const sink = new ViewerSink(viewer, { limits, nowMs: 0 });
    fanout.add(sink);
    fanout.start(sink, { ...backlog, headers: [metadata(0, { width: 2 }), videoConfig(0)] });
    expect(viewer.tags().map(({ type, timestampMs }) => [type, timestampMs])).toEqual([
      [18, 0],
      [9, 1000],
      [9, 1000],
    ]);
  });

  it('leaves out what an RTMP player turned off', () => {
    const fanout = new Fanout();
    const deaf = new FakeViewer(rtmpFraming({ streamId: 1, audio: false, video: true }));
    join(fanout, deaf);
    const before = deaf.socket.written.length;
    fanout.send([audioFrame(1010)], false, backlog);
    expect(deaf.socket.written).toHaveLength(before);
  });

  it('puts one window into one WebSocket frame', () => {
    const fanout = new Fanout();
    const viewer = new FakeViewer(WS_FLV_FRAMING);
    join(fanout, viewer);
    fanout.send([interFrame(1040), interFrame(1080)], false, backlog);
    const frame = viewer.socket.written.at(-1) ?? Buffer.alloc(0);
    expect([frame[0], frame[1]]).toEqual([0x82, frame.length - 2]);
    expect(frame.length).toBe(2 + 2 * (11 + 5 + 4));
  });

  it.each([125, 126, 0xffff, 0x10000])('says a WebSocket payload of %i bytes as RFC 6455 wants it', (payloadBytes) => {
    const content = Array.from({ length: payloadBytes - 15 - 5 }, () => 0);
    const frame = WS_FLV_FRAMING.frame([interFrame(0, ...content)]);
    const head =
      payloadBytes < 126
        ? Buffer.of(0x82, payloadBytes)
        : payloadBytes <= 0xffff
          ? Buffer.of(0x82, 126, payloadBytes >> 8, payloadBytes & 0xff)
          : Buffer.from('827f0000000000010000', 'hex');
    expect(frame.subarray(0, head.length)).toEqual(head);
    expect(frame.length).toBe(head.length + payloadBytes);
  });

  it('forgets a viewer that left, wherever it stood', () => {
    const fanout = new Fanout();
    const viewers = [new FakeViewer(), new FakeViewer(), new FakeViewer()];
    const sinks = viewers.map((viewer) => join(fanout, viewer));
    for (const sink of sinks.slice(0, 1)) {
      fanout.remove(sink);
      fanout.remove(sink);
    }
    fanout.send([interFrame(1040)], false, backlog);
    expect(viewers.map(({ socket }) => socket.written.length)).toEqual([1, 2, 2]);
    expect([...fanout.sinks()]).toHaveLength(2);
  });
});

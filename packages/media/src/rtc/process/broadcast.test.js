import { encodeRtcp, parseRtcp } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { childrenRunning } from '../../../../../test/support/children.ts';
import { findProgram } from '../../../../../test/support/program.ts';
import { until } from '../../../../../test/support/until.ts';
import { h264Config, h264Frame } from '../../testing/h264.ts';
import { testLog } from '../../testing/media-options.ts';
import { audioConfig, audioFrame, opusConfig, opusFrame, vp8Config } from '../../testing/packets.ts';
import { RecordedLine } from '../../testing/recorded-line.ts';
import { Broadcast } from './broadcast.ts';
import { RtcViewer } from './viewer.ts';
const LINES = [
  { index: 0, mid: '0', kind: 'audio', codecs: [{ codec: 'opus', payloadType: 111 }], ssrcs: [] },
  { index: 1, mid: '1', kind: 'video', codecs: [{ codec: 'h264', payloadType: 96 }], ssrcs: [] },
];
const LINES_WITH_VP8 = LINES.map((line) =>
  line.kind === 'video' ? { ...line, codecs: [...line.codecs, { codec: 'vp8', payloadType: 97 }] } : line,
);
const WHOLE_UNITS = LINES.map((line) => (line.kind === 'video' ? { ...line, h264Mode: 0 } : line));
const NEVER = new AbortController().signal;
const opened = [];
afterEach(() => {
  for (const broadcast of opened.splice(0)) broadcast.ended('ended');
  vi.useRealTimers();
});
function bench(changes = {}) {
  let wanted = 0;
  const broadcast = new Broadcast({
    key: 'live/a',
    bframes: 'drop',
    ffmpeg: undefined,
    log: testLog(),
    onKeyframeWanted: () => wanted++,
    ...changes,
  });
  opened.push(broadcast);
  return {
    broadcast,
    wanted: () => wanted,
    give: (...packets) => packets.forEach((packet) => broadcast.packet(packet)),
    viewer: (lines = LINES) => {
      const transport = new RecordedLine();
      const ends = [];
      const viewer = new RtcViewer({
        clientId: 'v',
        broadcast,
        transport,
        lines,
        ssrcs: new Map([
          [0, 100],
          [1, 200],
        ]),
        onEnd: (reason) => ends.push(reason),
      });
      const count = (ssrc) => transport.rtp.filter((packet) => packet.ssrc === ssrc).length;
      return { viewer, transport, ends, sound: () => count(100), pictures: () => count(200) };
    },
  };
}
const picture = (fromMs = 0) => [
  h264Config(fromMs),
  h264Frame('key', { dtsMs: fromMs }),
  h264Frame('reference', { dtsMs: fromMs + 40 }),
];
describe('Broadcast, to those who wait', () => {
  beforeEach(() => void vi.useFakeTimers());
  it('is ready with the first key frame', async () => {
    const { broadcast, give } = bench();
    const ready = broadcast.ready(30_000, NEVER);
    expect(broadcast.isUnused).toBe(false);
    give(...picture()); // nobody has published yet
    broadcast.published();
    give(opusConfig(0), opusFrame(0, 1), h264Config(0));
    vi.advanceTimersByTime(500);
    give(h264Frame('key', { dtsMs: 0 }));
    expect(await ready).toBe(true);
    expect(await broadcast.ready(0, NEVER)).toBe(true);
    expect(broadcast.isUnused).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
  it('is ready without a picture a second after its first packet', async () => {
    const { broadcast, give } = bench();
    broadcast.published();
    const ready = broadcast.ready(30_000, NEVER);
    give(opusConfig(0), opusFrame(0, 1));
    vi.advanceTimersByTime(1100);
    broadcast.tick(Date.now());
    expect(await ready).toBe(true);
  });
  it.each([
    { name: 'the time is over', act: () => vi.advanceTimersByTime(1000) },
    { name: 'it ends', act: (broadcast) => broadcast.ended('ended') },
    { name: 'nobody asks any more', act: (_broadcast, gone) => gone.abort() },
  ])('is not, when $name', async ({ act }) => {
    const { broadcast } = bench();
    const gone = new AbortController();
    const ready = broadcast.ready(1000, gone.signal);
    act(broadcast, gone);
    expect(await ready).toBe(false);
    expect(broadcast.isUnused).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
describe('Broadcast, to viewers', () => {
  it('gives a late one the last picture with a report of both clocks, and the sound from now on', () => {
    const { broadcast, give, viewer } = bench();
    broadcast.published();
    give(...picture(), opusConfig(0), opusFrame(0, 1), opusFrame(20, 2));
    const late = viewer();
    late.viewer.connected();
    expect([late.pictures(), late.sound()]).toEqual([2, 0]);
    expect(late.transport.rtcp.filter(({ type }) => type === 'sr')).toHaveLength(2);
    give(opusFrame(40, 3), h264Frame('reference', { dtsMs: 80 }));
    expect([late.pictures(), late.sound()]).toEqual([3, 1]);
    expect(broadcast.sentBytes).toBeGreaterThan(0);
    const bytes = broadcast.sentBytes;
    late.viewer.close();
    expect(broadcast.sentBytes).toBe(bytes);
    expect(broadcast.isUnused).toBe(true);
  });
  it('goes on with the next publisher’s pictures when the configuration is the same, and so does not come again', () => {
    const { broadcast, viewer, give } = bench();
    const one = viewer();
    one.viewer.connected();
    broadcast.published();
    give(...picture());
    broadcast.interrupted();
    broadcast.published();
    give(h264Frame('key', { dtsMs: 500 }), h264Frame('reference', { dtsMs: 540 }));
    expect([one.pictures(), one.ends]).toEqual([4, []]);
  });
  it('gives whole units to those who put no fragments together, and fragments to the others', () => {
    const { broadcast, viewer, give } = bench();
    const [fragments, whole] = [viewer(), viewer(WHOLE_UNITS)];
    for (const one of [fragments, whole]) one.viewer.connected();
    broadcast.published();
    give(h264Config(0), h264Frame('key', { dtsMs: 0, bytes: 4000 }));
    expect([fragments.pictures(), whole.pictures()]).toEqual([5, 3]);
  });
  it('ends those who cannot show the next publisher’s codec, so that they ask again', () => {
    const { broadcast, viewer, give } = bench();
    const [both, h264] = [viewer(LINES_WITH_VP8), viewer()];
    for (const one of [both, h264]) one.viewer.connected();
    broadcast.published();
    give(...picture());
    expect([both.ends, h264.ends]).toEqual([[], []]);
    broadcast.published();
    give(vp8Config(0));
    expect([both.ends, h264.ends]).toEqual([[], ['closed']]);
  });
  it('gives them the next publisher’s picture, sound and time, and nothing in between', () => {
    const { broadcast, give, viewer } = bench();
    const one = viewer();
    one.viewer.connected();
    broadcast.published();
    give(...picture(), opusConfig(0), opusFrame(0, 1));
    broadcast.interrupted();
    give(h264Frame('reference', { dtsMs: 80 }));
    expect(broadcast.video.hasEntry).toBe(false);
    broadcast.published();
    give(h264Frame('reference', { dtsMs: 120 }), ...picture(500), opusConfig(500), opusFrame(500, 1));
    expect([one.pictures(), one.sound()]).toEqual([4, 2]);
    const times = one.transport.rtp.map(({ ssrc, timestamp }) => timestamp / (ssrc === 200 ? 90 : 48));
    expect(times).toEqual([0, 40, 0, 500, 540, 500]);
  });
  it('answers a lost picture from what it has, at most once a second, else asks the publisher', () => {
    vi.useFakeTimers();
    const { broadcast, give, viewer, wanted } = bench();
    const one = viewer();
    one.viewer.connected();
    const pli = encodeRtcp([{ type: 'pli', ssrc: 1, mediaSsrc: 200 }]);
    one.viewer.receive(pli);
    expect(wanted()).toBe(1);
    vi.advanceTimersByTime(1500);
    broadcast.published();
    give(...picture());
    for (let index = 0; index < 10; index++) one.viewer.receive(pli);
    expect(one.pictures()).toBe(4);
    expect(wanted()).toBe(1);
  });
  it('is left by those who say nothing: five seconds, fifteen of sound alone', () => {
    vi.useFakeTimers();
    const { broadcast, viewer } = bench();
    const [both, sound, alive] = [viewer(), viewer(LINES.slice(0, 1)), viewer()];
    for (const one of [both, sound, alive]) one.viewer.connected();
    const silent = [];
    for (let second = 1; second <= 17; second++) {
      vi.advanceTimersByTime(1000);
      alive.viewer.receive(encodeRtcp([{ type: 'rr', ssrc: 1, reports: [] }]));
      broadcast.tick(Date.now());
      silent.push(`${both.ends.length}${sound.ends.length}${alive.ends.length}`);
    }
    expect([silent.indexOf('100') + 1, silent.indexOf('110') + 1]).toEqual([6, 16]);
    expect(both.transport.rtcp.at(-1)).toEqual({ type: 'bye', ssrcs: [200, 100] });
    expect(both.transport.closed).toBe(1);
  });
  it('says farewell, to who comes too late as well', () => {
    const { broadcast, viewer } = bench();
    const [one, late] = [viewer(), viewer()];
    one.viewer.connected();
    broadcast.ended('ended');
    late.viewer.connected();
    expect([one.ends, late.ends]).toEqual([['ended'], ['ended']]);
    expect(parseRtcp(late.transport.sent.at(-1) ?? new Uint8Array())[0]?.type).toBe('bye');
    one.viewer.connected();
    one.viewer.receive(encodeRtcp([{ type: 'pli', ssrc: 1, mediaSsrc: 200 }]));
    expect(broadcast.isUnused).toBe(true);
  });
  it('takes no notice of what a viewer sends that cannot be read', () => {
    const { viewer } = bench();
    const one = viewer();
    one.viewer.connected();
    for (let length = 0; length < 60; length++) one.viewer.receive(new Uint8Array(length).fill(200).fill(0x8f, 0, 1));
    expect(one.transport.sent).toEqual([]);
  });
});
describe('Broadcast’s other codecs', () => {
  const running = () => childrenRunning('ffmpeg').length;
  const withB = (fromMs) => [
    h264Config(fromMs),
    h264Frame('key', { dtsMs: fromMs, ptsMs: fromMs + 80 }),
    h264Frame('reference', { dtsMs: fromMs + 40, ptsMs: fromMs + 200 }),
    h264Frame('disposable', { dtsMs: fromMs + 80, ptsMs: fromMs + 120 }),
  ];
  it('runs ffmpeg for AAC while somebody listens, and a while longer', async () => {
    const { broadcast, give, viewer } = bench({ ffmpeg: findProgram('ffmpeg') });
    broadcast.published();
    give(audioConfig(0));
    for (let ms = 0; ms < 500; ms += 23) give(audioFrame(ms, 0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c));
    expect(running()).toBe(0);
    const one = viewer();
    one.viewer.connected();
    let ms = 500;
    const feed = setInterval(() => give(audioFrame((ms += 23), 0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c)), 23);
    await until(() => one.sound() > 20, { timeoutMs: 20_000, what: 'Opus' });
    clearInterval(feed);
    expect(running()).toBe(1);
    one.viewer.close();
    broadcast.tick(Date.now() + 9000);
    expect(running()).toBe(1);
    broadcast.tick(Date.now() + 11_000);
    await until(() => running() === 0);
    expect(broadcast.notices).toEqual([]);
  });
  it('needs none for Opus, nor for AAC that was made of it', () => {
    const { broadcast, give, viewer } = bench({ ffmpeg: '/nowhere/ffmpeg' });
    const one = viewer();
    one.viewer.connected();
    broadcast.published();
    give(opusConfig(0), audioConfig(0), opusFrame(0, 1), audioFrame(0, 1), opusFrame(20, 1));
    expect(one.sound()).toBe(2);
    expect(broadcast.notices).toEqual([]);
  });
  it.each([
    { name: 'no ffmpeg', deps: {}, notices: ['no_ffmpeg'] },
    { name: 'an ffmpeg that fails', deps: { ffmpeg: '/nowhere/ffmpeg' }, notices: ['audio_bridge_failed'] },
  ])('says that there is $name', async ({ deps, notices }) => {
    const { broadcast, give, viewer } = bench(deps);
    viewer().viewer.connected();
    broadcast.published();
    give(audioConfig(0), audioFrame(0, 1));
    await until(() => broadcast.notices.length > 0);
    expect(broadcast.notices).toEqual(notices);
    broadcast.published();
    expect(broadcast.notices).toEqual([]);
  });
  it('leaves B-frames out and says so', () => {
    const { broadcast, give } = bench();
    broadcast.published();
    give(...withB(0));
    expect(broadcast.notices).toEqual(['b_frames']);
  });
  it('says so too when it should transcode them and cannot, and does not try for ever', async () => {
    const log = testLog();
    const { broadcast, give, viewer } = bench({ bframes: 'transcode', ffmpeg: '/nowhere/ffmpeg', log });
    const one = viewer();
    one.viewer.connected();
    broadcast.published();
    let ms = 0;
    const feed = setInterval(() => give(...withB((ms += 200))), 10);
    try {
      await until(() => broadcast.notices.includes('b_frames'));
      const given = log.warnings.length;
      const seen = one.pictures();
      await until(() => one.pictures() > seen + 10);
      expect(broadcast.notices).toEqual(['b_frames']);
      expect(log.warnings).toHaveLength(given);
    } finally {
      clearInterval(feed);
    }
  });
});

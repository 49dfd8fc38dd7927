import { parseRtpPacket, unpackH264 } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { h264Config, h264Frame } from '../../testing/h264.ts';
import { RecordedLine } from '../../testing/recorded-line.ts';
import { BroadcastVideo } from './broadcast-video.ts';
import { ViewerLine } from './viewer-line.ts';
function watch(video) {
  const transport = new RecordedLine();
  const line = new ViewerLine({
    history: video.history,
    ssrc: 5,
    payloadType: () => 96,
    send: (bytes) => transport.send(bytes),
  });
  return { line, times: () => transport.rtp.map(({ timestamp }) => timestamp / 90), rtp: () => transport.rtp };
}
const expectRising = (times) =>
  expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
describe('BroadcastVideo', () => {
  it('is entered at the last key frame, which has its parameter sets', () => {
    const video = new BroadcastVideo();
    expect(video.push(h264Frame('key', { dtsMs: 0 }))).toBeUndefined();
    video.push(h264Config(0));
    expect(video.push(h264Frame('reference', { dtsMs: 0 }))).toBeUndefined();
    expect(video.hasEntry).toBe(false);
    expect(video.push(h264Frame('key', { dtsMs: 40 }))).toBe(0);
    for (const dtsMs of [80, 120]) video.push(h264Frame('reference', { dtsMs }));
    video.push(h264Frame('key', { dtsMs: 160 }));
    video.push(h264Frame('reference', { dtsMs: 200 }));
    expect([video.codec, video.h264Profile, video.hasEntry]).toEqual(['h264', 0x42, true]);
    const { line, times, rtp } = watch(video);
    video.start(line);
    expect(times()).toEqual([199, 200]);
    expect(unpackH264([rtp()[0]?.payload ?? new Uint8Array()]).map(([first = 0]) => first & 31)).toEqual([7, 8, 5]);
  });
  it.each([
    { mode: 0, what: 'each NAL unit whole', packets: 3, types: [7, 8, 5] },
    { mode: 1, what: 'fragments, small units together', packets: 5, types: [24, 28, 28, 28, 28] },
  ])('in packetization mode $mode sends $what', ({ mode, packets, types }) => {
    const video = new BroadcastVideo(mode);
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0, bytes: 4000 }));
    const { line, rtp } = watch(video);
    video.start(line);
    expect(rtp()).toHaveLength(packets);
    expect(rtp().map(({ payload: [first = 0] }) => first & 31)).toEqual(types);
  });
  it('shows a picture again in the time before the next frame', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0 }));
    const { line, times } = watch(video);
    video.start(line);
    const go = (dtsMs) => line.advance(video.push(h264Frame('reference', { dtsMs })) ?? -1);
    for (let dtsMs = 40; dtsMs <= 400; dtsMs += 40) go(dtsMs);
    video.repeat(line);
    go(440);
    video.repeat(line);
    go(480);
    expect(times()).toHaveLength(11 + 11 + 1 + 12 + 1);
    expectRising(times());
    expect(times().at(-1)).toBe(480);
  });
  it('goes on rising when a long group is shown again', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0 }));
    for (let index = 1; index <= 600; index++) video.push(h264Frame('reference', { dtsMs: index * 16 }));
    const { line } = watch(video);
    video.start(line);
    video.repeat(line); // the first burst has not ended
    expect(line.lastTimestamp).toBeGreaterThan(600 * 16 * 90);
    expect(line.lastTimestamp).toBeLessThan(601 * 16 * 90);
    line.close();
  });
  it('leaves frames out that would go back in time, once it has seen that the encoder reorders', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    const { line, times } = watch(video);
    const decoded = [
      ['key', 0, 80],
      ['reference', 40, 240],
      ['reference', 80, 160], // a B-frame that others build on
      ['disposable', 120, 120],
      ['disposable', 160, 200],
      ['key', 200, 280],
      ['reference', 240, 320],
    ];
    for (const [kind, dtsMs, ptsMs] of decoded) {
      const from = video.push(h264Frame(kind, { dtsMs, ptsMs }));
      if (!line.hasBegun) video.start(line);
      else if (from !== undefined) line.advance(from);
    }
    expect(video.hasBFrames).toBe(true);
    expect(times()).toEqual([80, 240, 280, 320]);
    video.restart();
    expect(video.hasBFrames).toBe(false);
  });
  it('takes an encoder’s constant delay for no reordering', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    for (let index = 0; index < 50; index++)
      video.push(
        h264Frame(index === 0 ? 'key' : 'disposable', { dtsMs: index * 33, ptsMs: index * 33 + 80 + (index % 2) }),
      );
    expect(video.hasBFrames).toBe(false);
    expect(video.history.next).toBe(50);
  });
  it('begins anew after a restart, another codec and a frame that cannot be read', () => {
    const video = new BroadcastVideo();
    const broken = { ...h264Frame('reference', { dtsMs: 40 }), payload: Uint8Array.of(0x27, 1, 0, 0, 0, 0, 0, 9, 9) };
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0 }));
    expect(video.push(broken)).toBeUndefined();
    expect(video.push(h264Frame('reference', { dtsMs: 80 }))).toBeUndefined();
    expect(video.push(h264Frame('key', { dtsMs: 120 }))).toBe(1);
    video.push({ ...h264Config(150), codec: 'mpeg4' });
    expect(video.hasEntry).toBe(false);
    expect(video.push(h264Frame('key', { dtsMs: 160 }))).toBeUndefined();
    video.push(h264Config(170));
    expect(video.push(h264Frame('key', { dtsMs: 200 }))).toBe(2);
    video.restart();
    expect(video.hasEntry).toBe(false);
    expect(video.push(h264Frame('reference', { dtsMs: 240 }))).toBeUndefined();
  });
  it('has no entry any more when the history has gone past it', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0 }));
    for (let index = 1; index < 9000; index++) video.push(h264Frame('reference', { dtsMs: index * 10 }));
    expect(video.hasEntry).toBe(false);
    const { line, times } = watch(video);
    video.start(line);
    video.repeat(line);
    expect(times()).toEqual([]);
  });
  it('cuts large frames into packets that fit any path, the last of them marked', () => {
    const video = new BroadcastVideo();
    video.push(h264Config(0));
    video.push(h264Frame('key', { dtsMs: 0, bytes: 5000 }));
    const sizes = [];
    const line = new ViewerLine({
      history: video.history,
      ssrc: 1,
      payloadType: () => 96,
      send: (bytes) => sizes.push(bytes.length * (parseRtpPacket(bytes).marker ? -1 : 1)) > 0,
    });
    video.start(line);
    expect(sizes.slice(0, -1).every((size) => size > 0 && size <= 1200)).toBe(true);
    expect(sizes.at(-1)).toBeLessThan(0);
  });
});

import { FlvDemuxer, packetFromTag } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { KaiboError } from '../src/index.ts';
import { ArrivalClock } from '../src/publish/flv/arrival-clock.ts';
import { BitrateSteps } from '../src/publish/flv/bitrate-steps.ts';
import { FlvWriter } from '../src/publish/flv/flv-writer.ts';
import { avcCodecs, usualBitrateBps } from '../src/publish/flv/h264-codec.ts';
import { SampleClock } from '../src/publish/flv/sample-clock.ts';
import { PublishLadder, verdictOf } from '../src/publish/transport-ladder.ts';
import { Rate } from '../src/rtc/rate.ts';

describe('which transport is next', () => {
  const rungs = [
    { transport: 'whip', url: 'w' },
    { transport: 'ws-flv', url: 'f' },
  ] as const;

  it('leaves one that never worked after its first failure', () => {
    const ladder = new PublishLadder(rungs);
    expect(ladder.failed('failure')).toBe(true);
    expect(ladder.current?.transport).toBe('ws-flv');
  });

  it('leaves one that worked after its second failure in a row, and stays on the last', () => {
    const ladder = new PublishLadder(rungs);
    ladder.succeeded();
    expect(ladder.failed('failure')).toBe(false);
    ladder.succeeded();
    expect(ladder.failed('failure')).toBe(false);
    expect(ladder.failed('failure')).toBe(true);
    ladder.succeeded();
    for (let times = 0; times < 5; times += 1) expect(ladder.failed('failure')).toBe(false);
    expect(ladder.current?.transport).toBe('ws-flv');
  });

  it('leaves at once what will not do', () => {
    const ladder = new PublishLadder(rungs);
    ladder.succeeded();
    expect(ladder.failed('next')).toBe(true);
    expect(ladder.failed('next')).toBe(false);
    expect(new PublishLadder([]).current).toBeUndefined();
  });

  it.each([
    ['bad_key', 401, 'give-up'],
    ['forbidden', 403, 'give-up'],
    ['bad_sdp', 400, 'give-up'],
    ['codec_unsupported', 406, 'next'],
    ['http_405', 405, 'next'],
    ['unsupported', 0, 'next'],
    ['stream_not_found', 404, 'wait'],
    ['already_published', 409, 'wait'],
    ['too_many', 429, 'wait'],
    ['unavailable', 503, 'failure'],
    ['network', 0, 'wait'],
    ['timeout', 0, 'wait'],
    ['ice_timeout', 0, 'failure'],
    ['ice_failed', 0, 'failure'],
    ['kicked', 0, 'give-up'],
    ['replaced', 0, 'give-up'],
  ] as const)('%s (%i) means: %s', (code, status, verdict) => {
    expect(verdictOf(new KaiboError({ code, status, message: '' }))).toBe(verdict);
  });
});

describe('one clock for all sources', () => {
  /** Samples every 20 ms from a source whose clock began at `originMs`, each late by `delayMs(index)`. */
  function run(originMs: number, delayMs: (index: number) => number, samples = 200): number[] {
    const clock = new ArrivalClock();
    return Array.from({ length: samples }, (_, index) => {
      const trueMs = 5000 + index * 20;
      return clock.place(trueMs - originMs, trueMs + delayMs(index)) - trueMs;
    });
  }

  it.each([
    ['of the page', 0],
    ['of the machine', -800_000],
    ['that begins at 0', 5000],
  ])("a clock %s is put on the page's", (_name, originMs) => {
    const errors = run(originMs, (index) => (index % 7 === 0 ? 30 : 1));
    expect(Math.max(...errors.slice(2).map(Math.abs))).toBeLessThanOrEqual(1);
  });

  it('a source that begins late is put right within its first second', () => {
    const errors = run(0, (index) => Math.max(1, 300 - index * 10));
    expect(Math.max(...errors.slice(50))).toBeLessThanOrEqual(1);
  });

  it('a busy page, seconds long, moves nothing', () => {
    const errors = run(0, (index) => (index > 80 && index < 150 ? 500 : 1));
    expect(Math.max(...errors.slice(2).map(Math.abs))).toBeLessThanOrEqual(1);
  });

  it('drift is followed a little at a time', () => {
    // 0.2 ms a second faster than the page's.
    const clock = new ArrivalClock();
    let before = 0;
    for (let index = 0; index < 3000; index += 1) {
      const trueMs = index * 20;
      const error = clock.place(trueMs * 1.0002, trueMs + 1) - trueMs;
      expect(Math.abs(error)).toBeLessThan(3);
      if (index > 0) expect(Math.abs(error - before)).toBeLessThanOrEqual(1);
      before = error;
    }
  });

  it.each([
    ['back to 0', 0],
    ['forward', 1_000_000],
  ])('a clock that was set %s is learnt anew', (_name, nowMs) => {
    const clock = new ArrivalClock();
    for (let index = 0; index < 100; index += 1) clock.place(50_000 + index * 20, 1000 + index * 20);
    const placed = Array.from(
      { length: 10 },
      (_, index) => clock.place(nowMs + index * 20, 3000 + index * 20) - index * 20,
    );
    expect(Math.max(...placed.map((ms) => Math.abs(ms - 3000)))).toBeLessThanOrEqual(1);
  });
});

describe('when encoded sound was', () => {
  it('counts in samples, over pieces of any length', () => {
    const clock = new SampleClock();
    for (let index = 0; index < 10; index += 1) clock.put(512_000 / 48, 1000 + (index * 512) / 48);
    const times = Array.from({ length: 5 }, () => clock.take(20_000));
    times.forEach((ms, index) => expect(ms).toBeCloseTo(1000 + index * 20, 6));
  });

  it('takes over a gap that the encoder does not know of', () => {
    const clock = new SampleClock();
    for (const ms of [0, 10, 20, 30, 2000, 2010, 2020, 2030]) clock.put(10_000, ms);
    expect(Array.from({ length: 4 }, () => clock.take(20_000))).toEqual([0, 20, 2000, 2020]);
  });

  it('keeps a bounded number of marks', () => {
    const clock = new SampleClock();
    for (let index = 0; index < 10_000; index += 1) clock.put(10_000, index * 10);
    expect(clock.take(20_000)).toBeLessThan(100_000);
  });
});

describe('bitrate steps', () => {
  it('go down while the network is full, not below what is useful, and up when it has been well for long', () => {
    const steps = new BitrateSteps();
    steps.limit(2_000_000);
    expect(steps.currentBps).toBe(2_000_000);
    steps.observe(true, 0);
    steps.observe(true, 100);
    expect(steps.currentBps).toBe(1_500_000);
    for (let ms = 0; ms < 60_000; ms += 100) steps.observe(true, ms);
    expect(steps.currentBps).toBe(200_000);
    steps.observe(false, 67_000);
    expect(steps.currentBps).toBe(200_000);
    steps.observe(false, 68_000);
    expect(steps.currentBps).toBe(230_000);
    for (let ms = 68_000; ms < 400_000; ms += 100) steps.observe(false, ms);
    expect(steps.currentBps).toBe(2_000_000);
  });

  it('keep to a new limit at once', () => {
    const steps = new BitrateSteps();
    steps.limit(2_000_000);
    steps.limit(3_000_000);
    expect(steps.currentBps).toBe(3_000_000);
    steps.observe(true, 0);
    steps.limit(1_000_000);
    expect(steps.currentBps).toBe(1_000_000);
    steps.limit(100_000);
    steps.observe(true, 10_000);
    expect(steps.currentBps).toBe(100_000);
  });
});

describe('H.264 by size', () => {
  it.each([
    [640, 360, 30, 800_000, '1e'],
    [1280, 720, 30, 2_500_000, '1f'],
    [1280, 720, 60, 4_000_000, '20'],
    [1920, 1080, 30, 6_000_000, '28'],
    [1920, 1080, 60, 8_000_000, '2a'],
    [720, 1280, 30, 2_500_000, '1f'],
    [3840, 2160, 30, 20_000_000, '33'],
    [7680, 4320, 30, 80_000_000, '34'],
  ])('%i×%i at %i a second and %i bit/s: level %s', (width, height, framerate, bitrateBps, level) => {
    expect(avcCodecs({ width, height, framerate, bitrateBps })[0]).toBe(`avc1.42e0${level}`);
  });

  it('is worth what its size asks for, within bounds', () => {
    expect(usualBitrateBps({ width: 1280, height: 720, framerate: 30 })).toBe(2_488_320);
    expect(usualBitrateBps({ width: 160, height: 120, framerate: 10 })).toBe(300_000);
    expect(usualBitrateBps({ width: 3840, height: 2160, framerate: 60 })).toBe(8_000_000);
  });
});

describe('FLV', () => {
  it('is what any demuxer reads, from 0 on', () => {
    const [writer, demuxer] = [new FlvWriter(), new FlvDemuxer()];
    const bytes = [
      writer.header({ hasAudio: true, hasVideo: true }),
      writer.metadata({ encoder: 'Kaibo', width: 640 }),
      writer.videoConfig(Uint8Array.of(1, 0x42, 0xe0, 0x1f)),
      writer.video({ bytes: Uint8Array.of(9), isKey: true, atMs: 7000.4 }),
      writer.audioConfig(Uint8Array.of(0x4f)),
      writer.audio({ bytes: Uint8Array.of(8), atMs: 6990 }),
      writer.video({ bytes: Uint8Array.of(7), isKey: false, atMs: 7033.4 }),
      writer.videoConfig(Uint8Array.of(2)),
    ];
    const packets = bytes.flatMap((piece) => demuxer.push(piece)).map(packetFromTag);
    expect(packets.map(({ kind, codec, dtsMs, config, keyframe }) => [kind, codec, dtsMs, config, keyframe])).toEqual([
      ['data', 'script', 0, false, false],
      ['video', 'h264', 0, true, false],
      ['video', 'h264', 0, false, true],
      ['audio', 'opus', 0, true, false],
      ['audio', 'opus', 0, false, false],
      ['video', 'h264', 33, false, false],
      ['video', 'h264', 33, true, false],
    ]);
    expect(packets[0]?.metadata).toBe(true);
  });
});

describe('rates', () => {
  it('are of the time between two looks', () => {
    const rate = new Rate();
    expect(rate.perSecond(1000, 0)).toBe(0);
    expect(rate.perSecond(3000, 500)).toBe(4000);
    expect(rate.perSecond(100, 1000)).toBe(0);
    expect(rate.perSecond(100, 1000)).toBe(0);
  });
});

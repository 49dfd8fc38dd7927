import type { MediaPacket } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { Stream } from '../hub/stream.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { testOptions } from '../testing/media-options.ts';
import { audioConfig, audioFrame, metadata } from '../testing/packets.ts';
import type { StreamFinding } from './finding.ts';
import type { DoctorLimits } from './rules.ts';
import { StreamDoctor } from './stream-doctor.ts';

const LIMITS: DoctorLimits = { webrtc: 'drop', highBitrateBps: 8_000_000, maxBitrateBps: 100_000_000 };
const NO_CACHE = { enabled: false, maxPackets: 0, maxBytes: 0 };
const STEP_MS = 40;

/** What a test changes of a good stream: 25 frames a second, a key frame every 2 s, 1 Mbit/s, and sound. */
interface Publishing {
  limits?: Partial<DoctorLimits>;
  bridged?: boolean;
  announcedFps?: number;
  gopMs?: number;
  audio?: boolean;
  video?: boolean;
  frameBytes?: (ms: number) => number;
  /** Media time of the frame that is made at `ms`, by the publisher's clock; undefined leaves it out. */
  dtsMs?: (ms: number) => number | undefined;
  audioDtsMs?: (ms: number) => number;
  /** Composition time, by the number of the frame. */
  compositionMs?: (frame: number) => number;
  /** When what is made at `ms` arrives. */
  arrivalMs?: (ms: number) => number;
}

/** One stream, its clock, and its doctor, who is asked once a second. */
class Ward {
  #nowMs = 1_800_000_000_000;
  #beganMs = this.#nowMs;
  readonly #stream: Stream;
  readonly #doctor: StreamDoctor;
  readonly #publishing: Publishing;
  #feed;
  #frame = 0;
  #madeMs = 0;
  #queue: { atMs: number; packet: MediaPacket }[] = [];

  constructor(publishing: Publishing = {}) {
    this.#publishing = publishing;
    this.#stream = new Stream({ key: 'live/a', options: testOptions({ gopCache: NO_CACHE }) });
    this.#doctor = new StreamDoctor({
      limits: { ...LIMITS, ...publishing.limits },
      now: () => this.#nowMs,
      timeRepairs: () => this.#stream.timeRepairs,
    });
    this.#stream.tap(this.#doctor);
    this.#feed = this.#attach();
  }

  /** Goes on for that long; what was found, by the second. */
  run(seconds: number): StreamFinding[][] {
    return Array.from({ length: seconds }, () => {
      for (const endMs = this.#madeMs + 1000; this.#madeMs < endMs; this.#madeMs += STEP_MS) this.#make();
      for (const { atMs, packet } of this.#due()) {
        this.#nowMs = Math.max(this.#nowMs, this.#beganMs + atMs);
        this.#feed.publish(packet);
      }
      this.#nowMs = this.#beganMs + this.#madeMs;
      return this.#doctor.examine();
    });
  }

  /** `run`, with codes and severities only. */
  codes(seconds: number): string[][] {
    return this.run(seconds).map((findings) => findings.map(({ code, severity }) => `${code} ${severity}`));
  }

  get keyIntervalMs(): number | undefined {
    return this.#doctor.keyIntervalMs;
  }

  change(changes: Publishing): void {
    Object.assign(this.#publishing, changes);
  }

  interrupt(): void {
    this.#feed.interrupt();
  }

  resume(): void {
    this.#feed = this.#attach();
  }

  #attach() {
    const { bridged = false, announcedFps } = this.#publishing;
    const feed = this.#stream.attach({ placed: false, bridged });
    if (announcedFps !== undefined) feed.publish(metadata(0, { framerate: announcedFps }));
    feed.publish(h264Config(0));
    feed.publish(audioConfig(0));
    return feed;
  }

  #make(): void {
    const ms = this.#madeMs;
    const { audio = true, video = true, gopMs = 2000, frameBytes = () => 5000, dtsMs = (at) => at } = this.#publishing;
    const { audioDtsMs = dtsMs, compositionMs = () => 0, arrivalMs = (at) => at } = this.#publishing;
    const atMs = arrivalMs(ms);
    const mediaMs = dtsMs(ms);
    if (video && mediaMs !== undefined) {
      const ptsMs = mediaMs + compositionMs(this.#frame++);
      const frame = ms % gopMs === 0 ? FRAMES.key : FRAMES.reference;
      const payload = ZEROS.subarray(0, frameBytes(ms));
      this.#queue.push({ atMs, packet: { ...frame, dtsMs: mediaMs, ptsMs, payload } });
    }
    const audioMs = audioDtsMs(ms);
    if (audio && audioMs !== undefined)
      this.#queue.push({ atMs, packet: { ...SOUND, dtsMs: audioMs, ptsMs: audioMs } });
  }

  #due(): { atMs: number; packet: MediaPacket }[] {
    const due = this.#queue.filter(({ atMs }) => atMs < this.#madeMs);
    this.#queue = this.#queue.filter(({ atMs }) => atMs >= this.#madeMs);
    return due;
  }
}

const B_FRAMES = (frame: number): number => [80, 0][frame % 2] ?? 0;
/** Two frames of five are left out. */
const NARROW = (ms: number): number | undefined => ([40, 80].includes(ms % 200) ? undefined : ms);
/** What the doctor looks at of a payload is how long it is. */
const ZEROS = new Uint8Array(200_000);
const FRAMES = { key: h264Frame('key', { dtsMs: 0 }), reference: h264Frame('reference', { dtsMs: 0 }) };
const SOUND = audioFrame(0);

describe('the interval of key frames', () => {
  it('is of the last two, grows while none comes, and is not known without a publisher', () => {
    const ward = new Ward({ gopMs: 2000 });
    expect(ward.keyIntervalMs).toBeUndefined();
    ward.run(5);
    expect(ward.keyIntervalMs).toBe(2000);
    ward.change({ gopMs: 1_000_000 });
    ward.run(6);
    expect(ward.keyIntervalMs).toBeGreaterThan(6000);
    ward.interrupt();
    expect(ward.keyIntervalMs).toBeUndefined();
  });
});

describe('a good stream', () => {
  const cases: { name: string; publishing: Publishing }[] = [
    { name: 'of the usual kind', publishing: {} },
    { name: 'that says its rate', publishing: { announcedFps: 25 } },
    { name: 'that says no sensible rate', publishing: { announcedFps: 1000 } },
    { name: 'of stamps that start anywhere and wrap', publishing: { dtsMs: (ms) => (0xffffffff - 9000 + ms) >>> 0 } },
    { name: 'of frames that are shown later, in order', publishing: { compositionMs: () => 80 } },
    { name: 'that comes in bursts', publishing: { arrivalMs: (ms) => Math.ceil(ms / 500) * 500 } },
    { name: 'with sound a little later', publishing: { audioDtsMs: (ms) => Math.max(0, ms - 250) } },
    { name: 'of large key frames', publishing: { frameBytes: (ms) => (ms % 2000 === 0 ? 120_000 : 2500) } },
    { name: 'that stalls for a second', publishing: { arrivalMs: (ms) => (ms >= 9000 && ms < 10_000 ? 10_000 : ms) } },
    {
      name: 'of a browser, which makes key frames when they are needed and fewer frames when it must',
      publishing: { bridged: true, gopMs: 3_600_000, dtsMs: (ms) => (ms % 120 === 0 ? ms + 13 : NARROW(ms)) },
    },
    {
      name: 'with B-frames, where there is no WebRTC',
      publishing: { compositionMs: B_FRAMES, limits: { webrtc: 'off' } },
    },
  ];

  it.each(cases)('$name is well', ({ publishing }) => {
    expect(new Ward(publishing).codes(40).flat()).toEqual([]);
  });
});

describe('what is found', () => {
  const cases: { name: string; publishing: Publishing; finds: string; value: [number, number]; within: number }[] = [
    {
      name: 'a key frame every 5 s',
      publishing: { gopMs: 5000 },
      finds: 'keyframe_interval_long warning',
      value: [4000, 5000],
      within: 12,
    },
    {
      name: 'one key frame in all',
      publishing: { gopMs: 3_600_000 },
      finds: 'keyframe_interval_long problem',
      value: [10_000, 20_000],
      within: 14,
    },
    {
      name: 'B-frames',
      publishing: { compositionMs: B_FRAMES },
      finds: 'b_frames warning',
      value: [45, 55],
      within: 5,
    },
    {
      name: 'B-frames that the server takes out',
      publishing: { compositionMs: B_FRAMES, limits: { webrtc: 'transcode' } },
      finds: 'b_frames info',
      value: [45, 55],
      within: 5,
    },
    { name: 'no sound', publishing: { audio: false }, finds: 'no_audio warning', value: [5000, 7000], within: 7 },
    { name: 'no picture', publishing: { video: false }, finds: 'no_video problem', value: [5000, 7000], within: 7 },
    {
      name: 'frames at uneven distances',
      publishing: { dtsMs: (ms) => ms + (ms % 120 === 0 ? 18 : 0) },
      finds: 'variable_frame_rate info',
      value: [30, 80],
      within: 8,
    },
    {
      name: 'a clock that leaps',
      publishing: { dtsMs: (ms) => ms + (ms < 3000 ? 0 : 60_000) },
      finds: 'timestamp_jumps warning',
      value: [1, 1],
      within: 5,
    },
    {
      name: 'a clock that goes back',
      publishing: { dtsMs: (ms) => (ms % 1000 === 0 && ms > 0 ? ms - 500 : ms) },
      finds: 'timestamp_jumps problem',
      value: [5, 40],
      within: 7,
    },
    {
      name: 'seconds that did not pass',
      publishing: { dtsMs: (ms) => ms + (ms < 3000 ? 0 : 2500) },
      finds: 'timestamp_jumps warning',
      value: [1, 1],
      within: 5,
    },
    {
      name: 'more bits than most can take',
      publishing: { frameBytes: () => 50_000 },
      finds: 'bitrate_high info',
      value: [9_900_000, 10_100_000],
      within: 18,
    },
    {
      name: 'nearly more bits than are allowed',
      publishing: { frameBytes: () => 50_000, limits: { maxBitrateBps: 12_000_000 } },
      finds: 'bitrate_high warning',
      value: [9_900_000, 10_100_000],
      within: 18,
    },
    {
      name: 'bits that come and go',
      publishing: { frameBytes: (ms) => (ms % 20_000 < 10_000 ? 1000 : 12_000) },
      finds: 'bitrate_unstable info',
      value: [8, 13],
      within: 40,
    },
    {
      name: 'a publisher slower than its own time',
      publishing: { arrivalMs: (ms) => ms * 1.25 },
      finds: 'encoder_overload warning',
      value: [15, 25],
      within: 15,
    },
    {
      name: 'a publisher much slower than its own time',
      publishing: { arrivalMs: (ms) => ms * 2 },
      finds: 'encoder_overload problem',
      value: [45, 55],
      within: 15,
    },
    {
      name: 'frames left out of the rate that was announced',
      publishing: { announcedFps: 25, dtsMs: NARROW },
      finds: 'encoder_overload problem',
      value: [35, 45],
      within: 15,
    },
    {
      name: 'sound that is late',
      publishing: { audioDtsMs: (ms) => Math.max(0, ms - 700) },
      finds: 'av_drift warning',
      value: [650, 750],
      within: 13,
    },
    {
      name: 'sound that is far ahead',
      publishing: { audioDtsMs: (ms) => ms + 2000 },
      finds: 'av_drift problem',
      value: [-2050, -1950],
      within: 13,
    },
  ];

  it.each(cases)('$name', ({ publishing, finds, value: [least, most], within }) => {
    const last = new Ward(publishing).run(within).at(-1) ?? [];
    expect(last.map(({ code, severity }) => `${code} ${severity}`)).toEqual([finds]);
    expect(last[0]?.value).toBeGreaterThanOrEqual(least);
    expect(last[0]?.value).toBeLessThanOrEqual(most);
  });

  it('is said when it has been so for a while, since when it is so, and taken back when it has been well for a while', () => {
    const ward = new Ward();
    ward.run(10);
    ward.change({ compositionMs: B_FRAMES });
    const seconds = ward.run(6);
    expect(seconds.map((findings) => findings.length)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(seconds.flat().map(({ sinceMs }) => sinceMs - 1_800_000_000_000)).toEqual([11_000, 11_000, 11_000]);
    ward.change({ compositionMs: () => 0 });
    const after = ward.run(20);
    expect(after.map((findings) => findings.length)).toEqual([
      ...Array.from({ length: 14 }, () => 1),
      ...Array.from({ length: 6 }, () => 0),
    ]);
    expect(after.flat().filter(({ value }) => value === undefined)).toEqual([]);
  });

  it('becomes worse, and better again', () => {
    const ward = new Ward({ gopMs: 5000 });
    expect(ward.codes(12).at(-1)).toEqual(['keyframe_interval_long warning']);
    ward.change({ gopMs: 3_600_000 });
    expect(ward.codes(15).at(-1)).toEqual(['keyframe_interval_long problem']);
    ward.change({ gopMs: 1000 });
    expect(ward.codes(10).at(-1)).toEqual([]);
  });

  it('is nothing while nobody publishes, and begins anew with the next publisher', () => {
    const ward = new Ward({ audio: false });
    expect(ward.codes(8).at(-1)).toEqual(['no_audio warning']);
    ward.interrupt();
    expect(ward.codes(8).flat()).toEqual([]);
    ward.change({ audio: true });
    ward.resume();
    expect(ward.codes(20).flat()).toEqual([]);
  });

  it('of frames left out counts by what there were, too', () => {
    const ward = new Ward();
    ward.run(20);
    ward.change({ dtsMs: NARROW });
    expect(ward.codes(20).at(-1)).toEqual(['encoder_overload problem']);
    ward.change({ dtsMs: (ms) => ms });
    expect(ward.codes(25).at(-1)).toEqual([]);
  });
});

import type { MediaPacket } from '@kaibo/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { violationsOf } from '../../../formats/src/testing/hls-rules.ts';
import { DEFAULT_MEDIA_OPTIONS, type HlsOptions } from '../options.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { audioConfig, audioFrame, metadata } from '../testing/packets.ts';
import { HlsPackager } from './packager.ts';
import { PlaylistShelf } from './playlist.ts';
import { TRACK_WAIT_MS } from './track-gate.ts';
import { HlsWindow } from './window.ts';

const EPOCH_MS = Date.UTC(2026, 10, 26);

/** A packager and the playlist that comes of it, which is held to the rules at every change. */
function bench(changes: Partial<HlsOptions> = {}, { isCrowded = (): boolean => false } = {}) {
  const options = { ...DEFAULT_MEDIA_OPTIONS.hls, ...changes };
  const window = new HlsWindow({ run: '0123456789ab', targetDurationS: 2, discontinuitySequence: 0 });
  const playlists = new PlaylistShelf(window, () => []);
  const unsupported: string[] = [];
  const packager = new HlsPackager({
    window,
    firstMsn: 0,
    options,
    epochMs: () => EPOCH_MS,
    isCrowded,
    unsupported: (codec) => unsupported.push(codec),
  });
  const text = (): string => playlists.get({ skip: false, restricted: false }).bytes.toString();
  window.onChange(() => {
    if (window.isReady) expect(violationsOf(text())).toEqual([]);
  });
  const feed = (packets: readonly MediaPacket[]): void => {
    for (const packet of packets.toSorted((a, b) => a.dtsMs - b.dtsMs)) packager.packet(packet);
  };
  packager.published();
  return { packager, window, text, feed, unsupported };
}

/** Frames from `fromMs` on: at `fps`, a key frame every `gopMs`. */
function pictures(fromMs: number, toMs: number, { fps = 25, gopMs = 2000, bytes = 10 } = {}): MediaPacket[] {
  const frames: MediaPacket[] = [];
  for (let index = 0; ; index++) {
    const exactMs = fromMs + (index * 1000) / fps;
    if (exactMs >= toMs - 0.001) return frames;
    const isKey = Math.floor((exactMs + 0.001) / gopMs) !== Math.floor((exactMs - 1000 / fps + 0.001) / gopMs);
    frames.push(h264Frame(isKey || index === 0 ? 'key' : 'reference', { dtsMs: Math.round(exactMs), bytes }));
  }
}

/** AAC at 44.1 kHz. */
function sounds(fromMs: number, toMs: number): MediaPacket[] {
  const frameMs = (1024 * 1000) / 44_100;
  return Array.from({ length: Math.ceil((toMs - fromMs) / frameMs) }, (_, index) =>
    audioFrame(Math.round(fromMs + index * frameMs), 1, 2, 3),
  );
}

const durations = (window: HlsWindow): number[] => window.segments.map(({ durationMs }) => Math.round(durationMs));
const partsOf = (window: HlsWindow, msn: number): number[] =>
  window.segment(msn)?.parts.map(({ durationMs }) => Math.round(durationMs)) ?? [];

describe('HlsPackager', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => vi.useRealTimers());

  it.each([
    {
      name: '25 frames a second',
      fps: 25,
      gopMs: 2000,
      segments: [2000, 2000],
      target: 400,
      parts: [400, 400, 400, 400, 400],
    },
    {
      name: 'a key frame a second',
      fps: 25,
      gopMs: 1000,
      segments: [2000, 2000],
      target: 400,
      parts: [400, 400, 400, 400, 400],
    },
    {
      name: '30 frames in whole ms',
      fps: 30,
      gopMs: 2000,
      segments: [2000, 2000],
      target: 400,
      parts: [400, 400, 400, 400, 400],
    },
    {
      name: '12 frames, which do not divide a part',
      fps: 12,
      gopMs: 2000,
      segments: [2000, 2000],
      target: 350,
      parts: [333, 334, 333, 333, 334, 333],
    },
    {
      name: '24 frames',
      fps: 24,
      gopMs: 2000,
      segments: [2000, 2000],
      target: 400,
      parts: [375, 375, 375, 375, 375, 125],
    },
    {
      name: 'a long group raises the target',
      fps: 25,
      gopMs: 4000,
      segments: [4000, 4000],
      target: 400,
      parts: Array(10).fill(400),
    },
    {
      name: 'an endless group is cut',
      fps: 25,
      gopMs: 1e9,
      segments: [10_000],
      target: 400,
      parts: Array(25).fill(400),
    },
  ])('$name', ({ fps, gopMs, segments, target, parts }) => {
    const { window, feed, text } = bench();
    const toMs = segments.reduce((sum, ms) => sum + ms, 0) + 100;
    feed([h264Config(0), audioConfig(0), ...pictures(0, toMs, { fps, gopMs }), ...sounds(0, toMs)]);
    expect(durations(window).slice(0, -1)).toEqual(segments);
    expect(partsOf(window, 0)).toEqual(parts);
    expect(window.partTargetMs).toBe(target);
    expect(window.targetDurationS).toBe(Math.max(...segments) / 1000);
    expect(text()).not.toContain('DISCONTINUITY');
    expect(text()).toContain('#EXT-X-PROGRAM-DATE-TIME:2026-11-26T00:00:00.000Z');
  });

  it('only sound: cut by time', () => {
    const { window, feed } = bench();
    feed([metadata(0, { audiocodecid: 10 }), audioConfig(0), ...sounds(0, 5000)]);
    expect(window.tracks.map(({ kind }) => kind)).toEqual(['audio']);
    expect(window.segments[0]?.closed).toBe(true);
    expect(Math.abs((window.segments[0]?.durationMs ?? 0) - 2000)).toBeLessThan(25);
    for (const { durationMs } of window.segments[0]?.parts.slice(0, -1) ?? []) {
      expect(durationMs).toBeLessThanOrEqual(400);
      expect(durationMs).toBeGreaterThan(340);
    }
  });

  it('frames longer than parts: a playlist without parts', () => {
    const { window, feed, text } = bench();
    feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...pictures(0, 8100, { fps: 1 })]);
    expect(window.partTargetMs).toBeUndefined();
    expect(durations(window).slice(0, -1)).toEqual([2000, 2000, 2000, 2000]);
    expect(text()).not.toContain('EXT-X-PART');
  });

  it('one late frame makes no part too long, and the clock is right again after it', () => {
    const { window, feed } = bench();
    const late = [...pictures(0, 1000), ...pictures(1500, 4100).slice(1)];
    feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...late]);
    expect(window.partTargetMs).toBe(400);
    // Its key frame is that of 2020 ms.
    expect(durations(window)[0]).toBe(2020);
    expect(window.segment(1)?.programDateTimeMs).toBe(EPOCH_MS + 2020);
  });

  it('a publisher that comes back: discontinuity, the same initialization, the numbers go on', () => {
    const { packager, window, feed, text } = bench();
    feed([h264Config(0), audioConfig(0), ...pictures(0, 3000), ...sounds(0, 3000)]);
    packager.interrupted();
    expect(window.state).toBe('interrupted');
    expect(text()).not.toContain('PRELOAD-HINT');
    packager.published();
    feed([...pictures(3040, 6100), ...sounds(3040, 6100)]);
    expect(window.state).toBe('live');
    expect(window.segments.map(({ msn, discontinuity, initId }) => [msn, discontinuity, initId]).slice(0, 3)).toEqual([
      [0, false, 0],
      [1, false, 0],
      [2, true, 0],
    ]);
    expect(text().match(/EXT-X-DISCONTINUITY\n/g)).toHaveLength(1);
    packager.ended();
    expect(text()).toContain('#EXT-X-ENDLIST');
  });

  it('another configuration: an initialization of its own', () => {
    const { window, feed, text } = bench();
    feed([h264Config(0), audioConfig(0), ...pictures(0, 2500), ...sounds(0, 2500)]);
    feed([h264Config(2500, 0x1f)]);
    feed([...pictures(2520, 5000), ...sounds(2520, 5000)]);
    expect(window.segments.map(({ discontinuity, initId }) => [discontinuity, initId]).slice(0, 3)).toEqual([
      [false, 0],
      [false, 0],
      [true, 1],
    ]);
    expect(text()).toContain('-init1.mp4');
  });

  it('a track that comes later begins at a key frame, one that goes is not waited for', () => {
    const { window, feed } = bench();
    feed([h264Config(0), ...pictures(0, 1000)]);
    expect(window.segments).toEqual([]);
    vi.advanceTimersByTime(TRACK_WAIT_MS);
    feed([...pictures(1000, 1900, { gopMs: 1e9 }), audioConfig(1900), ...sounds(1900, 4000), ...pictures(2000, 4000)]);
    expect(window.segments.map(({ initId }) => window.inits.get(initId)?.tracks.length)).toEqual([1, 2]);
    feed(pictures(4000, 10_100));
    expect(window.segments.at(-1)?.discontinuity).toBe(false);
    expect(window.tracks).toHaveLength(1);
  });

  it('keeps the window: by length, by bytes, and less where memory is short', () => {
    const long = bench({ windowMs: 10_000 });
    long.feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...pictures(0, 60_100)]);
    const listed = long.window.segments.filter(({ msn, closed }) => closed && msn >= (long.window.listedMsn ?? 0));
    expect(listed).toHaveLength(5);
    expect(long.window.segments.length).toBeLessThanOrEqual(10);
    expect(long.text()).toContain('#EXT-X-MEDIA-SEQUENCE:25');

    const heavy = bench({ maxBytes: 400_000 });
    heavy.feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...pictures(0, 30_100, { bytes: 1000 })]);
    expect(heavy.window.sizeBytes).toBeLessThan(460_000);
    expect(heavy.window.sizeBytes).toBe(
      heavy.window.segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) +
        [...heavy.window.inits.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
    );

    const crowded = bench({}, { isCrowded: () => true });
    crowded.feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...pictures(0, 60_100)]);
    expect(crowded.window.segments.length).toBeLessThanOrEqual(6);
  });

  it('one frame that is all the memory there is: cut before the group ends', () => {
    const { window, feed } = bench({ maxBytes: 100_000, partMs: 0 });
    feed([metadata(0, { videocodecid: 7 }), h264Config(0), ...pictures(0, 20_000, { bytes: 3000, gopMs: 8000 })]);
    expect(Math.max(...window.segments.map(({ sizeBytes }) => sizeBytes))).toBeLessThan(30_000);
    expect(window.sizeBytes).toBeLessThan(130_000);
  });

  it('a codec that MP4 does not carry is told, and the rest goes on', () => {
    const { window, feed, unsupported } = bench();
    const config = h264Config(0);
    feed([{ ...config, payload: config.payload.subarray(0, 7) }, audioConfig(0), ...sounds(0, 500)]);
    vi.advanceTimersByTime(TRACK_WAIT_MS);
    feed(sounds(500, 3000));
    expect(unsupported).toEqual(['h264']);
    expect(window.tracks.map(({ kind }) => kind)).toEqual(['audio']);
  });
});

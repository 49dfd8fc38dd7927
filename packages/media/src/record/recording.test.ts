import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MediaPacket } from '@kaibo/formats';
import { until } from '../../../../test/support/until.ts';
import { Stream, type StreamFeed } from '../hub/stream.ts';
import { type BroadcastOptions, broadcast, frames } from '../testing/broadcast.ts';
import { h264Config } from '../testing/h264.ts';
import { testLog, testOptions } from '../testing/media-options.ts';
import { audioConfig } from '../testing/packets.ts';
import { DEFAULT_RECORD_OPTIONS, type RecordNews, type RecordOptions, type RecordOrder } from './contract.ts';
import { indexRecordedFile } from '../replay/index-file.ts';
import { DiskLane } from './disk-lane.ts';
import { QueueBudget } from './queue-budget.ts';
import { Recorder } from './recorder.ts';
import { MAX_QUEUED_BYTES, RecordingFiles } from './recording-files.ts';
import { StreamRecording } from './recording.ts';
import { recoverRecording } from './recover.ts';

let root: string;
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), 'kaibo-record-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

/** A stream that this worker owns, and its recorder; everything is really written. */
class Bench {
  readonly news: RecordNews[] = [];
  readonly log = testLog();
  readonly stream = new Stream({ key: 'live/a', options: testOptions() });
  readonly recorder: Recorder;
  readonly folder = join(root, 'recording');
  #feed: StreamFeed | undefined;

  constructor(options: Partial<RecordOptions> = {}) {
    this.recorder = new Recorder({
      options: { ...DEFAULT_RECORD_OPTIONS, minFreeBytes: 0, ...options },
      findFfmpeg: () => undefined,
      tell: (_id, news) => this.news.push(news),
      askForRoom: () => Promise.resolve(undefined),
      log: this.log,
    });
    this.recorder.own(this.stream);
  }

  record(order: Partial<RecordOrder> = {}): this {
    this.recorder.start({ id: 'r', key: 'live/a', folder: this.folder, ...order });
    return this;
  }

  attach(): this {
    this.#feed = this.stream.attach({ placed: false });
    return this;
  }

  publish(packets: readonly MediaPacket[]): this {
    for (const packet of packets) this.#feed?.publish({ ...packet });
    return this;
  }

  broadcast(options: BroadcastOptions): this {
    return this.attach().publish(broadcast(options));
  }

  interrupt(): this {
    this.#feed?.interrupt();
    return this;
  }

  async ended() {
    this.stream.end('ended');
    this.recorder.ended('live/a');
    await until(() => this.news.at(-1)?.type === 'ended');
    return this.parts();
  }

  parts() {
    return this.news.flatMap((news) => (news.type === 'part' ? [news.part] : []));
  }

  async index(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.folder, 'index.jsonl'), 'utf8');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  }
}

describe('a recording', () => {
  it('is one file that lasts as long as the broadcast', async () => {
    const bench = new Bench().record().broadcast({ ms: 5000 });
    const parts = await bench.ended();
    expect(parts).toEqual([
      {
        n: 1,
        file: '001.mp4',
        startMs: 0,
        epochMs: bench.stream.epochMs,
        durationMs: 5000,
        sizeBytes: expect.any(Number),
      },
    ]);
    expect(bench.news.map(({ type }) => type)).toEqual(['started', 'part', 'ended']);
    expect((await readdir(bench.folder)).toSorted()).toEqual(['001.mp4', 'index.jsonl']);
    expect(await recoverRecording(bench.folder)).toEqual({ parts });
    const { headBytes, segments } = await indexRecordedFile(join(bench.folder, '001.mp4'));
    expect(segments.map(({ durationMs }) => durationMs)).toEqual([4000, 1000]);
    expect(headBytes + segments.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(parts[0]?.sizeBytes);
    expect(await bench.index()).toMatchObject([
      { type: 'recording', version: 1, id: 'r', app: 'live', stream: 'a' },
      { type: 'part', n: 1, file: '001.mp4', startMs: 0 },
      { type: 'closed', n: 1, durationMs: 5000 },
      { type: 'ended', reason: 'ended' },
    ]);
  });

  it('goes on in a new file after a time, at a key frame, and no sound is lost', async () => {
    const bench = new Bench({ partMinutes: 2 / 60 }).record().broadcast({ ms: 7000, gopMs: 1000 });
    const parts = await bench.ended();
    expect(parts.map(({ startMs, durationMs }) => [startMs, durationMs])).toEqual([
      [0, 2000],
      [2000, 2000],
      [4000, 2000],
      [6000, 1000],
    ]);
  });

  it('goes on in a new file after a publisher came back, and says what is between', async () => {
    const bench = new Bench().record().broadcast({ ms: 2000 }).interrupt();
    await vi.waitFor(() => expect(bench.parts()).toHaveLength(1), 5000);
    bench.attach().publish(frames({ fromMs: 90_000, ms: 1000 }));
    const parts = await bench.ended();
    // Stream time goes on one frame after the last packet, which was sound.
    expect(parts).toMatchObject([
      { startMs: 0, durationMs: 2000 },
      { startMs: 1997 + 40, durationMs: 1000 },
    ]);
    expect(await bench.index()).toContainEqual({
      type: 'gap',
      reason: 'interrupted',
      mediaMs: expect.any(Number),
      wallMs: expect.any(Number),
    });
  });

  it('goes on in a new file with another configuration, at its first key frame', async () => {
    const bench = new Bench().record().broadcast({ ms: 2000 });
    bench.publish([h264Config(2000, 0x1f), ...frames({ fromMs: 2000, ms: 1000 })]);
    bench.publish([audioConfig(3000, 0x08), ...frames({ fromMs: 3000, ms: 1560, gopMs: 600 }).slice(1)]);
    const parts = await bench.ended();
    expect(parts.map(({ startMs, durationMs }) => [startMs, durationMs])).toEqual([
      [0, 2000],
      [2000, 1600],
      [3600, 960],
    ]);
  });

  it('cuts long groups of pictures about every second, and a killed process loses no more', async () => {
    const bench = new Bench().record().broadcast({ ms: 10_000, gopMs: 60_000 });
    await vi.waitFor(async () => {
      const { parts } = await recoverCopy(bench.folder);
      expect(parts[0]?.durationMs).toBeGreaterThanOrEqual(8900);
    }, 5000);
    await bench.ended();
  });

  it.each([
    ['pictures alone', { audio: false }, 3000],
    ['sound alone', { video: false }, 3000],
  ])('of %s', async (_name, tracks, ms) => {
    const bench = new Bench().record().broadcast({ ms, ...tracks });
    await vi.waitFor(() => expect(bench.news.map(({ type }) => type)).toContain('started'), 5000);
    const [part] = await bench.ended();
    expect(Math.abs((part?.durationMs ?? 0) - ms)).toBeLessThan(25);
  });

  it('ordered before its stream, or in the middle of it: from the last key frame on', async () => {
    const bench = new Bench().broadcast({ ms: 2520 });
    bench.record();
    const [part] = await bench.ended();
    expect(part).toMatchObject({ startMs: 2000, durationMs: 520 });
  });

  it('without anything to record leaves no folder', async () => {
    const bench = new Bench().record();
    expect(await bench.ended()).toEqual([]);
    await expect(readdir(bench.folder)).rejects.toThrow('ENOENT');
  });
});

describe('a disk that hangs', () => {
  it('never holds up the stream: memory is bounded, what is lost is a gap between two files, and is counted', async () => {
    const disk = { io: new DiskLane(), sync: new DiskLane() };
    const news: RecordNews[] = [];
    const now = (): number => performance.now();
    const log = testLog();
    const budget = new QueueBudget(256 * 1024 * 1024);
    const order = { id: 'r', key: 'live/a', folder: join(root, 'slow') };
    const files = new RecordingFiles({
      ...{ order, minFreeBytes: 0, disk, budget, log, now },
      askForRoom: () => Promise.resolve(undefined),
      tell: (what) => news.push(what),
    });
    const recording = new StreamRecording({
      ...{ id: 'r', files, log, now, epochMs: () => 0 },
      ...{ partMs: 3_600_000, partBytes: 2 ** 31 },
    });
    const send = (packets: readonly MediaPacket[]): void => {
      for (const packet of packets) recording.packet(packet);
    };
    let release = (): void => undefined;
    const hung = disk.io.run(() => new Promise<void>((resolve) => (release = resolve)));
    recording.published({ bridged: false });
    const second = frames({ ms: 1000, bytes: 40_000 });
    const secondAt = (ms: number): MediaPacket[] =>
      second.map((packet) => ({ ...packet, dtsMs: packet.dtsMs + ms, ptsMs: packet.ptsMs + ms }));
    send([h264Config(0), audioConfig(0), ...secondAt(0)]);
    // A megabyte a second: 32 of them wait, and no more.
    for (let at = 1000; at < 60_000; at += 1000) send(secondAt(at));
    expect(files.hasRoom).toBe(false);
    expect(log.warnings).toEqual(['the disk is too slow for a recording: it has a gap']);
    release();
    await hung;
    await vi.waitFor(() => expect(files.hasRoom).toBe(true), 10_000);
    send(secondAt(60_000));
    recording.finish('stopped');
    await files.over;
    const parts = news.flatMap((what) => (what.type === 'part' ? [what.part] : []));
    expect(parts).toMatchObject([{ startMs: 0 }, { startMs: 60_000, durationMs: 1000 }]);
    const recordedMs = parts[0]?.durationMs ?? 0;
    expect(recordedMs).toBeGreaterThan(25_000);
    expect((parts[0]?.sizeBytes ?? 0) / MAX_QUEUED_BYTES).toBeCloseTo(1, 1);
    expect([files.gaps, files.lostMs]).toEqual([1, 60_000 - recordedMs]);
    expect(budget.take(256 * 1024 * 1024)).toBe(true);
  });
});

/** Recovery of what a crash would leave now; the files themselves go on being written. */
async function recoverCopy(folder: string) {
  const copy = await mkdtemp(join(root, 'copy-'));
  await cp(folder, copy, { recursive: true });
  return recoverRecording(copy);
}

import { chmodSync, writeFileSync } from 'node:fs';
import { FLV_TAG_VIDEO, type MediaPacket, packetFromTag } from '@kaibo/formats';
import { afterEach, expect, it } from 'vitest';
import { encodeVideo, enhancedTags } from '../../../../../test/support/flv-fixtures.ts';
import type { FourCc } from '../../../../../test/support/flv-wire.ts';
import { findProgram } from '../../../../../test/support/program.ts';
import { tempDir } from '../../../../../test/support/temp-dir.ts';
import { until } from '../../../../../test/support/until.ts';
import { Stream } from '../../hub/stream.ts';
import { testLog, testOptions } from '../../testing/media-options.ts';
import { audioConfig, audioFrame } from '../../testing/packets.ts';
import type { TranscodeOptions, TranscodeProfile } from './profile.ts';
import { SourceLadder } from './source-ladder.ts';

const PATIENCE = { timeoutMs: 25_000 };
const P90 = { name: '90p', height: 90, videoBps: 100_000 };
const P64 = { name: '64p', height: 64, videoBps: 60_000, fps: 12 };
const P180 = { name: '180p', height: 180, videoBps: 200_000 };

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const { close } of opened.splice(0)) close();
});

/** A source, its ladder, and what comes out by each rendition. */
function bench({ ffmpeg = findProgram('ffmpeg'), ...changes }: Partial<TranscodeOptions> & { ffmpeg?: string } = {}) {
  const options = testOptions();
  const log = testLog();
  const ended: string[] = [];
  const source = new Stream({ key: 'live/a', options });
  const ladder = new SourceLadder({
    source,
    options: { ...options.transcode, profiles: [P180, P90, P64], ...changes },
    ffmpeg,
    log,
    ended: (name, end) => ended.push(`${name} ${end}`),
  });
  opened.push({ close: () => ladder.close() });
  const add = (profile: TranscodeProfile): { target: Stream; packets: MediaPacket[] } => {
    const target = new Stream({ key: `live/a_${profile.name}`, options });
    const packets: MediaPacket[] = [];
    const quiet = { published: () => undefined, interrupted: () => undefined, ended: () => undefined };
    target.tap({ ...quiet, packet: (packet) => packets.push(packet) });
    ladder.add(profile, target);
    return { target, packets };
  };
  return { source, ladder, add, ended, log };
}

async function film(fourCc: FourCc, seconds = 3): Promise<MediaPacket[]> {
  const video = await encodeVideo(fourCc, { seconds, extra: fourCc === 'avc1' ? ['-bf', '2'] : [] });
  return enhancedTags(video).map(({ timestamp: timestampMs, body }) =>
    packetFromTag({ type: FLV_TAG_VIDEO, timestampMs, body }),
  );
}

interface Shown {
  ms: number;
  isKey: boolean;
}

const shown = (packets: readonly MediaPacket[]): Shown[] =>
  packets
    .filter(({ kind, config }) => kind === 'video' && !config)
    .map(({ ptsMs, keyframe }) => ({ ms: ptsMs, isKey: keyframe }))
    .toSorted((a, b) => a.ms - b.ms);

it.each(['avc1', 'hvc1', 'av01'] as const)(
  'a source of %s: every picture at its time, key frames where they are',
  async (fourCc) => {
    const { source, add, ended } = bench();
    const all = await film(fourCc);
    const feed = source.attach({ placed: false });
    const { target, packets } = add(P90);
    for (const packet of all) feed.publish({ ...packet });
    const wanted = shown(all);
    // The decoder holds pictures back that may have to wait for others.
    await until(() => shown(packets).length >= wanted.length - 6, PATIENCE);
    const got = shown(packets);
    expect(got).toEqual(wanted.slice(0, got.length));
    expect(got.filter(({ isKey }) => isKey).length).toBeGreaterThanOrEqual(2);
    expect(target.epochMs).toBe(source.epochMs);
    expect(ended).toEqual([]);
  },
);

it('leaves out pictures above its rate, moves none, and keeps the key frames', async () => {
  const { source, add } = bench();
  const all = await film('avc1');
  const feed = source.attach({ placed: false });
  const { packets } = add(P64);
  for (const packet of all) feed.publish({ ...packet });
  const wanted = shown(all);
  await until(() => (shown(packets).at(-1)?.ms ?? 0) >= (wanted.at(-8)?.ms ?? 0), PATIENCE);
  const got = shown(packets);
  const lastMs = got.at(-1)?.ms ?? 0;
  for (const { ms, isKey } of got) expect(wanted).toContainEqual({ ms, isKey });
  const keys = ({ isKey, ms }: Shown): boolean => isKey && ms <= lastMs;
  expect(got.filter(keys)).toEqual(wanted.filter(keys));
  expect(got.length).toBeLessThan(wanted.length * 0.6);
  expect(got.length).toBeGreaterThan(wanted.length * 0.4);
});

it('a rendition that comes later is there at once, and who watches another sees nothing of it', async () => {
  const { source, ladder, add } = bench();
  const all = await film('avc1', 5);
  const feed = source.attach({ placed: false });
  const first = add(P90);
  const middle = all.findIndex(({ dtsMs, config }) => !config && dtsMs >= 2400);
  for (const packet of all.slice(0, middle)) feed.publish({ ...packet });
  await until(() => shown(first.packets).length > 20, PATIENCE);
  const second = add(P180);
  await until(() => shown(second.packets).length > 0, { ...PATIENCE, what: 'pictures before the next key frame' });
  for (const packet of all.slice(middle)) feed.publish({ ...packet });
  const wanted = shown(all);
  await until(() => [first, second].every(({ packets }) => (shown(packets).at(-1)?.ms ?? 0) >= 4600), PATIENCE);
  for (const { packets } of [first, second]) {
    const got = shown(packets);
    const from = wanted.findIndex(({ ms }) => ms === got[0]?.ms);
    expect(got).toEqual(wanted.slice(from, from + got.length));
  }
  const times = first.packets.filter(({ kind }) => kind === 'video').map(({ dtsMs }) => dtsMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  ladder.remove('180p');
  expect(ladder.has('90p')).toBe(true);
});

it('sound waits for the pictures that it belongs to', async () => {
  const { source, add } = bench();
  const all = await film('avc1');
  const feed = source.attach({ placed: false });
  const { packets } = add(P90);
  feed.publish(audioConfig(0));
  for (const packet of all) {
    feed.publish({ ...packet });
    if (!packet.config) feed.publish(audioFrame(packet.dtsMs, 1, 2, 3));
  }
  await until(() => shown(packets).length > 60, PATIENCE);
  const frames = packets.filter(({ config, metadata }) => !config && !metadata);
  const times = frames.map(({ dtsMs }) => dtsMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(frames.filter(({ kind }) => kind === 'audio').length).toBeGreaterThan(50);
});

it('an encoder that this machine has not is replaced by x264, with one line', async () => {
  const { source, add, log, ended } = bench({ encoder: 'vaapi', device: '/dev/dri/no-such-device' });
  const all = await film('avc1', 6);
  const feed = source.attach({ placed: false });
  const { packets } = add(P90);
  for (const packet of all) {
    feed.publish({ ...packet });
    await new Promise((resolve) => setTimeout(resolve, 10)); // as a stream goes on, so that there is something to try again with
    if (shown(packets).length > 0) break;
  }
  await until(() => shown(packets).length > 0, PATIENCE);
  expect(log.warnings.filter((line) => line.includes('x264 takes over'))).toHaveLength(1);
  expect(ended).toEqual([]);
});

it('an ffmpeg that always fails is given up, and nothing else is touched', async () => {
  using folder = tempDir();
  const broken = folder.file('ffmpeg');
  writeFileSync(broken, '#!/bin/sh\nexit 1\n');
  chmodSync(broken, 0o755);
  const { source, ladder, add, ended } = bench({ ffmpeg: broken });
  const [config, ...frames] = await film('avc1', 1);
  const seen: MediaPacket[] = [];
  source.tap({ published() {}, packet: (packet) => seen.push(packet), interrupted() {}, ended() {} });
  const feed = source.attach({ placed: false });
  add(P90);
  if (config) feed.publish({ ...config });
  let sent = 0;
  await until(() => {
    const [key] = frames;
    if (key) feed.publish({ ...key, dtsMs: sent * 40, ptsMs: sent * 40 });
    sent++;
    return ended.length > 0;
  }, PATIENCE);
  expect(ended).toEqual(['90p failed']);
  expect(ladder.isEmpty).toBe(true);
  expect(seen).toHaveLength(sent + 1);
});

it('a source that is too small, or has no pictures, is told', async () => {
  const small = bench({ profiles: [{ ...P90, height: 720 }] });
  const [config] = await film('avc1', 1);
  const feed = small.source.attach({ placed: false });
  small.add({ ...P90, height: 720 });
  if (config) feed.publish({ ...config });
  expect(small.ended).toEqual(['90p not_offered']);

  const sound = bench();
  const soundFeed = sound.source.attach({ placed: false });
  sound.add(P90);
  soundFeed.publish(audioConfig(0));
  for (let ms = 0; ms < 4000; ms += 20) soundFeed.publish(audioFrame(ms));
  expect(sound.ended).toEqual(['90p not_offered']);
});

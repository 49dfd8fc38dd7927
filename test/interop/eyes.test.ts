// What the server sees of a stream: its picture, and what is wrong with how it arrives.
import type { StreamFinding } from '@kaibo/media';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ffmpeg, publishTestPicture } from '../support/ffmpeg.ts';
import { encodeVideo, enhancedTags, flvBytes } from '../support/flv-fixtures.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { decodeJpeg, isRedAndBlue, redAndBlue } from '../support/picture.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-c:a', 'aac'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

let media: LocalMediaServer;
beforeAll(async () => {
  media = await LocalMediaServer.start({ snapshot: { enabled: true, everyMs: 1000 } });
});
afterAll(() => media.stop());

/** That a publisher is late is true on a machine that is busy with other tests. */
const known = (findings: readonly StreamFinding[] = []): string[] =>
  findings.filter(({ code }) => code !== 'encoder_overload').map(({ code, severity }) => `${code} ${severity}`);
const codes = (name: string): string[] => known(media.stream(name)?.findings);

function publish(name: string, picture: string, ...encoding: readonly string[]): Program {
  return ffmpeg('-re', '-f', 'lavfi', '-i', picture, ...encoding, '-f', 'flv', media.rtmpUrl(name));
}

it.concurrent('posters show what is live, are renewed, and end with it', async () => {
  const encoding = [...SOUND, ...H264, '-g', '25'];
  await using publisher = publish('picture', redAndBlue(960, 540), ...encoding);
  const first = await until(() => media.server.poster('live', 'picture'), { timeoutMs: 30_000 });
  const picture = await decodeJpeg(first.jpeg);
  expect([picture.width, picture.height]).toEqual([640, 360]);
  expect(isRedAndBlue(picture)).toBe(true);
  expect(first.jpeg.length).toBeLessThan(60_000);
  await until(() => (media.server.poster('live', 'picture')?.atMs ?? 0) > first.atMs, { timeoutMs: 30_000 });
  await publisher.stop();
  await media.isState('picture', 'gone');
  expect(media.server.poster('live', 'picture')).toBeUndefined();
  // The first is told of, and no other.
  expect(media.events.filter(({ type, stream }) => type === 'poster' && stream === 'picture')).toHaveLength(1);
});

it.concurrent('posters are made of HEVC, too, which browsers may not know', async () => {
  const picture = redAndBlue(180, 320);
  const tags = enhancedTags(await encodeVideo('hvc1', { seconds: 1, picture }));
  const body = new ReadableStream<Uint8Array>({
    // The publisher stays: a stream that is over has no picture.
    start: (controller) => controller.enqueue(flvBytes(tags)),
  });
  const stop = new AbortController();
  const posting = fetch(media.flvUrl('upright'), { method: 'POST', body, duplex: 'half', signal: stop.signal });
  posting.catch(() => undefined); // as it is aborted
  const poster = await until(() => media.server.poster('live', 'upright'), { timeoutMs: 30_000 });
  stop.abort();
  const decoded = await decodeJpeg(poster.jpeg);
  expect([decoded.width, decoded.height]).toEqual([640, 1138]);
  expect(isRedAndBlue(decoded)).toBe(true);
});

it.concurrent('the doctor finds what is wrong with a stream, and nothing with a good one', async () => {
  const bad = [...H264, '-g', '1000', '-bf', '2', '-sc_threshold', '0'];
  await using sick = publish('sick', 'testsrc2=size=320x180:rate=25', ...bad);
  await using well = publishTestPicture(media.rtmpUrl('well'));
  const all = ['keyframe_interval_long warning', 'b_frames warning', 'no_audio warning'];
  await until(() => all.every((finding) => codes('sick').includes(finding)), { timeoutMs: 40_000 });
  expect(codes('sick')).toEqual(all);
  expect(codes('well')).toEqual([]);
  expect((media.stream('well')?.lastDtsMs ?? 0) > 5000).toBe(true);
  const told = media.events.flatMap((event) => (event.type === 'findings' ? [event] : []));
  expect(known(told.filter(({ stream }) => stream === 'well').flatMap(({ findings }) => findings))).toEqual([]);
  expect(known(told.findLast(({ stream }) => stream === 'sick')?.findings)).toEqual(all);

  const api = await fetch(`http://127.0.0.1:${media.ports.api}/api/v1/streams?count=100`);
  const { streams } = (await api.json()) as { streams: { name: string; kaibo?: { findings: StreamFinding[] } }[] };
  expect(known(streams.find(({ name }) => name === 'sick')?.kaibo?.findings)).toEqual(all);

  await Promise.all([sick.stop(), well.stop()]);
  await media.isState('sick', 'interrupted');
  expect(codes('sick')).toEqual([]);
});

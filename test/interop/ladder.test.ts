import { readFileSync } from 'node:fs';
import type { MediaClient } from '@kaibo/media';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenRunning } from '../support/children.ts';
import { ffmpeg } from '../support/ffmpeg.ts';
import { fetchWhole, HttpFlvPlayer, HttpFlvPublisher, WsFlvPlayer } from '../support/flv-client.ts';
import { flvHeader, type WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import type { Program } from '../support/program.ts';
import { RtmpPlayer } from '../support/rtmp-player.ts';
import { until } from '../support/until.ts';

const LINGER_MS = 600;
const FRAME_MS = 40;
const PATIENCE = { timeoutMs: 30_000 };
const PROFILES = [
  { name: '180p', height: 180, videoBps: 300_000 },
  { name: '90p', height: 90, videoBps: 100_000, audioBps: 32_000 },
  { name: '64p', height: 64, videoBps: 60_000 },
  { name: '720p', height: 720, videoBps: 1_000_000 },
  { name: 'audio' },
];

/** 320×180 with B-frames and a key frame every second, and AAC. */
function publish(url: string): Program {
  return ffmpeg(
    ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-sc_threshold', '0'],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '64k', '-f', 'flv', url],
  );
}

interface Picture {
  shownMs: number;
  isKey: boolean;
}

/** FLV specification 10.1, E.4.3.1: classic H.264, without configurations. */
function pictures(tags: readonly WireTag[]): Picture[] {
  return tags
    .filter(({ type, body }) => type === 'video' && body[1] === 1)
    .map(({ timestamp, body }) => ({ shownMs: timestamp + body.readIntBE(2, 3), isKey: body.readUInt8(0) >> 4 === 1 }))
    .toSorted((a, b) => a.shownMs - b.shownMs);
}

const keys = (tags: readonly WireTag[]): number[] =>
  pictures(tags)
    .filter(({ isKey }) => isKey)
    .map(({ shownMs }) => shownMs);

const sound = (tags: readonly WireTag[]): WireTag[] =>
  tags.filter(({ type, body }) => type === 'audio' && body[1] === 1);

/** Those of `all` that lie in the range of `part`, without its ends, which a viewer may have come into the middle of. */
function sameRange(all: readonly Picture[], part: readonly Picture[]): Picture[] {
  const [first, last] = [part[0]?.shownMs ?? 0, part.at(-1)?.shownMs ?? 0];
  return all.filter(({ shownMs }) => shownMs >= first && shownMs <= last);
}

/** The server's own children; publishers of the test are children of this process too. */
function encoders(): number[] {
  return childrenRunning('ffmpeg').filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('matroska'));
}

describe('the ladder', () => {
  let media: LocalMediaServer;
  let source: Program;
  let watcher: HttpFlvPlayer;
  const asked: MediaClient[] = [];
  const flv = async (name: string): Promise<HttpFlvPlayer> =>
    HttpFlvPlayer.open({ port: media.ports.http, path: `/live/${name}.flv` });

  beforeAll(async () => {
    media = await LocalMediaServer.start({
      graceMs: 20_000,
      transcode: { profiles: PROFILES, lingerMs: LINGER_MS, maxJobs: 2 },
      authorizePlay: (client) => {
        asked.push(client);
        const isPrivate = client.stream === 'private' && client.param !== '?token=right';
        return Promise.resolve(
          isPrivate
            ? { action: 'deny', status: 403, code: 'room_private', message: 'This room is private.' }
            : { action: 'play' },
        );
      },
    });
    source = publish(media.rtmpUrl('room'));
    watcher = await flv('room');
    await until(() => keys(watcher.flv.tags).length >= 2, PATIENCE);
  });
  afterAll(async () => {
    watcher.close();
    await source.stop();
    await media.stop();
  });

  it('is offered as far as the source is large enough, and made for nobody', async () => {
    await until(() => media.stream('room')?.video?.height === 180, PATIENCE);
    expect(media.stream('room')?.renditions.map(({ name, height }) => [name, height])).toEqual([
      ['180p', 180],
      ['90p', 90],
      ['64p', 64],
      ['audio', undefined],
    ]);
    expect(encoders()).toEqual([]);
  });

  it('plays by RTMP, FLV and WS-FLV, frame by frame in its source’s time, key frames where the source has them', async () => {
    const before = media.events.length;
    const large = await RtmpPlayer.open({ port: media.ports.rtmp, name: 'room_180p' });
    const small = await flv('room_90p');
    const alike = await WsFlvPlayer.open({ port: media.ports.http, path: '/live/room_90p.flv' });
    const viewers = [large, small.flv, alike.flv];
    await until(() => viewers.every(({ tags }) => keys(tags).length >= 4), { ...PATIENCE, what: 'both renditions' });
    const got = viewers.map(({ tags }) => [...tags]);
    await until(() => (watcher.flv.tags.at(-1)?.timestamp ?? 0) > (got[0]?.at(-1)?.timestamp ?? 0), PATIENCE);
    for (const tags of got) {
      const shown = pictures(tags);
      expect(shown[0]?.isKey).toBe(true);
      expect(shown).toEqual(sameRange(pictures(watcher.flv.tags), shown));
    }

    // Sound that is not encoded is the source's, byte by byte; and it stands where its pictures are.
    const passed = sound(got[0] ?? []);
    const original = new Map(sound(watcher.flv.tags).map((tag) => [tag.timestamp, tag.body]));
    expect(passed.length).toBeGreaterThan(80);
    for (const { timestamp, body } of passed) expect(original.get(timestamp)?.equals(body)).toBe(true);
    const made = sound(got[1] ?? []);
    expect(made.length).toBeGreaterThan(80);
    expect(Math.abs((made[0]?.timestamp ?? 0) - (keys(got[1] ?? [])[0] ?? 0))).toBeLessThan(150);

    // One ffmpeg makes both, once the second is in its place; the room's hooks hear of the room alone.
    await until(() => encoders().length === 1, PATIENCE);
    const told = media.events.slice(before);
    expect(new Set(told.map(({ stream }) => stream))).toEqual(new Set(['room']));
    expect(told.filter(({ type }) => type === 'playing')).toHaveLength(3);
    expect(asked.every(({ stream }) => stream === 'room')).toBe(true);

    const refused = await fetchWhole({ port: media.ports.http, path: '/live/room_64p.flv' });
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'too_many_transcodes']);

    const [pid = 0] = encoders();
    const keysBefore = keys(large.tags).length;
    process.kill(pid, 'SIGKILL');
    await until(() => keys(large.tags).length >= keysBefore + 2 && encoders().length === 1, {
      ...PATIENCE,
      what: 'another ffmpeg',
    });
    expect(encoders()).not.toContain(pid);
    const shown = pictures(large.tags);
    expect(sameRange(pictures(watcher.flv.tags), shown).map(({ shownMs }) => shownMs)).toEqual(
      expect.arrayContaining(shown.map(({ shownMs }) => shownMs)),
    );

    // Who watches the source has noticed nothing. Of the last pictures those in between may still be on their way.
    const times = pictures(watcher.flv.tags)
      .map(({ shownMs }) => shownMs)
      .slice(0, -6);
    const steps = times.slice(1).map((ms, index) => ms - (times[index] ?? 0));
    expect(steps.filter((stepMs) => stepMs !== FRAME_MS)).toEqual([]);

    large.close();
    small.close();
    alike.close();
    await until(() => encoders().length === 0, { ...PATIENCE, what: 'no ffmpeg after the last viewer' });
    await media.isState('room_180p', 'gone');
    expect(media.events.slice(before).filter(({ type }) => type === 'stopped')).toHaveLength(3);
  });

  it('has sound alone, without ffmpeg', async () => {
    const player = await flv('room_audio');
    await until(() => sound(player.flv.tags).length > 20, PATIENCE);
    expect(player.flv.tags.some(({ type }) => type === 'video')).toBe(false);
    expect(encoders()).toEqual([]);
    player.close();
  });

  it('waits over an interruption, in the time of its source', async () => {
    const player = await flv('room_90p');
    await until(() => keys(player.flv.tags).length >= 2, PATIENCE);
    await source.stop('SIGKILL');
    await media.isState('room', 'interrupted');
    await until(() => encoders().length === 0, PATIENCE);
    const count = keys(player.flv.tags).length;
    source = publish(media.rtmpUrl('room'));
    await until(() => keys(player.flv.tags).length >= count + 2, { ...PATIENCE, what: 'the second publisher' });
    const shown = pictures(player.flv.tags);
    await until(() => (pictures(watcher.flv.tags).at(-1)?.shownMs ?? 0) > (shown.at(-1)?.shownMs ?? 0), PATIENCE);
    const known = new Map(pictures(watcher.flv.tags).map(({ shownMs, isKey }) => [shownMs, isKey]));
    for (const { shownMs, isKey } of shown) expect(known.get(shownMs)).toBe(isKey);
    player.close();
  });

  it('asks the room’s rights, gives nobody its names, and offers nothing larger', async () => {
    const target = { port: media.ports.http, path: '/live/private_90p.flv' };
    const refused = await fetchWhole(target);
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([403, 'room_private']);
    const thief = new HttpFlvPublisher({ ...target, path: '/live/room_90p.flv?key=x' });
    thief.write(flvHeader());
    expect(await thief.answer).toMatchObject({ status: 403, body: expect.stringContaining('reserved_stream_name') });
    const large = await fetchWhole({ ...target, path: '/live/room_720p.flv' });
    expect([large.status, JSON.parse(large.body).code]).toEqual([404, 'rendition_not_offered']);
  });

  it('ends with its source, and nobody was ever told of it', async () => {
    const player = await flv('room_180p');
    await until(() => pictures(player.flv.tags).length > 0, PATIENCE);
    media.server.endStream('live', 'room');
    await player.ended;
    await media.isState('room_180p', 'gone');
    await until(() => encoders().length === 0, PATIENCE);
    expect(media.events.filter(({ stream }) => stream !== 'room' && stream !== 'private')).toEqual([]);
  });
});

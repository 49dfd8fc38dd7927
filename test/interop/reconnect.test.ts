import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Audience } from '../support/audience.ts';
import { fetchWhole, HttpFlvPublisher } from '../support/flv-client.ts';
import { flvHeader, type WireTag } from '../support/flv-wire.ts';
import { ffmpeg, publishFile, TEST_PICTURE } from '../support/ffmpeg.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { audioFrame, audioHeader, videoFrame, videoFrames, videoHeader } from '../support/synthetic.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const STEP_MS = 40;

async function publisher(media: LocalMediaServer, name: string) {
  const client = await RtmpClient.connect({ port: media.ports.rtmp });
  const { streamId, status } = await client.publish(name);
  const send = (tags: readonly WireTag[]): void => {
    for (const { type, timestamp, body } of tags)
      client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
  };
  return { client, send, code: String(status['code']) };
}

/** Video and audio one after the other, as an encoder that was started at `startMs` of its own clock. */
function programme(count: number, startMs: number, level?: number): WireTag[] {
  const frames = videoFrames(count, { startMs, stepMs: STEP_MS });
  return [
    videoHeader(startMs, level),
    audioHeader(startMs),
    ...frames.flatMap((frame, index) => [frame, audioFrame(frame.timestamp + 10, index)]),
  ];
}

const isHeader = ({ body }: WireTag): boolean => body[1] === 0;
const times = (tags: readonly WireTag[], type: WireTag['type']): number[] =>
  tags.filter((tag) => tag.type === type && !isHeader(tag)).map(({ timestamp }) => timestamp);

describe('a publisher that goes and comes back', () => {
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 4000 });
  });
  afterAll(async () => media.stop());

  it('viewers stay, time goes on one frame after the last, changed headers are sent once', async () => {
    using audience = await Audience.seated(media, 'back');
    const first = await publisher(media, 'back');
    const before = programme(20, 5000);
    first.send(before);
    await audience.all((viewer) => viewer.media.length === before.length, 'the first publish');
    first.client.close();
    await media.isState('back', 'interrupted');
    const goneAt = performance.now();
    using late = await Audience.seated(media, 'back', { each: 1 });
    await sleep(2000 - (performance.now() - goneAt));
    expect(audience.viewers.every(({ isOpen }) => isOpen)).toBe(true);
    expect(late.viewers.every(({ tags }) => tags.length === 0)).toBe(true);

    // Another encoder: its clock starts elsewhere, and its picture is another.
    const second = await publisher(media, 'back');
    const after = programme(30, 9_000_000, 40);
    second.send(after);
    const isDone =
      (count: number) =>
      ({ media: tags }: { media: WireTag[] }): boolean =>
        tags.length >= count;
    await audience.all(isDone(before.length + after.length), 'the second publish');
    const lastMs = 19 * STEP_MS + 10;
    const resumeMs = lastMs + STEP_MS;
    for (const { protocol, media: tags, isOpen } of audience.viewers) {
      expect(isOpen, protocol).toBe(true);
      expect(tags, protocol).toHaveLength(before.length + after.length);
      const again = tags.slice(before.length);
      expect(again[0]?.body.equals(videoHeader(0, 40).body), `${protocol} new header first`).toBe(true);
      expect(again[1]?.body.equals(audioHeader().body), `${protocol} then the other header`).toBe(true);
      expect(again[2]?.body.readUInt16BE(0), `${protocol} then a key frame`).toBe(0x1701);
      expect(times(again, 'video'), protocol).toEqual(
        Array.from({ length: 30 }, (_, index) => resumeMs + index * STEP_MS),
      );
      expect(times(again, 'audio'), protocol).toEqual(
        Array.from({ length: 30 }, (_, index) => resumeMs + 10 + index * STEP_MS),
      );
    }
    // Who came during the gap waited for the new publisher and gets nothing of the old one.
    await late.all(({ video }) => video.length > 30, 'the second publish');
    for (const { protocol, video } of late.viewers) {
      expect(video[0]?.body.equals(videoHeader(0, 40).body), protocol).toBe(true);
      expect(times(video, 'video')[0], protocol).toBe(resumeMs);
    }
    const told = media.events
      .filter(({ stream }) => stream === 'back')
      .flatMap((event) => (event.type === 'published' ? [event.resumed] : []));
    expect(told).toEqual([false, true]);
    media.server.endStream('live', 'back');
    await media.isState('back', 'gone');
  });

  it('ffmpeg is killed and comes back with another picture size; players read on', async () => {
    using folder = tempDir();
    const files = { small: folder.file('small.flv'), large: folder.file('large.flv') };
    await ffmpeg(...TEST_PICTURE, '-t', '4', files.small).succeeded();
    await ffmpeg(...TEST_PICTURE, '-t', '4', '-vf', 'scale=640:360', files.large).succeeded();
    using audience = await Audience.seated(media, 'killed', { each: 1 });
    const first = publishFile(files.small, media.rtmpUrl('killed'));
    await audience.all(({ video }) => video.length > 30, 'the first picture');
    await first.stop('SIGKILL');
    await media.isState('killed', 'interrupted');
    const counts = audience.viewers.map(({ video }) => video.length);
    await using _second = publishFile(files.large, media.rtmpUrl('killed'));
    await audience.all(
      (viewer) => viewer.video.length > (counts[audience.viewers.indexOf(viewer)] ?? 0) + 30,
      'the second picture',
    );
    for (const { protocol, tags, isOpen } of audience.viewers) {
      expect(isOpen, protocol).toBe(true);
      const headers = tags.filter((tag) => tag.type === 'video' && isHeader(tag));
      expect(headers, protocol).toHaveLength(2);
      for (const type of ['video', 'audio'] as const) {
        const received = times(tags, type);
        expect(received, `${protocol} ${type}`).toEqual(received.toSorted((a, b) => a - b));
        const gaps = received.map((ms, index) => ms - (received[index - 1] ?? ms));
        expect(Math.max(...gaps), `${protocol} ${type} has no hole`).toBeLessThan(150);
      }
    }
    await until(() => media.stream('killed')?.video?.width === 640, { what: 'the new size in the list' });
    media.server.endStream('live', 'killed');
  });

  it('refuses a second publisher while one is live', async () => {
    const first = await publisher(media, 'taken?key=a');
    first.send(programme(5, 0));
    const second = await publisher(media, 'taken?key=a');
    expect(second.code).toBe('NetStream.Publish.BadName');
    await second.client.closed;
    const post = new HttpFlvPublisher({ port: media.ports.http, path: '/live/taken.flv?key=a' });
    post.write(flvHeader());
    const { status, body } = await post.answer;
    expect(status).toBe(409);
    expect(JSON.parse(body)).toMatchObject({ code: 'already_publishing', error: expect.any(String) });
    const socket = RawWebSocket.open({ port: media.ports.http, path: '/publish?app=live&stream=taken&key=a' });
    await expect(socket).rejects.toThrow(/409[\s\S]*already_publishing/);
    first.send([videoFrame(400)]);
    expect(media.stream('taken')?.state).toBe('publishing');
    first.client.close();
    media.server.endStream('live', 'taken');
  });

  it('of many publishers at one instant one wins', async () => {
    const clients = await Promise.all(
      Array.from({ length: 8 }, async () => RtmpClient.connect({ port: media.ports.rtmp })),
    );
    const codes = await Promise.all(clients.map(async (client) => (await client.publish('race')).status['code']));
    expect(codes.filter((code) => code === 'NetStream.Publish.Start')).toHaveLength(1);
    expect(codes.filter((code) => code === 'NetStream.Publish.BadName')).toHaveLength(7);
    for (const client of clients) client.close();
    media.server.endStream('live', 'race');
  });

  it('the same key takes over a predecessor that fell silent; another key does not', async () => {
    using audience = await Audience.seated(media, 'silent', { each: 1 });
    const silent = await publisher(media, 'silent?key=a');
    silent.send(programme(10, 0));
    await audience.all((viewer) => viewer.media.length === 22, 'the first publish');
    const lastAt = performance.now();
    // Not before 3 s of silence, and asking does not make it longer.
    const heir = await until(
      async () => {
        const other = await publisher(media, 'silent?key=b');
        expect(other.code).toBe('NetStream.Publish.BadName');
        const candidate = await publisher(media, 'silent?key=a');
        return candidate.code === 'NetStream.Publish.Start' ? candidate : undefined;
      },
      { intervalMs: 300, what: 'the take-over' },
    );
    expect(performance.now() - lastAt).toBeGreaterThan(2900);
    expect(performance.now() - lastAt).toBeLessThan(6000);
    await silent.client.closed;
    heir.send(programme(10, 77_000));
    await audience.all((viewer) => viewer.media.length === 42, 'the second publish');
    for (const { protocol, media: tags, isOpen } of audience.viewers) {
      expect(isOpen, protocol).toBe(true);
      expect(times(tags, 'video').at(-1), protocol).toBe(370 + STEP_MS + 9 * STEP_MS);
    }
    heir.client.close();
    media.server.endStream('live', 'silent');
  });
});

describe('the end of the grace', () => {
  it('closes viewers by each protocol, and the API shows no stream', async () => {
    await using media = await LocalMediaServer.start({ graceMs: 1500 });
    using audience = await Audience.seated(media, 'over');
    const { client, send } = await publisher(media, 'over');
    send(programme(5, 0));
    await audience.all((viewer) => viewer.media.length === 12, 'the publish');
    client.close();
    await media.isState('over', 'interrupted');
    const goneAt = performance.now();
    await audience.all(({ isOpen }) => !isOpen, 'the end of every viewer');
    const tookMs = performance.now() - goneAt;
    expect(tookMs).toBeGreaterThan(1300);
    const list = await fetchWhole({ port: media.ports.api, path: '/api/v1/streams/' });
    expect(JSON.parse(list.body)).toMatchObject({ code: 0, streams: [] });
    await until(async () => (await media.server.clients()).length === 0, { what: 'no clients' });
    // The next broadcast of the name starts at 0 again.
    using next = await Audience.seated(media, 'over', { each: 1 });
    const again = await publisher(media, 'over');
    again.send(programme(3, 123_456));
    await next.all((viewer) => viewer.media.length === 8, 'the next broadcast');
    for (const { video } of next.viewers) expect(times(video, 'video')).toEqual([0, 40, 80]);
    again.client.close();
  });
});

// Media through the platform's own port, for networks that let no other through.
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { probe, publishTestPicture } from '../support/ffmpeg.ts';
import { HlsViewer } from '../support/hls-client.ts';
import { startPlatform, type Platform, type TestRoom } from '../support/platform.ts';
import { until } from '../support/until.ts';

test('FLV over HTTP and WebSocket, refusals, and viewers who leave', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('一个端口');
  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });

  const url = `${platform.url}/live/${room.playId}.flv`;
  const { streams, packets } = await probe(url, { seconds: 1 });
  expect(streams.map(({ codec }) => codec).toSorted()).toEqual(['aac', 'h264']);
  expect(packets.find(({ kind }) => kind === 'video')?.isKey).toBe(true);

  const socket = new WebSocket(url.replace('http', 'ws'));
  const first = await new Promise<Buffer>((resolve, reject) => {
    socket.once('message', (data) => resolve(data as Buffer));
    socket.once('error', reject);
  });
  expect(first.subarray(0, 3).toString()).toBe('FLV');
  await until(async () => (await viewers(platform, room)) === 1, { what: 'the socket being counted' });
  socket.terminate();
  await until(async () => (await viewers(platform, room)) === 0, { what: 'the socket having left' });

  const reader = new AbortController();
  const watched = await fetch(url, { signal: reader.signal });
  expect(watched.status).toBe(200);
  expect(watched.headers.get('content-type')).toBe('video/x-flv');
  await until(async () => (await viewers(platform, room)) === 1, { what: 'the reader being counted' });
  reader.abort();
  await until(async () => (await viewers(platform, room)) === 0, { what: 'the reader having left' });

  expect((await fetch(`${platform.url}/live/nobody-here.flv`)).status).toBe(404);
  expect(await handshake(`${platform.url.replace('http', 'ws')}/live/nobody-here.flv`)).toBe(404);
  // What has no file's ending is a page.
  const page = await fetch(`${platform.url}/live`, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-type')).toContain('text/html');

  await encoder.stop();
});

test('HLS: playlist, held reload and segments, also of a room that is not for everybody', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('分段');
  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  expect((await platform.room(room.id)).playUrls.hls).toMatch(new RegExp(`^http://[^/]+/live/${room.playId}\\.m3u8$`));

  const viewer = await HlsViewer.open(`${platform.url}/live/${room.playId}.m3u8`);
  const { segments } = await viewer.until((playlist) => playlist.segments.length > 0);
  expect(viewer.violations).toEqual([]);
  const [segment] = segments;
  expect((await viewer.bytes(segment?.uri ?? '')).toString('latin1', 4, 8)).toBe('moof');
  await until(async () => (await viewers(platform, room)) === 1, { what: 'the viewer being counted' });
  expect((await fetch(`${platform.url}/live/${room.playId}/nothing.m4s`)).status).toBe(404);
  await encoder.stop();
});

test('a stream that ends, ends here too', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('收');
  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  const watched = await fetch(`${platform.url}/live/${room.playId}.flv`);
  const whole = watched.arrayBuffer();
  await platform.close(room);
  expect((await whole).byteLength).toBeGreaterThan(13);
  await encoder.stop();
});

test('without the proxy there is nothing at these addresses', async () => {
  await using platform = await startPlatform('--http.mediaProxy=false');
  const room = await platform.createRoom('无');
  expect((await fetch(`${platform.url}/live/${room.playId}.flv`)).status).toBe(404);
  expect(await handshake(`${platform.url.replace('http', 'ws')}/live/${room.playId}.flv`)).toBe(404);
});

/** Distinct people, as the platform counts them. */
async function viewers(platform: Platform, { id }: TestRoom): Promise<number> {
  return (await platform.room(id)).viewerCount;
}

/** The HTTP status by which an upgrade is refused. */
async function handshake(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on('open', () => resolve(101));
    socket.on('error', () => {});
  });
}

// The platform from outside: REST, a real encoder, and players that are not browsers.
import { expect, test } from 'vitest';
import { probe, publishTestPicture } from '../support/ffmpeg.ts';
import { startPlatform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 1500;

test('a room turns live by the push, plays everywhere, and ends when the push is gone past the grace', async () => {
  await using platform = await startPlatform(`--media.graceMs=${GRACE_MS}`);
  const room = await platform.createRoom('测试直播间');
  expect(room).toMatchObject({ title: '测试直播间', status: 'preparing', viewerCount: 0 });
  expect(room.publishUrls.rtmp).toContain(room.streamKey);

  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  for (const url of [room.playUrls.rtmp, room.playUrls.flv]) {
    const { streams, packets } = await probe(url, { seconds: 1 });
    expect(streams.map(({ codec }) => codec).toSorted()).toEqual(['aac', 'h264']);
    expect(packets.find(({ kind }) => kind === 'video')?.isKey).toBe(true);
  }

  await encoder.stop();
  await until(async () => (await platform.room(room.id)).interrupted, { what: 'the room being interrupted' });
  await until(async () => (await platform.room(room.id)).status === 'ended', { what: 'the room ending' });
});

test('the wrong key is refused, the owner ends the room at once, and an ended room takes no encoder', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('钥匙');
  await using thief = publishTestPicture(room.publishUrls.rtmp.replace(/key=.*/, 'key=stolen'), { seconds: 20 });
  expect((await thief.ended).code).not.toBe(0);

  await using encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  await platform.close(room);
  expect((await platform.room(room.id)).status).toBe('ended');
  expect((await encoder.ended).code).not.toBe(0);
  expect((await fetch(room.playUrls.flv)).status).toBe(404);

  await using late = publishTestPicture(room.publishUrls.rtmp, { seconds: 20 });
  expect((await late.ended).code).not.toBe(0);
});

test('SIGTERM tells everybody and ends with 0 within 5 s', async () => {
  await using platform = await startPlatform();
  const room = await platform.createRoom('收工');
  await using _encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  const viewer = await fetch(room.playUrls.flv);
  const watched = viewer.arrayBuffer();
  const startedMs = performance.now();
  platform.program.child.kill('SIGTERM');
  expect(await platform.program.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect((await watched).byteLength).toBeGreaterThan(0);
});

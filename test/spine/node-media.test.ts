// Two platforms with media of their own, on one Redis and one PostgreSQL: a stream that one has is shown by both.
import { expect, test } from 'vitest';
import { PostgresServer } from '../../packages/server/test/support/postgres.ts';
import { RedisServer } from '../../packages/server/test/support/redis-server.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer, WsFlvPlayer } from '../support/flv-client.ts';
import { HlsViewer } from '../support/hls-client.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { type Platform, startPlatform, type TestRoom } from '../support/platform.ts';
import { RtcPeers } from '../support/rtc-client.ts';
import { encodeRtcMedia, RtcSender } from '../support/rtc-media.ts';
import { RtmpPlayer } from '../support/rtmp-player.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 15_000;
const HOST = 'a.localhost';

test('a stream of one node is shown by the other, which follows it through interruptions, to another node, to its end', async () => {
  await using redis = await RedisServer.start();
  await using postgres = await PostgresServer.start();
  const flags = [
    `--redis.url=${redis.url}`,
    `--database.url=${await postgres.createDatabase()}`,
    `--media.graceMs=${GRACE_MS}`,
    '--access=open',
    '--host=127.0.0.1',
  ];
  await using a = await startPlatform(...flags, '--node.name=a', `--node.mediaHost=${HOST}`);
  await using b = await startPlatform(...flags, '--node.name=b');
  const room = await a.createRoom('一处开播，处处可看');
  const first = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await b.room(room.id)).status === 'live', { what: 'the other node seeing it live' });

  // Who asks the other node is led to the one that has it, when that said where it is.
  await until(async () => new URL((await b.room(room.id)).playUrls.flv).hostname === HOST, {
    what: 'the address of a',
  });
  const path = `/live/${room.playId}.flv`;
  const [portA, portB] = [
    portOf((await ownedOn(a, room)).publishUrls.wsFlv),
    portOf((await ownedOn(b, room)).publishUrls.wsFlv),
  ];

  const onA = await HttpFlvPlayer.open({ port: portA, path });
  const onB = await HttpFlvPlayer.open({ port: portB, path });
  await Promise.all([onA.received(100), onB.received(100)]);
  const hls = await HlsViewer.open(`http://127.0.0.1:${portB}/live/${room.playId}.m3u8`);
  await hls.until(({ segments }) => segments.length > 0);
  expect(hls.violations).toEqual([]);
  const { rtmp, wsFlv } = (await ownedOn(b, room)).publishUrls;
  expect(portOf(wsFlv)).toBe(portB);
  const byRtmp = await RtmpPlayer.open({ port: portOf(rtmp), name: room.playId });
  const bySocket = await WsFlvPlayer.open({ port: portB, path });
  await using peers = await RtcPeers.start();
  const byRtc = await peers.play(`${b.url}/rtc/v1/whep/?app=live&stream=${room.playId}`);
  await until(() => byRtmp.tags.length > 50 && byRtc.received.length > 50, {
    what: 'RTMP and WebRTC on b',
    timeoutMs: 30_000,
  });
  await bySocket.received(50, 30_000);
  // The other node is no viewer.
  await until(async () => (await a.room(room.id)).viewerCount === 6, { what: 'six viewers over both nodes' });
  await byRtc.end();
  byRtmp.close();
  bySocket.close();
  await until(async () => (await a.room(room.id)).viewerCount <= 3, { what: 'three of them leaving' });

  // Nobody publishes it a second time, and what b only shows is nobody's origin.
  const second = publishTestPicture((await ownedOn(b, room)).publishUrls.rtmp, { seconds: 20 });
  expect((await second.ended).code).not.toBe(0);

  // Its encoder comes back to the other node: viewers of both go on.
  await first.stop('SIGKILL');
  await until(async () => (await b.room(room.id)).interrupted, { what: 'the interruption' });
  const [beforeA, beforeB] = [onA.flv.tags.length, onB.flv.tags.length];
  const again = publishTestPicture((await ownedOn(b, room)).publishUrls.rtmp);
  await until(async () => (await a.room(room.id)).interrupted !== true, { what: 'the resumption' });
  await Promise.all([onA.received(beforeA + 100, 30_000), onB.received(beforeB + 100, 30_000)]);
  for (const player of [onA, onB]) {
    expect(player.malformed).toBeUndefined();
    const times = player.flv.tags.filter(isPicture).map(({ timestamp }) => timestamp);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  }

  // It ends where the room is closed, and with it what is shown elsewhere.
  await a.close(room);
  await Promise.all([onA.ended, onB.ended, again.ended]);

  // Of a browser that publishes to a, b has the Opus as it is, and AAC for who takes that.
  const browsers = await b.createRoom('浏览器开播');
  const { whip = '' } = (await ownedOn(a, browsers)).publishUrls;
  const publisher = await peers.publish(whip);
  using _sender = new RtcSender(publisher, await encodeRtcMedia());
  await until(async () => (await b.room(browsers.id)).status === 'live', { what: 'the browser being live' });
  for (const [query, isSound] of [
    ['', isAac],
    ['?audio=opus', isOpus],
  ] as const) {
    const player = await HttpFlvPlayer.open({ port: portB, path: `/live/${browsers.playId}.flv${query}` });
    const sounds = () => player.flv.tags.filter(({ type }) => type === 'audio');
    await until(() => sounds().length > 20, { what: `sound on b ${query}`, timeoutMs: 30_000 });
    expect(sounds().every(isSound), query).toBe(true);
    player.close();
  }
});

/** No codec configuration: those say no time. */
const isPicture = ({ type, body }: WireTag): boolean => type === 'video' && body[1] === 1;
/** The sound format of FLV, and the FourCC of its enhanced form. */
const isAac = ({ body }: WireTag): boolean => (body[0] ?? 0) >> 4 === 10;
const isOpus = ({ body }: WireTag): boolean => body.subarray(1, 5).toString() === 'Opus';

const portOf = (url: string): number => Number(new URL(url.replace(/^\w+/, 'http')).port);

async function ownedOn({ url }: Platform, { id, ownerToken }: TestRoom): Promise<TestRoom> {
  const response = await fetch(`${url}/api/rooms/${id}`, { headers: { authorization: `Bearer ${ownerToken}` } });
  return (await response.json()) as TestRoom;
}

// The platform on an SRS whose hooks and lists the test holds: what is lost on the way, who has no right, several nodes.
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { createClient } from 'redis';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import type { Config } from '../src/app/config.ts';
import { startKaibo, type Kaibo, type KaiboDeps } from '../src/app/kaibo.ts';
import { createLogger } from '../src/app/logger.ts';
import { openDatabase } from '../src/database/database.ts';
import type { Room } from '../src/modules/live/contract.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { keyOf, owner, request, tempFolder, testConfig, type OwnedRoom } from './harness.ts';
import { FakeSrs } from './support/fake-srs.ts';
import { RedisServer } from './support/redis-server.ts';

const SECRET = 'c0ffee1234567890abcdef42';
/** Compared every 10 s. */
const HEALED = { timeoutMs: 20_000, intervalMs: 100 };

interface Node {
  kaibo: Kaibo;
  log: string[];
  hooks: string;
  create(input?: object): Promise<OwnedRoom>;
  room(id: string): Promise<Room>;
  call: (path: string, init?: Parameters<typeof request>[1]) => ReturnType<typeof request>;
}

async function startNode(
  srs: FakeSrs,
  {
    dataDir = tempFolder(),
    change,
    ...deps
  }: Partial<KaiboDeps> & { dataDir?: string; change?: (config: Config) => void } = {},
): Promise<Node> {
  const config = testConfig(dataDir, (all) => {
    all.access = 'open';
    all.media.graceMs = 1000;
    all.engine.kind = 'srs';
    all.engine.srs.apiUrl = srs.apiUrl;
    all.engine.srs.hooksSecret = SECRET;
    change?.(all);
  });
  const log: string[] = [];
  const { logger, lines } = createLogger(config.log, { write: (line) => log.push(line) });
  const kaibo = await startKaibo({ config, logger, logLines: lines, ...deps });
  onTestFinished(() => kaibo.stop());
  const base = `http://localhost:${kaibo.ports.http}`;
  const call: Node['call'] = (path, init) => request(base + path, init);
  return {
    ...{ kaibo, log, call, hooks: `${base}/api/hooks/srs/${SECRET}` },
    create: async (input) => {
      const { body } = await call('/api/rooms', { method: 'POST', body: { title: '一台 SRS', ...input } });
      return body as unknown as OwnedRoom;
    },
    room: async (id) => (await call(`/api/rooms/${id}`)).body as unknown as Room,
  };
}

async function startSrs(): Promise<FakeSrs> {
  const srs = await FakeSrs.start();
  onTestFinished(() => srs[Symbol.asyncDispose]());
  return srs;
}

const live = (node: Node, id: string): Promise<unknown> =>
  until(async () => (await node.room(id)).status === 'live', { ...HEALED, what: 'live' });
const viewers = (node: Node, id: string, count: number): Promise<unknown> =>
  until(async () => (await node.room(id)).viewerCount === count, { ...HEALED, what: `${count} viewers` });

test('rights are judged by hooks: keys, tokens, rooms, and the secret of the hooks themselves', async () => {
  const srs = await startSrs();
  const node = await startNode(srs);
  const open = await node.create();
  const closed = await node.create({ isPrivate: true });
  const token = new URL(closed.playUrls.flv ?? '').search;
  expect(token).toContain('token=');

  for (const wrong of ['', '?key=wrong', '?key='])
    expect((await srs.publish(node.hooks, open.playId, wrong)).code).toBeGreaterThan(0);
  expect((await srs.publish(node.hooks, 'nobody-is-here', '?key=x')).code).toBe(404);
  expect((await srs.publish(node.hooks, open.playId, keyOf(open))).code).toBe(0);
  expect((await srs.publish(node.hooks, open.playId, keyOf(open))).code).toBe(409);
  await live(node, open.id);

  expect((await srs.play(node.hooks, open.playId)).code).toBe(0);
  expect((await srs.play(node.hooks, closed.playId)).code).toBe(403);
  expect((await srs.play(node.hooks, `${closed.playId}.m3u8`, token)).code).toBe(0);
  expect((await srs.play(node.hooks, 'nobody-is-here')).code).toBe(404);

  for (const secret of ['wrong', `${SECRET}x`, '%00', '..%2f..']) {
    const url = node.hooks.replace(SECRET, secret);
    expect((await request(url, { method: 'POST', body: { action: 'on_publish', client_id: 'x' } })).status).toBe(404);
    expect((await request(`${url}/heartbeat`, { method: 'POST', body: {} })).status).toBe(404);
  }
  expect((await request(node.hooks, { method: 'POST', raw: '{"action":' })).status).toBe(400);
  const lines = node.log.join('\n');
  for (const secret of [SECRET, keyOf(open).slice(5), token.slice(7)]) expect(lines).not.toContain(secret);
});

test('a room is live when SRS lists its publisher, not when its hook was answered', async () => {
  const srs = await startSrs();
  const node = await startNode(srs);
  const made = await node.create();
  const { id, code } = await srs.publish(node.hooks, made.playId, keyOf(made));
  // SRS was busy and refused it after all, without a word.
  srs.clients.delete(id);
  expect(code).toBe(0);
  const second = await srs.publish(node.hooks, made.playId, keyOf(made));
  expect(second.code).toBe(409);
  expect((await node.room(made.id)).status).toBe('preparing');
  await until(async () => (await srs.publish(node.hooks, made.playId, keyOf(made))).code === 0, HEALED);
  await live(node, made.id);
});

test('lost hooks are made up for, and counted', async () => {
  const srs = await startSrs();
  const node = await startNode(srs);
  const made = await node.create();
  const publisher = await srs.publish(node.hooks, made.playId, keyOf(made));
  await live(node, made.id);
  const [first] = [await srs.play(node.hooks, made.playId), await srs.play(node.hooks, made.playId)];
  await viewers(node, made.id, 2);
  srs.isMute = true;
  await srs.leave(node.hooks, first.id);
  srs.sneakIn(made.playId, 'rtmp-play', 60_000);
  srs.sneakIn(made.playId, 'rtmp-play', 60_000);
  await viewers(node, made.id, 3);
  await srs.leave(node.hooks, publisher.id);
  await until(async () => (await node.room(made.id)).interrupted === true, HEALED);
  await until(async () => (await node.room(made.id)).status === 'ended', HEALED);
  const metrics = await (await fetch(`http://localhost:${node.kaibo.ports.metrics}/metrics`)).text();
  for (const [what, count] of [
    ['publisher_gone', 1],
    ['viewer_found', 2],
  ])
    expect(metrics).toContain(`kaibo_srs_healed_total{what="${what}"} ${count}`);
  expect(metrics).toContain('kaibo_srs_servers{state="up"} 1');
}, 60_000);

test('browsers are given the STUN and TURN servers of the configuration, with credentials for a time', async () => {
  const srs = await startSrs();
  const node = await startNode(srs, {
    change: ({ media }) => (media.rtc.iceServers = [{ urls: ['turn:turn.example:3478'], secret: 'e5a1b2c3d4f60718' }]),
  });
  const [server] = node.kaibo.engine.iceServers?.('someone') ?? [];
  expect(server).toMatchObject({ urls: ['turn:turn.example:3478'], username: expect.stringMatching(/^\d+:/) });
  expect(JSON.stringify(server)).not.toContain('e5a1b2c3d4f60718');
});

test('who publishes without having asked is cut: the hooks of that SRS are not set', async () => {
  const srs = await startSrs();
  const node = await startNode(srs);
  const made = await node.create();
  const id = srs.sneakIn(made.playId, 'fmle-publish', 0);
  await until(() => srs.kicked.includes(id), HEALED);
  expect((await node.room(made.id)).status).toBe('preparing');
  expect(node.log.join('')).toContain('on_publish');
}, 30_000);

test('a server that neither answers nor calls is lost with its streams; one whose API alone is away is not', async () => {
  const srs = await startSrs();
  const node = await startNode(srs, { change: ({ engine }) => (engine.srs.lostMs = 6000) });
  const made = await node.create();
  await srs.publish(node.hooks, made.playId, keyOf(made));
  await live(node, made.id);
  srs.isDeaf = true;
  const beats = setInterval(
    () => void request(`${node.hooks}/heartbeat`, { method: 'POST', body: { server: srs.id, service: srs.service } }),
    1000,
  );
  onTestFinished(() => clearInterval(beats));
  expect(await node.create()).toMatchObject({ status: 'preparing' });
  await until(() => !node.kaibo.engine.health().ok, { ...HEALED, what: 'its silence noticed' });
  expect((await node.call('/readyz')).status).toBe(200);
  const since = performance.now();
  await until(
    async () => {
      const room = await node.room(made.id);
      expect(room).toMatchObject({ status: 'live' });
      expect(room.interrupted).not.toBe(true);
      return performance.now() - since > 8000;
    },
    { timeoutMs: 20_000, intervalMs: 500 },
  );
  clearInterval(beats);
  await until(async () => (await node.room(made.id)).status === 'ended', { timeoutMs: 40_000, intervalMs: 200 });
}, 90_000);

test('an ended room takes its publisher along, a new key cuts the old one, a kick reaches SRS', async () => {
  const srs = await startSrs();
  const node = await startNode(srs);
  const made = await node.create();
  const publisher = await srs.publish(node.hooks, made.playId, keyOf(made));
  await live(node, made.id);
  await node.call(`/api/rooms/${made.id}/key`, { method: 'POST', headers: owner(made) });
  await until(() => srs.kicked.includes(publisher.id), HEALED);
  expect((await srs.publish(node.hooks, made.playId, keyOf(made))).code).toBe(403);
  const { body } = await node.call(`/api/rooms/${made.id}`, { headers: owner(made) });
  const key = String(body['streamKey']);
  const again = await srs.publish(node.hooks, made.playId, key.slice(key.indexOf('?')));
  expect(again.code).toBe(0);
  const viewer = await srs.play(node.hooks, made.playId);
  await node.call(`/api/rooms/${made.id}/close`, { method: 'POST', headers: owner(made) });
  await until(() => srs.kicked.includes(again.id) && srs.kicked.includes(viewer.id), HEALED);
  expect((await srs.publish(node.hooks, made.playId, key.slice(key.indexOf('?')))).code).toBe(409);
});

test('what an edge fetches of an origin is nobody who watches; its own viewers are', async () => {
  const srs = await startSrs();
  const edge = await FakeSrs.start('vid-edge');
  onTestFinished(() => edge[Symbol.asyncDispose]());
  const address = '198.51.100.4';
  const node = await startNode(srs, {
    change: ({ engine }) => {
      const ports = { rtmpPort: 1935, httpPort: 8080, rtcPort: 8000 };
      engine.srs.edges = [{ apiUrl: edge.apiUrl, publicHost: 'edge.example', address, ...ports }];
    },
  });
  const made = await node.create({ isPrivate: true });
  expect(made.playUrls).toMatchObject({
    rtmp: expect.stringMatching(/^rtmp:\/\/edge\.example:1935\//),
    flv: expect.stringMatching(/^http:\/\/edge\.example:8080\//),
  });
  expect(made.publishUrls?.rtmp).toMatch(/^rtmp:\/\/localhost:1935\//);
  expect((await srs.publish(node.hooks, made.playId, keyOf(made))).code).toBe(0);
  const read = async (): Promise<Room> =>
    (await node.call(`/api/rooms/${made.id}`, { headers: owner(made) })).body as unknown as Room;
  await until(async () => (await read()).status === 'live', { ...HEALED, what: 'live' });
  const token = new URL(made.playUrls.flv ?? '').search;
  expect((await edge.play(node.hooks, made.playId)).code).toBe(403);
  expect((await edge.play(node.hooks, made.playId, token)).code).toBe(0);
  expect((await srs.play(node.hooks, made.playId, '', address)).code).toBe(0);
  // Only by RTMP: by HTTP whoever asks says which address it has.
  expect((await srs.playFlv(node.hooks, made.playId, '', address)).code).toBe(403);
  // Only of an origin: an edge's viewers may come from any address.
  expect((await edge.play(node.hooks, made.playId, '', address)).code).toBe(403);
  await until(async () => (await read()).viewerCount === 1, { ...HEALED, what: 'one viewer' });
  await node.kaibo.engine.streams();
  expect((await read()).viewerCount).toBe(1);
});

test('two nodes and one SRS: hooks may come to either, viewers count once, and who is on duty may die', async () => {
  const srs = await startSrs();
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const silent = pino({ level: 'silent' });
  const options = { folder: tempFolder(), poolSize: 5, statementTimeoutMs: 10_000, logger: silent };
  const { database, close } = await openDatabase(options);
  onTestFinished(close);
  const folders = [tempFolder(), tempFolder()] as const;
  const start = async (dataDir: string): Promise<Node> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger: silent });
    onTestFinished(() => state.close());
    return startNode(srs, { dataDir, state, database });
  };
  const first = await start(folders[0]);
  copyFileSync(join(folders[0], 'signing.key'), join(folders[1], 'signing.key'));
  const second = await start(folders[1]);
  const onDuty = first.kaibo.engine.isOnDuty === true ? first : second;
  const other = onDuty === first ? second : first;
  expect(other.kaibo.engine.isOnDuty).toBe(false);

  // By the node that is not on duty, and nobody reads a key in the state center.
  const passed = await listenAtRedis(redis.url);
  const made = await other.create();
  expect((await srs.publish(other.hooks, made.playId, '?key=wrong')).code).toBe(403);
  expect((await srs.publish(other.hooks, made.playId, keyOf(made))).code).toBe(0);
  await live(onDuty, made.id);
  await live(other, made.id);
  expect(passed.join('\n')).toContain('engine:srs:asked');
  expect(passed.join('\n')).not.toContain(keyOf(made).slice(5));
  const seat = await srs.play(other.hooks, made.playId);
  await srs.play(onDuty.hooks, made.playId);
  await viewers(other, made.id, 2);
  await viewers(onDuty, made.id, 2);
  await srs.leave(other.hooks, seat.id);
  await viewers(onDuty, made.id, 1);
  expect(await other.kaibo.engine.streams()).toEqual([]);
  expect(await onDuty.kaibo.engine.streams()).toHaveLength(1);

  // Its place is taken, and the room never stops being live.
  const interruptions: unknown[] = [];
  const watch = setInterval(
    () => void other.room(made.id).then((room) => room.interrupted === true && interruptions.push(room)),
    100,
  );
  onTestFinished(() => clearInterval(watch));
  await onDuty.kaibo.stop();
  await until(() => other.kaibo.engine.isOnDuty === true, HEALED);
  await until(async () => (await other.kaibo.engine.streams()).length === 1, HEALED);
  await viewers(other, made.id, 1);
  clearInterval(watch);
  expect(interruptions).toEqual([]);
  expect(await other.room(made.id)).toMatchObject({ status: 'live' });
  expect((await srs.publish(other.hooks, made.playId, keyOf(made))).code).toBe(409);
}, 60_000);

/** Every command that this Redis is sent from now on. */
async function listenAtRedis(url: string): Promise<string[]> {
  const commands: string[] = [];
  const client = await createClient({ url }).connect();
  onTestFinished(() => client.destroy());
  await client.monitor((command) => commands.push(String(command)));
  return commands;
}

const OFFER = `${[
  ...['v=0', 'o=- 1 1 IN IP4 0.0.0.0', 's=-', 't=0 0', 'm=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0'],
  ...['a=mid:0', 'a=sendonly', 'a=rtpmap:96 H264/90000', 'a=setup:actpass', 'a=fingerprint:sha-256 AB:CD'],
  ...['a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901'],
].join('\r\n')}\r\n`;

test('behind its proxy SRS is asked for WebRTC there, and a refusal is one although only words say so', async () => {
  const asked: URL[] = [];
  const proxy = createServer(({ url = '' }, response) => {
    asked.push(new URL(url, 'http://proxy'));
    response.writeHead(500).end(`serve … do request to http://10.0.0.1:1985${url} EOF\n`);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const node = await startNode(await startSrs(), {
    change: ({ engine }) => {
      engine.srs.proxyApiUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    },
  });
  const made = await node.create();
  const whip = new URL(made.publishUrls?.whip ?? '');
  const headers = { 'content-type': 'application/sdp', 'accept-language': 'en' };
  const answer = await fetch(`${whip.href}&eip=6.6.6.6`, { method: 'POST', headers, body: OFFER });
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ code: 'already_publishing', error: expect.stringMatching(/publishes/) });
  expect(asked.map(({ pathname }) => pathname)).toEqual(['/rtc/v1/whip/']);
  const { kaibo: _tag, ...query } = Object.fromEntries(asked[0]?.searchParams ?? []);
  expect(query).toEqual({ app: 'live', stream: made.playId, key: whip.searchParams.get('key') });
});

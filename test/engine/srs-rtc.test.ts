// WHIP and WHEP through a platform whose media an SRS carries: our own media server, or a real one by SRS_BIN.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestRoom } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { RtcPeers, type RtcPeer } from '../support/rtc-client.ts';
import { encodeRtcMedia, RtcSender, type RtcMedia } from '../support/rtc-media.ts';
import { SRS_NAME, startSrs, type RunningSrs } from '../support/srs-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const LAUNCHER = join(import.meta.dirname, '../../packages/server/bin/kaibo.mjs');
const SOON = { timeoutMs: 20_000, intervalMs: 100 };

const apiPassword = randomBytes(24).toString('hex');
const folder = tempDir();
let srs: RunningSrs;
let kaibo: Program;
let peers: RtcPeers;
let media: RtcMedia;
let base = '';

beforeAll(async () => {
  const hooksSecret = randomBytes(24).toString('hex');
  const [http, metrics] = [await freePort(), await freePort()];
  base = `http://localhost:${http}`;
  srs = await startSrs({ hooksUrl: `http://127.0.0.1:${http}/api/hooks/srs/${hooksSecret}`, apiPassword });
  kaibo = Program.start(process.execPath, [
    ...[LAUNCHER, 'start', `--dataDir=${folder.file('data')}`, '--log.format=json', '--lottery.beacon=delay'],
    ...[`--http.port=${http}`, `--metrics.port=${metrics}`, `--engine.srs.hooksSecret=${hooksSecret}`],
    ...['--limits.eventLoopDelayMs=60000', '--media.graceMs=20000', ...srs.flags()],
  ]);
  await kaibo.saw(/"msg":"ready"/, 60_000);
  [peers, media] = await Promise.all([RtcPeers.start(), encodeRtcMedia()]);
});

afterAll(async () => {
  await peers[Symbol.asyncDispose]();
  await kaibo.stop('SIGKILL');
  await srs[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function newRoom(fields: Record<string, unknown> = {}): Promise<TestRoom> {
  const response = await fetch(`${base}/api/rooms`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ title: '浏览器直播', ...fields }),
  });
  expect(response.status).toBe(201);
  return (await response.json()) as TestRoom;
}

const read = async ({ id, ownerToken }: TestRoom): Promise<TestRoom> => {
  const headers = { 'x-owner-token': ownerToken };
  return (await (await fetch(`${base}/api/rooms/${id}`, { headers })).json()) as TestRoom;
};

/** As an operator would. */
const askSrs = (path: string, method = 'GET'): Promise<Response> => {
  const authorization = `Basic ${Buffer.from(`kaibo:${apiPassword}`).toString('base64')}`;
  return fetch(`http://127.0.0.1:${srs.ports.api}${path}`, { method, headers: { authorization } });
};

const isRtp = (bytes: Uint8Array): boolean => (bytes[1] ?? 0) < 192 || (bytes[1] ?? 0) > 223;
const hasMedia = (peer: RtcPeer): boolean => peer.received.filter(isRtp).length > 50;

test(`a browser publishes to ${SRS_NAME} and another watches, and both leave as they should`, async () => {
  const room = await newRoom();
  const whip = room.publishUrls.whip ?? '';
  expect(new URL(whip).origin).toBe(base);
  const publisher = await peers.publish(whip);
  expect(publisher.location).toMatch(/\/rtc\/v1\/session\/[\w-]+$/);
  using _sender = new RtcSender(publisher, media);
  await until(async () => (await read(room)).status === 'live', { ...SOON, what: 'live' });

  const viewer = await peers.play(room.playUrls.whep ?? '');
  await until(() => hasMedia(viewer), { ...SOON, what: 'media by WHEP' });
  await until(async () => (await read(room)).viewerCount === 1, { ...SOON, what: 'a viewer who is counted' });

  const patch = await fetch(viewer.location, {
    ...{ method: 'PATCH', body: 'a=end-of-candidates\r\n' },
    headers: { 'content-type': 'application/trickle-ice-sdpfrag' },
  });
  expect(patch.status).toBe(405);
  expect(await viewer.end()).toBe(200);
  await until(async () => (await read(room)).viewerCount === 0, { ...SOON, what: 'nobody watching' });
  expect(await publisher.end()).toBe(200);
  await until(async () => (await read(room)).interrupted === true, { ...SOON, what: 'interrupted' });
  // Neither the right nor what a session can be ended by is in any line of the log.
  const key = new URL(whip).searchParams.get('key') ?? '';
  expect(key).not.toBe('');
  for (const secret of [
    key,
    apiPassword,
    ...[publisher, viewer].map(({ location }) => location.split('/').at(-1) ?? ''),
  ])
    expect(kaibo.output).not.toContain(secret);
});

test('who may not, comes second, or brings something else is told so', async () => {
  const room = await newRoom();
  const whip = room.publishUrls.whip ?? '';
  const refusal = async (response: Response): Promise<unknown> => {
    const { error, code, requestId } = (await response.json()) as Record<string, string>;
    expect(error).toMatch(/\p{Script=Han}/u);
    expect(requestId).toBeTruthy();
    return [response.status, code];
  };
  const post = async (url: string, options: Parameters<RtcPeer['offer']>[0]) =>
    refusal(await (await peers.open()).post(url, options));
  const publisher = await peers.publish(whip);
  using _sender = new RtcSender(publisher, media);
  await until(async () => (await read(room)).status === 'live', { ...SOON, what: 'live' });
  expect(await post(whip, { direction: 'sendonly' })).toEqual([409, 'already_publishing']);
  expect(await post(whip.replace(/key=[^&]+/, 'key=wrong'), { direction: 'sendonly' })).toEqual([403, 'wrong_key']);
  expect(await post(whip.replace(/&?key=[^&]+/, ''), { direction: 'sendonly' })).toEqual([401, 'key_required']);
  expect(await post(whip.replace(/stream=[^&]+/, 'stream=nobody'), { direction: 'sendonly' })).toEqual([
    404,
    'room_not_found',
  ]);
  expect(await post(whip, { direction: 'recvonly' })).toEqual([400, 'invalid_sdp']);
  expect(await post(whip, { direction: 'sendonly', videoCodec: 'VP8/90000', videoFmtp: 'x=1' })).toEqual([
    406,
    'codec_unsupported',
  ]);
  const inquiry = await fetch(whip, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
  expect(inquiry.status).toBe(415);
  expect(inquiry.headers.get('access-control-allow-origin')).toBe('*');
  // What SRS would take of a query: an address of the client's choice in the answer.
  const viewer = await peers.open();
  await viewer.post(`${room.playUrls.whep}&eip=6.6.6.6&candidate=6.6.6.6&dtls=false&encrypt=false`, {
    direction: 'recvonly',
  });
  expect(viewer.answer).toContain('a=candidate:');
  expect(viewer.answer).not.toContain('6.6.6.6');
});

test('a private room takes its token alone', async () => {
  const created = await newRoom({ isPrivate: true });
  const room = { ...created, ...(await read(created)) };
  const whep = new URL(room.playUrls.whep ?? '');
  expect(whep.searchParams.has('token')).toBe(true);
  const publisher = await peers.publish(room.publishUrls.whip ?? '');
  using _sender = new RtcSender(publisher, media);
  await until(async () => (await read(room)).status === 'live', { ...SOON, what: 'live' });
  const viewer = await peers.play(whep.href);
  await until(() => hasMedia(viewer), { ...SOON, what: 'media by WHEP' });
  whep.searchParams.delete('token');
  const stranger = await (await peers.open()).post(whep.href, { direction: 'recvonly' });
  expect(stranger.status).toBe(403);
});

interface SrsClient {
  id: string;
  publish: boolean;
  url: string;
}

interface Heard {
  type: string;
  payload?: { sdp?: string } | null;
}

test('by signaling the same, whose end is told', async () => {
  const room = await newRoom();
  const publisher = await peers.publish(room.publishUrls.whip ?? '');
  using _sender = new RtcSender(publisher, media);
  await until(async () => (await read(room)).status === 'live', { ...SOON, what: 'live' });
  const socket = new WebSocket(`${base.replace('http', 'ws')}/signaling`);
  const heard: Heard[] = [];
  socket.addEventListener('message', ({ data }) => heard.push(JSON.parse(String(data)) as Heard));
  const hears = (type: string): Promise<Heard> =>
    until(() => heard.find((message) => message.type === type), { ...SOON, what: type });
  const tell = (message: object): void => socket.send(JSON.stringify({ roomId: room.id, ...message }));
  await until(() => socket.readyState === WebSocket.OPEN, { ...SOON, what: 'a socket' });
  tell({ type: 'join' });
  await hears('joined');
  const viewer = await peers.open();
  tell({ type: 'offer', to: 'server', payload: { type: 'offer', sdp: viewer.offer({ direction: 'recvonly' }) } });
  viewer.answer = (await hears('answer')).payload?.sdp ?? '';
  tell({ type: 'candidate', to: 'server', payload: null });
  await viewer.connect();
  await until(() => hasMedia(viewer), { ...SOON, what: 'media' });
  await until(async () => (await read(room)).viewerCount === 1, { ...SOON, what: 'a viewer who is counted once' });
  const { clients } = (await (await askSrs('/api/v1/clients/?count=100')).json()) as { clients: SrsClient[] };
  const watching = clients.filter(({ publish, url }) => !publish && url.endsWith(`/${room.playId}`));
  expect(watching).toHaveLength(1);
  await askSrs(`/api/v1/clients/${watching[0]?.id}`, 'DELETE');
  await hears('media-closed');
  expect(heard.filter(({ type }) => type === 'error')).toEqual([]);
  socket.close();
});

test('a platform whose SRS is away says so', async () => {
  const room = await newRoom();
  // The last test: nobody needs it any more.
  await srs.program.stop('SIGKILL');
  const response = await (await peers.open()).post(room.publishUrls.whip ?? '', { direction: 'sendonly' });
  expect(response.status).toBe(503);
  expect(((await response.json()) as { code: string }).code).toBe('engine_unavailable');
});

// Pictures of rooms, and what their owners are told of how their streams arrive, around a fake engine.
import { expect, test } from 'vitest';
import type { EngineFinding } from '../src/engine/contract.ts';
import type { Room } from '../src/modules/live/contract.ts';
import { connect, keyOf, startTest, type Message } from './harness.ts';
import { People } from './rooms-people.ts';

const JPEG = Buffer.from('ffd8ffe000104a46494600ffd9', 'hex');
const OTHER = Buffer.from('ffd8ffe000104a46494601ffd9', 'hex');
const GOP: EngineFinding = { code: 'keyframe_interval_long', severity: 'warning', sinceMs: 1000, value: 5000 };
const MUTE: EngineFinding = { code: 'no_audio', severity: 'warning', sinceMs: 2000 };

async function startLive(input: Record<string, unknown> = {}) {
  const people = new People();
  const platform = await startTest({ authenticator: people, users: people });
  const owner = people.add('owner');
  const made = await platform.create(input, owner.headers);
  await platform.engine.publish(made.playId, keyOf(made));
  const see = async (headers?: Record<string, string>, token = ''): Promise<Room> =>
    (await platform.call(`/api/rooms/${made.id}${token}`, { headers })).body as unknown as Room;
  const isLive = input['autoLive'] !== false;
  if (isLive) await expect.poll(async () => (await see(owner.headers)).status).toBe('live');
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(platform.base + path, { headers });
  return { ...platform, people, owner, made, see, get };
}

const listed = async ({ call }: Awaited<ReturnType<typeof startLive>>): Promise<Room[]> =>
  JSON.parse((await call('/api/rooms')).text) as Room[];

test('a picture is shown where its room is, and is renewed under another address without an event', async () => {
  const kaibo = await startLive();
  const { engine, made, see, get, base } = kaibo;
  const socket = await connect(base);
  socket.send({ type: 'subscribe', channel: 'rooms' });
  await socket.next(({ type }) => type === 'snapshot');
  expect((await see()).poster).toBeUndefined();
  expect((await get(`/api/rooms/${made.id}/poster`)).status).toBe(404);

  engine.picture(made.playId, { jpeg: JPEG, atMs: 1_700_000_000_000 });
  const poster = `/api/rooms/${made.id}/poster?v=1700000000000`;
  const updated = await socket.next(({ event }) => event === 'room.updated');
  expect([(updated.data as Room).poster, (await see()).poster, (await listed(kaibo))[0]?.poster]).toEqual([
    poster,
    poster,
    poster,
  ]);
  const answer = await get(poster);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(JPEG);
  const { headers } = answer;
  expect([headers.get('content-type'), headers.get('cache-control')]).toEqual(['image/jpeg', 'public, max-age=10']);
  const etag = headers.get('etag') ?? '';
  expect((await get(poster, { 'if-none-match': `W/${etag}` })).status).toBe(304);

  engine.picture(made.playId, { jpeg: OTHER, atMs: 1_700_000_010_000 });
  expect((await listed(kaibo))[0]?.poster).toBe(`/api/rooms/${made.id}/poster?v=1700000010000`);
  const renewed = await get(poster, { 'if-none-match': etag });
  expect([renewed.status, Buffer.from(await renewed.arrayBuffer())]).toEqual([200, OTHER]);
  engine.finish(made.playId);
  await socket.next(({ event }) => event === 'room.ended');
  expect(socket.messages.filter(({ event }) => event === 'room.updated')).toEqual([]);
  expect([(await see()).poster, (await get(poster)).status]).toEqual([undefined, 404]);
});

test('a private room keeps its picture to those who may see it', async () => {
  const { engine, made, owner, people, see, get, call } = await startLive({ isPrivate: true });
  engine.picture(made.playId, { jpeg: JPEG, atMs: 1 });
  const path = `/api/rooms/${made.id}/poster`;
  expect([(await get(path)).status, (await get(path, people.add('other').headers)).status]).toEqual([403, 403]);
  expect((await get(`${path}?token=forged`)).status).toBe(403);
  const { poster = '' } = await see(owner.headers);
  // The address alone is enough where no header can be sent with it: `<img>`.
  const answer = await get(poster);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'private, max-age=10']);
  const { body } = await call(`${path.replace('poster', 'play-token')}`, { method: 'POST', headers: owner.headers });
  expect((await get(`${path}?token=${String(body['token'])}`)).status).toBe(200);
});

test('a preview is shown to the owner alone', async () => {
  const { engine, made, owner, see, get, call } = await startLive({ autoLive: false });
  engine.picture(made.playId, { jpeg: JPEG, atMs: 1 });
  const path = `/api/rooms/${made.id}/poster`;
  expect([(await get(path)).status, (await get(path, owner.headers)).status]).toEqual([404, 200]);
  expect((await see()).poster).toBeUndefined();
  const live = { method: 'PUT', body: { status: 'live' }, headers: owner.headers };
  expect((await call(`/api/rooms/${made.id}`, live)).body['poster']).toBe(`${path}?v=1`);
});

test('the owner sees what is found, and hears of what changes', async () => {
  const { engine, made, owner, people, see, base } = await startLive();
  const [mine, others] = await Promise.all([
    connect(base, { headers: owner.headers }),
    connect(base, { headers: people.add('other').headers }),
  ]);
  for (const socket of [mine, others]) {
    socket.send({ type: 'subscribe', channel: 'user' });
    await socket.next(({ type }) => type === 'snapshot');
  }
  const isFinding = ({ event }: Message): boolean => event?.startsWith('stream.') === true;
  engine.find(made.playId, GOP, MUTE);
  expect([await mine.next(isFinding), await mine.next(isFinding)]).toMatchObject([
    { channel: 'user', event: 'stream.finding', data: { roomId: made.id, ...GOP } },
    { event: 'stream.finding', data: { roomId: made.id, ...MUTE } },
  ]);
  expect((await see(owner.headers)).publishing?.findings).toEqual([GOP, MUTE]);
  expect((await see()).publishing).toBeUndefined();

  // What comes and goes within a moment is not told; what remains of it is.
  engine.find(made.playId, GOP);
  engine.find(made.playId, GOP, MUTE);
  engine.find(made.playId, { ...GOP, severity: 'problem' });
  expect([await mine.next(isFinding), await mine.next(isFinding)]).toMatchObject([
    { event: 'stream.finding', data: { code: GOP.code, severity: 'problem' } },
    { event: 'stream.recovered', data: { roomId: made.id, code: MUTE.code } },
  ]);

  engine.drop(made.playId);
  engine.begin(made.playId);
  engine.find(made.playId, MUTE);
  expect(await mine.next(isFinding)).toMatchObject({ event: 'stream.finding', data: { code: MUTE.code } });
  expect([...mine.messages, ...others.messages].filter(isFinding)).toEqual([]);
}, 30_000);

test('a room without an account shows what is found to whoever has its token', async () => {
  const platform = await startTest();
  const room = await platform.create();
  await platform.engine.publish(room.playId, keyOf(room));
  platform.engine.find(room.playId, GOP);
  const headers = { authorization: `Bearer ${room.ownerToken}` };
  const { body } = await platform.call(`/api/rooms/${room.id}`, { headers });
  expect(body).toMatchObject({ publishing: { findings: [GOP] } });
});

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Recording } from '../src/modules/recording/contract.ts';
import { connect, keyOf, owner, startTest, tempFolder, type OwnedRoom } from './harness.ts';
import { cookiesOf, PASSWORD, startAccounts } from './support/accounts.ts';

const FAST = { timeout: 15_000, interval: 20 };

/** One room, and what a test does with its recordings. */
async function startWithRoom(
  input: Record<string, unknown> = {},
  { dataDir = tempFolder(), ...options }: Parameters<typeof startTest>[0] = {},
) {
  const kaibo = await startTest({ ...options, dataDir });
  const room = await kaibo.create(input);
  const mine = owner(room);
  const { engine } = kaibo;
  const list = async (headers: Record<string, string> = mine): Promise<Recording[]> =>
    JSON.parse((await kaibo.call(`/api/rooms/${room.id}/recordings`, { headers })).text) as Recording[];
  const running = (): string[] => [...engine.recorder.running.keys()];
  const publish = () => engine.publish(room.playId, keyOf(room));
  const turn = (on: boolean) =>
    kaibo.call(`/api/rooms/${room.id}/recording`, { method: 'POST', body: { on }, headers: mine });
  const edit = (id: string, body: unknown) =>
    kaibo.call(`/api/recordings/${id}`, { method: 'PATCH', body, headers: mine });
  const remove = (id: string) => kaibo.call(`/api/recordings/${id}`, { method: 'DELETE', headers: mine });
  /** A broadcast that was recorded from its beginning to its end. */
  const record = async (): Promise<Recording> => {
    await publish();
    await expect.poll(() => running().length, FAST).toBe(1);
    engine.finish(room.playId);
    await expect.poll(async () => (await list())[0]?.state, FAST).toBe('ready');
    const [recording] = await list();
    if (recording === undefined) throw new Error('there is no recording');
    return recording;
  };
  const folder = join(dataDir, 'recordings');
  return { ...kaibo, dataDir, room, mine, folder, list, running, publish, turn, edit, remove, record };
}

const always = { recording: 'always' };
const published: Parameters<typeof startTest>[0] = { change: (config) => (config.recording.publish = true) };

test('a room that is always recorded is from its becoming live to its end, and people in it hear of it', async () => {
  const kaibo = await startWithRoom(always);
  const socket = await connect(kaibo.base);
  socket.send({ type: 'subscribe', channel: `room:${kaibo.room.id}` });
  await socket.next(({ type }) => type === 'snapshot');
  await kaibo.publish();
  const started = await socket.next(({ event }) => event === 'recording.started');
  const [id = ''] = kaibo.running();
  expect(started.data).toEqual({ id, roomId: kaibo.room.id });
  expect(await kaibo.list()).toMatchObject([{ id, state: 'recording', published: false, parts: [] }]);
  kaibo.engine.recorder.closeFile(id);
  await expect.poll(async () => (await kaibo.list())[0]?.durationMs, FAST).toBe(10_000);
  expect((await kaibo.call(`/replay/${id}/index.m3u8`, { headers: kaibo.mine })).body.code).toBe('recording_not_ready');
  expect((await kaibo.remove(id)).body.code).toBe('recording_active');
  // A publisher that comes back goes on with the same recording.
  kaibo.engine.drop(kaibo.room.playId);
  await kaibo.publish();
  expect(kaibo.running()).toEqual([id]);
  kaibo.engine.finish(kaibo.room.playId);
  const ready = await socket.next(({ event }) => event === 'recording.ready');
  expect(ready.data).toEqual({ id, roomId: kaibo.room.id, published: false });
  const [recording] = await kaibo.list();
  expect(recording).toMatchObject({
    state: 'ready',
    title: '测试直播间',
    durationMs: 20_000,
    replayUrl: `/replay/${id}/index.m3u8`,
    downloadUrls: [`/api/recordings/${id}/parts/1`, `/api/recordings/${id}/parts/2`],
    poster: `/api/recordings/${id}/poster`,
    parts: [
      { n: 1, startMs: 0 },
      { n: 2, startMs: 10_000 },
    ],
    timeBase: [{ mediaMs: 0 }, { mediaMs: 10_000 }],
  });
  expect(recording?.sizeBytes).toBe(recording?.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
});

test('a preview is not recorded before it is made live; by hand a broadcast is recorded as long as its owner says', async () => {
  const kaibo = await startWithRoom({ autoLive: false, recording: 'manual' });
  await kaibo.publish();
  expect((await kaibo.turn(true)).body).toEqual({ on: true });
  expect(kaibo.running()).toEqual([]);
  const live = { method: 'PUT', body: { status: 'live' }, headers: kaibo.mine };
  await expect.poll(async () => (await kaibo.call(`/api/rooms/${kaibo.room.id}`, live)).status, FAST).toBe(200);
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  const [first] = kaibo.running();
  await kaibo.turn(false);
  await expect.poll(async () => (await kaibo.list()).map(({ state }) => state), FAST).toEqual(['ready']);
  await kaibo.turn(true);
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  expect(kaibo.running()).not.toEqual([first]);
  kaibo.engine.finish(kaibo.room.playId);
  await expect.poll(async () => (await kaibo.list()).map(({ state }) => state), FAST).toEqual(['ready', 'ready']);
  expect((await kaibo.turn(true)).body.code).toBe('room_ended');
});

test('what is published is seen, played and fetched by everybody, what is not by nobody else; what is deleted by nobody', async () => {
  const kaibo = await startWithRoom(always);
  const { id, sizeBytes } = await kaibo.record();
  const paths = ['', '/poster', '/parts/1'].map((path) => `/api/recordings/${id}${path}`);
  paths.push(`/replay/${id}/index.m3u8`, `/replay/${id}/1.mp4`);
  const statuses = async (headers: Record<string, string> = {}) =>
    Promise.all(paths.map(async (path) => (await kaibo.call(path, { headers })).status));
  expect(await statuses()).toEqual([404, 404, 404, 404, 404]);
  expect(await statuses(kaibo.mine)).toEqual([200, 200, 200, 200, 200]);
  expect(JSON.parse((await kaibo.call('/api/recordings')).text)).toEqual([]);
  expect((await kaibo.edit(id, { published: true, title: '回放 "1"/..\\x' })).body).toMatchObject({ published: true });
  expect(await statuses()).toEqual([200, 200, 200, 200, 200]);
  const listed = await kaibo.call('/api/recordings');
  expect(listed.headers.get('x-total-count')).toBe('1');
  const playlist = await kaibo.call(`/replay/${id}/index.m3u8`);
  expect(playlist.headers.get('content-type')).toContain('application/vnd.apple.mpegurl');
  // Two segments of a file of 10 s with a key frame each second, cut at 4 s: 4, 4 and 2 s.
  expect(playlist.text.match(/#EXTINF:[\d.]+/g)?.map((line) => Number(line.slice(8)))).toEqual([4, 4, 2]);
  expect(playlist.text).toMatch(/#EXT-X-MAP:URI="1\.mp4",BYTERANGE="\d+@0"/);
  expect(playlist.text).toContain('#EXT-X-ENDLIST');
  const etag = playlist.headers.get('etag') ?? '';
  expect((await kaibo.call(`/replay/${id}/index.m3u8`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  const ranges = [...playlist.text.matchAll(/BYTERANGE:(\d+)@(\d+)/g)].map(
    ([, bytes, at]) => Number(bytes) + Number(at),
  );
  expect(ranges.at(-1)).toBe(sizeBytes);
  const download = await kaibo.call(`/api/recordings/${id}/parts/1`);
  expect(download.headers.get('content-disposition')).toMatch(
    /^attachment; filename="[^"\\/]+ 1\.mp4"; filename\*=UTF-8''%E5%9B%9E%E6%94%BE%20[^"\\/]+1\.mp4$/,
  );
  await kaibo.edit(id, { published: false });
  expect(await statuses()).toEqual([404, 404, 404, 404, 404]);
  expect((await kaibo.remove(id)).body).toEqual({ success: true });
  expect(await statuses(kaibo.mine)).toEqual([404, 404, 404, 404, 404]);
  await expect.poll(() => existsSync(join(kaibo.folder, id)), FAST).toBe(false);
  expect((await kaibo.remove(id)).status).toBe(404);
});

test('ranges of a file are what was asked for, or refused', async () => {
  const kaibo = await startWithRoom(always, published);
  const { id, sizeBytes } = await kaibo.record();
  const get = async (range: string, more: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(`${kaibo.base}/replay/${id}/1.mp4`, { method, headers: { range, ...more } });
    const bytes = (await answer.arrayBuffer()).byteLength;
    return [answer.status, answer.headers.get('content-range'), answer.headers.get('content-length'), bytes];
  };
  const size = String(sizeBytes);
  expect(await get('bytes=0-9')).toEqual([206, `bytes 0-9/${size}`, '10', 10]);
  expect(await get(`bytes=${sizeBytes - 5}-`)).toEqual([
    206,
    `bytes ${sizeBytes - 5}-${sizeBytes - 1}/${size}`,
    '5',
    5,
  ]);
  expect(await get('bytes=-7')).toEqual([206, `bytes ${sizeBytes - 7}-${sizeBytes - 1}/${size}`, '7', 7]);
  expect(await get('bytes=5-999999999999')).toEqual([
    206,
    `bytes 5-${sizeBytes - 1}/${size}`,
    String(sizeBytes - 5),
    sizeBytes - 5,
  ]);
  for (const range of [`bytes=${size}-`, 'bytes=-0', 'bytes=999999999999-'])
    expect((await get(range)).slice(0, 2)).toEqual([416, `bytes */${size}`]);
  // Not a range, several of them, or of another state of the file: the whole.
  for (const range of ['bytes=', 'bytes=9-5', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=a-b', 'bytes=-'])
    expect(await get(range)).toEqual([200, null, size, sizeBytes]);
  expect(await get('bytes=0-9', { 'if-range': '"other"' })).toEqual([200, null, size, sizeBytes]);
  expect(await get('bytes=0-9', {}, 'HEAD')).toEqual([206, `bytes 0-9/${size}`, '10', 0]);
  for (const path of ['0.mp4', '2.mp4', 'x.mp4', '..%2f..%2fkaibo.db', '1.mp4%00', '../1.mp4', '1.mp4/..'])
    expect((await kaibo.call(`/replay/${id}/${path}`)).status).toBeGreaterThanOrEqual(400);
});

test('the replay of a private room is for those who may see the room, with the token that they came by', async () => {
  const kaibo = await startWithRoom({ ...always, isPrivate: true }, published);
  const { id } = await kaibo.record();
  expect((await kaibo.call(`/replay/${id}/index.m3u8`)).body.code).toBe('room_private');
  expect(JSON.parse((await kaibo.call('/api/recordings')).text)).toEqual([]);
  const pass = await kaibo.call(`/api/rooms/${kaibo.room.id}/play-token`, { method: 'POST', headers: kaibo.mine });
  const token = encodeURIComponent(String(pass.body['token']));
  const { body } = await kaibo.call(`/api/recordings/${id}?token=${token}`);
  expect(body['replayUrl']).toBe(`/replay/${id}/index.m3u8?token=${token}`);
  const playlist = await kaibo.call(String(body['replayUrl']));
  expect(playlist.text).toContain(`1.mp4?token=${token}`);
  expect(playlist.headers.get('cache-control')).toContain('private');
  const file = await kaibo.call(`/replay/${id}/1.mp4?token=${token}`, { headers: { range: 'bytes=0-3' } });
  expect([file.status, file.headers.get('cache-control')]).toEqual([206, 'private, no-cache']);
  expect(kaibo.log.join('')).not.toContain(String(pass.body['token']));
});

test('a start finds what a crash left, and what no file plays of is said to have failed', async () => {
  const dataDir = tempFolder();
  const kaibo = await startWithRoom(always, { dataDir });
  await kaibo.publish();
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  const [id = ''] = kaibo.running();
  kaibo.engine.recorder.closeFile(id);
  kaibo.engine.recorder.crash();
  await kaibo.kaibo.stop();
  const again = await startTest({ dataDir, change: (config) => (config.media.graceMs = 0) });
  const state = async () => {
    const { text } = await again.call(`/api/rooms/${kaibo.room.id}/recordings`, { headers: kaibo.mine });
    return (JSON.parse(text) as Recording[]).map((recording) => [recording.id, recording.state, recording.durationMs]);
  };
  await expect.poll(state, FAST).toEqual([[id, 'ready', 10_000]]);

  const other = await again.create(always);
  const stream = other.playId;
  await again.engine.publish(stream, keyOf(other));
  await expect.poll(() => again.engine.recorder.running.size, FAST).toBe(1);
  again.engine.recorder.crash();
  again.engine.finish(stream);
  const failed = async () =>
    (await again.call(`/api/rooms/${other.id}/recordings`, { headers: owner(other) })).text.includes('"failed"');
  await expect.poll(failed, FAST).toBe(true);
});

test('what cannot be begun, or breaks off, is tried again later, in the same recording; live goes on', async () => {
  let nowMs = Date.now();
  const kaibo = await startWithRoom(always, { now: () => nowMs });
  const { recorder } = kaibo.engine;
  recorder.works = false;
  await kaibo.publish();
  await expect.poll(() => kaibo.log.join('').includes('a recording could not be begun'), FAST).toBe(true);
  recorder.works = true;
  await kaibo.turn(true);
  expect([kaibo.running(), await kaibo.list()]).toEqual([[], []]);
  nowMs += 31_000;
  await kaibo.turn(true);
  await expect.poll(() => kaibo.running().length, FAST).toBe(1);
  const [id = ''] = kaibo.running();
  // Written down, so that it is known when it breaks off.
  await expect.poll(async () => (await kaibo.list()).length, FAST).toBe(1);
  recorder.end(id, 'write_error');
  await expect.poll(() => kaibo.log.join('').includes('a recording broke off'), FAST).toBe(true);
  nowMs += 31_000;
  await kaibo.turn(true);
  await expect.poll(() => kaibo.running(), FAST).toEqual([id]);
  expect(await kaibo.list()).toMatchObject([{ id, state: 'recording' }]);
});

test('recordings are in the trail, in an export, and gone with the account', async () => {
  const dataDir = tempFolder();
  const kaibo = await startAccounts(undefined, dataDir);
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  const room = await kaibo.create({ title: 'hers', ...always }, ada.headers);
  await kaibo.engine.publish(room.playId, keyOf(room as OwnedRoom));
  await expect.poll(() => kaibo.engine.recorder.running.size, FAST).toBe(1);
  kaibo.engine.finish(room.playId);
  const hers = async () =>
    JSON.parse((await kaibo.get(`/api/recordings?userId=${ada.id}`, ada.headers)).text) as Recording[];
  await expect.poll(async () => (await hers())[0]?.state, FAST).toBe('ready');
  const id = (await hers())[0]?.id ?? '';
  expect((await hers())[0]?.owner).toMatchObject({ username: 'ada' });
  const edit = { method: 'PATCH', body: { published: true }, headers: boss.headers };
  expect((await kaibo.call(`/api/recordings/${id}`, edit)).status).toBe(200);
  const trail = await kaibo.audit(boss, `?subject=room:${room.id}`);
  expect(trail.map(({ action }) => action).filter((action) => String(action).startsWith('recording'))).toEqual([
    'recording.published',
    'recording.finished',
    'recording.started',
  ]);
  expect(trail[0]).toMatchObject({ actor: `user:${boss.id}`, details: { recording: id, as: 'admin' } });
  expect((await kaibo.get('/api/users/me/export', ada.headers)).body['recordings']).toMatchObject([{ id }]);
  const cookie = cookiesOf(await kaibo.login('ada'));
  expect((await kaibo.delete('/api/users/me', { cookie }, { password: PASSWORD })).status).toBe(200);
  expect((await kaibo.get(`/api/recordings/${id}`, boss.headers)).status).toBe(404);
  await expect.poll(() => readdirSync(join(dataDir, 'recordings')).filter((name) => name === id), FAST).toEqual([]);
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Config } from '../src/app/config.ts';
import type { StoredFile } from '../src/modules/file/contract.ts';
import type { Recording } from '../src/modules/recording/contract.ts';
import { connect, tempFolder } from './harness.ts';
import { personOf, startAccounts, type AccountsKaibo, type Headers, type Person } from './support/accounts.ts';
import { makeClip } from './support/clip.ts';
import { startPartsFront } from './support/s3-parts.ts';
import { startS3Server } from './support/s3-server.ts';
import { TusClient } from './support/tus.ts';

const SLOW = { timeout: 30_000, interval: 100 };

let clip: Buffer;

beforeAll(() => {
  clip = makeClip(4);
});

async function start(change: (config: Config) => void = () => {}) {
  const dataDir = tempFolder();
  const kaibo = await startAccounts(change, dataDir);
  const admin = await kaibo.person('admin');
  const ada = await kaibo.person('ada');
  return { kaibo, admin, ada, tus: new TusClient(kaibo.base, ada.headers), uploads: join(dataDir, 'files/uploads') };
}

const fileOf = async (kaibo: AccountsKaibo, { headers }: Person, id: string): Promise<StoredFile> =>
  (await kaibo.get(`/api/files/${id}`, headers)).body as unknown as StoredFile;

async function settled(kaibo: AccountsKaibo, person: Person, id: string): Promise<StoredFile> {
  await expect.poll(async () => (await fileOf(kaibo, person, id)).state, SLOW).toMatch(/^(?:ready|failed)$/);
  return fileOf(kaibo, person, id);
}

const quotaOf = async (kaibo: AccountsKaibo, { headers }: Person): Promise<unknown> =>
  (await kaibo.get('/api/files/quota', headers)).body['usedBytes'];

test('a video comes in pieces, becomes a replay that only its owner sees, and is published, renamed and deleted', async () => {
  const { kaibo, ada, tus, uploads } = await start();
  const bob = await kaibo.person('bob');
  const socket = await connect(kaibo.base, { headers: ada.headers });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(({ type }) => type === 'snapshot');
  const id = await tus.must(clip.length, 'My trip.mp4');
  expect(await fileOf(kaibo, ada, id)).toMatchObject({ state: 'uploading', name: 'My trip.mp4', kind: 'video' });
  expect(await quotaOf(kaibo, ada)).toBe(clip.length);
  expect((await tus.patch(id, clip.subarray(0, 5000), 0)).headers.get('upload-offset')).toBe('5000');
  // A piece of another place changes nothing.
  expect((await tus.patch(id, clip.subarray(9000), 9000)).status).toBe(409);
  expect(await tus.offset(id)).toBe(5000);
  expect((await tus.patch(id, clip.subarray(5000), 5000)).status).toBe(204);
  const ready = await settled(kaibo, ada, id);
  const changed = await socket.next(({ event, data }) => event === 'file.changed' && stateOf(data) === 'ready');
  expect(changed.data).toMatchObject({ id, recordingId: id });
  expect(ready).toMatchObject({ width: 160, height: 120, durationMs: 4000, title: 'My trip', published: false });
  expect(ready.poster).toBe(`/api/recordings/${id}/poster`);
  expect(await quotaOf(kaibo, ada)).toBe(ready.sizeBytes);
  // The original is gone, and whoever asks again is told that all of it came.
  expect(readdirSync(uploads)).toEqual([]);
  expect(Number((await tus.head(id)).headers.get('upload-offset'))).toBeGreaterThan(0);
  const replay = `/replay/${id}/index.m3u8`;
  expect((await kaibo.get(replay, bob.headers)).status).toBe(404);
  expect((await kaibo.get(replay, ada.headers)).text).toContain('#EXT-X-ENDLIST');
  expect((await kaibo.post(`/api/files/${id}/publish`, {}, bob.headers)).status).toBe(404);
  const published = await kaibo.post(`/api/files/${id}/publish`, { title: '一次旅行' }, ada.headers);
  expect(published.body).toMatchObject({ id, title: '一次旅行', published: true, userId: ada.id, durationMs: 4000 });
  expect(published.body).not.toHaveProperty('roomId');
  expect((await kaibo.get(replay)).status).toBe(200);
  expect((await kaibo.get(`/api/recordings/${id}/chat`)).body).toEqual({ messages: [] });
  const shelf = JSON.parse((await kaibo.get(`/api/recordings?userId=${ada.id}`)).text) as Recording[];
  expect(shelf.map(({ title }) => title)).toEqual(['一次旅行']);
  expect(await fileOf(kaibo, ada, id)).toMatchObject({ published: true, title: '一次旅行' });
  expect((await kaibo.delete(`/api/files/${id}`, bob.headers)).status).toBe(404);
  expect((await kaibo.delete(`/api/files/${id}`, ada.headers)).status).toBe(200);
  await expect.poll(async () => (await kaibo.get(replay)).status, SLOW).toBe(404);
  expect(await quotaOf(kaibo, ada)).toBe(0);
});

test('a video that is not published is opened by a signed address, to whoever has it, for a while', async () => {
  const { kaibo, admin, ada, tus } = await start();
  const bob = await kaibo.person('bob');
  const id = await tus.must(clip.length, 'secret.mp4');
  const address = (headers: Headers) => kaibo.get(`/api/files/${id}/url`, headers);
  expect((await address(ada.headers)).body.code).toBe('file_not_ready');
  expect((await address(bob.headers)).body.code).toBe('file_not_found');
  await tus.patch(id, clip, 0);
  const { createdAt } = await settled(kaibo, ada, id);
  expect([(await address({})).status, (await address(bob.headers)).status]).toEqual([401, 404]);
  expect((await address(admin.headers)).status).toBe(200);
  const { body, headers } = await address(ada.headers);
  expect(headers.get('cache-control')).toBe('no-store');
  const url = String(body['url']);
  // A quarter of an hour, and as long as it takes to be played.
  expect(Number(body['expiresAt'])).toBe(createdAt + 15 * 60_000 + 4000);

  const open = (path: string, more = {}) => fetch(kaibo.base + path, { headers: { 'accept-language': 'en', ...more } });
  const whole = Buffer.from(await (await open(url)).arrayBuffer());
  const part = await open(url, { range: 'bytes=4-7' });
  expect(Buffer.from(await part.arrayBuffer()).toString()).toBe('ftyp');
  expect([part.status, Object.fromEntries(part.headers)]).toMatchObject([
    206,
    {
      ...{ 'content-range': `bytes 4-7/${whole.length}`, 'content-type': 'video/mp4' },
      ...{ 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff' },
    },
  ]);
  const token = new URLSearchParams(url.split('?')[1]).get('token') ?? '';
  expect((await open(`/replay/${id}/index.m3u8?token=${token}`)).status).toBe(200);
  // It opens what is played, and tells nothing else; and nothing of another video.
  expect((await open(`/api/recordings/${id}?token=${token}`)).status).toBe(404);
  const refused = async (path: string): Promise<unknown> => {
    const answer = await open(path);
    return [answer.status, ((await answer.json()) as { error: string }).error];
  };
  const invalid = [403, expect.stringContaining('copied whole')];
  const [kind, expiry = '', mac = ''] = token.split('.');
  const later = (Number.parseInt(expiry, 36) + 3_600_000).toString(36);
  for (const bad of [`${kind}.${later}.${mac}`, `${kind}.${expiry}.${mac.slice(1)}`, `${token}.x`, `${kind}.`])
    expect(await refused(url.replace(token, bad)), bad).toEqual(invalid);
  expect(await refused(url.replace(id, '00000000-0000-4000-8000-000000000000'))).toEqual(invalid);
  kaibo.wait(15 * 60_000 + 4001);
  expect(await refused(url)).toEqual([403, expect.stringContaining('ask for a new one')]);

  const again = personOf(await kaibo.login('ada'));
  const { body: fresh } = await address(again.headers);
  expect((await open(String(fresh['url']))).status).toBe(200);
  expect((await kaibo.delete(`/api/files/${id}`, again.headers)).status).toBe(200);
  await expect.poll(async () => (await open(String(fresh['url']))).status, SLOW).toBe(404);
});

test('who deletes the replay deletes the video', async () => {
  const { kaibo, ada, tus } = await start();
  const id = await tus.must(clip.length);
  await tus.patch(id, clip, 0);
  await settled(kaibo, ada, id);
  expect((await kaibo.delete(`/api/recordings/${id}`, ada.headers)).status).toBe(200);
  await expect.poll(async () => (await kaibo.get(`/api/files/${id}`, ada.headers)).status, SLOW).toBe(404);
});

test('what cannot be taken is refused before a byte, in words', async () => {
  const { kaibo, ada, tus } = await start((config) => {
    config.files.quotaBytes = 3_000_000_000;
    config.files.uploadsPerUser = 2;
  });
  const english = { 'accept-language': 'en' };
  const refused = async (size: number | string, name?: string, more = {}): Promise<unknown[]> => {
    const { status, body } = await tus.begin(size, name, { ...english, ...more });
    return [status, body.code, body.error];
  };
  expect(await refused(5 * 1024 ** 3)).toEqual([
    413,
    'file_too_large',
    'This file is too large; at most 4 GiB are taken',
  ]);
  expect(await refused(3_500_000_000)).toEqual([409, 'quota_exceeded', expect.any(String)]);
  for (const size of ['-1', '0', '1e3', 'many', '']) expect((await refused(size))[1], size).toBe('upload_invalid');
  for (const name of ['../../etc/passwd', 'a\\b.mp4', 'x\0.mp4', '..'])
    expect(await refused(10, name), name).toEqual([400, 'file_name_invalid', expect.stringContaining('rename')]);
  expect((await refused(10, 'a.mp4', { 'tus-resumable': '0.2.2' }))[1]).toBe('upload_invalid');
  expect((await refused(10, 'a.mp4', { 'upload-metadata': 'filename a b' }))[0]).toBe(400);
  expect((await new TusClient(kaibo.base, {}).begin(10)).status).toBe(401);
  await tus.must(10, '.hidden');
  await tus.must(10, ' '.repeat(3));
  expect(await refused(10)).toEqual([409, 'too_many_uploads', expect.any(String)]);
  expect(await quotaOf(kaibo, ada)).toBe(20);
});

test('an upload is its own account’s: to others it is not there', async () => {
  const { kaibo, tus } = await start();
  const eve = new TusClient(kaibo.base, (await kaibo.person('eve')).headers);
  const id = await tus.must(100);
  expect((await eve.head(id)).status).toBe(404);
  expect((await eve.patch(id, clip.subarray(0, 100), 0)).status).toBe(404);
  expect((await eve.delete(id)).status).toBe(404);
  expect(await tus.offset(id)).toBe(0);
  expect((await tus.head('00000000-0000-4000-8000-000000000000')).status).toBe(404);
  expect((await tus.head('..%2F..%2Fetc')).status).toBe(400);
});

test('more than was said is not kept, and a piece that broke off is gone on with where it was', async () => {
  const { kaibo, ada, tus } = await start();
  const id = await tus.must(clip.length);
  expect((await tus.patch(id, Buffer.concat([clip, clip]), 0)).status).toBe(413);
  expect(await tus.offset(id)).toBe(0);
  const gone = Promise.withResolvers<void>();
  const cut = tus.cut(id, { bytes: clip.subarray(0, 20_000), length: clip.length, gone: gone.promise });
  await expect
    .poll(async () => (await kaibo.get(`/api/files/${id}`, ada.headers)).body['state'], SLOW)
    .toBe('uploading');
  // Asking for the place ends the connection that holds it, with what came of it.
  await expect.poll(() => tus.offset(id), SLOW).toBe(20_000);
  gone.resolve();
  await cut;
  expect((await tus.patch(id, clip.subarray(20_000), 20_000)).status).toBe(204);
  expect((await settled(kaibo, ada, id)).state).toBe('ready');
});

test('files that are no videos fail in words, whatever they are called, and take no room', async () => {
  const { kaibo, ada, tus } = await start();
  const playlist = '#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/secret\n#EXT-X-ENDLIST\n';
  const concat = "ffconcat version 1.0\nfile '/etc/passwd'\n";
  const bad: [string, Buffer, string][] = [
    ['list.mp4', Buffer.from(playlist), 'not_a_video'],
    ['list.mkv', Buffer.from(concat), 'not_a_video'],
    ['text.mp4', Buffer.from('This is a text.'), 'not_a_video'],
    ['page.mp4', Buffer.from('<html><script>alert(1)</script>'), 'not_a_video'],
    ['cut.mp4', clip.subarray(0, clip.length >> 1), 'video_unreadable'],
  ];
  for (const [name, bytes, problem] of bad) {
    const id = await tus.must(bytes.length, name);
    await tus.patch(id, bytes, 0);
    expect(await settled(kaibo, ada, id), name).toMatchObject({ state: 'failed', problem, sizeBytes: 0 });
  }
  expect(await quotaOf(kaibo, ada)).toBe(0);
});

test('what nobody goes on with is given up after a day, and what is cancelled at once', async () => {
  const { kaibo, tus, uploads } = await start();
  const [old, fresh, cancelled] = [await tus.must(1000), await tus.must(1000), await tus.must(1000)];
  await tus.patch(old, clip.subarray(0, 10), 0);
  /** Logins end meanwhile. */
  const later = async (hours: number): Promise<Headers> => {
    kaibo.wait(hours * 3_600_000);
    return personOf(await kaibo.login('ada')).headers;
  };
  const tus2 = new TusClient(kaibo.base, await later(20));
  expect((await tus2.patch(fresh, clip.subarray(0, 10), 0)).status).toBe(204);
  expect((await tus2.delete(cancelled)).status).toBe(204);
  const headers = await later(5);
  const left = async (): Promise<string[]> =>
    ((await kaibo.get('/api/files?kind=video', headers)).body['files'] as StoredFile[]).map(({ id }) => id);
  await expect.poll(left, SLOW).toEqual([fresh]);
  await expect.poll(() => readdirSync(uploads), SLOW).toEqual([fresh]);
  expect(await new TusClient(kaibo.base, headers).offset(fresh)).toBe(10);
});

test('with a bucket any piece goes there, and so does the replay', async () => {
  const server = await startS3Server();
  const endpoint = await startPartsFront(server.config.endpoint);
  const { kaibo, ada, tus } = await start((config) => {
    Object.assign(config.s3, { ...server.config, endpoint, redirect: false });
  });
  const webm = makeClip(2, 'webm');
  const id = await tus.must(webm.length, 'trip.webm');
  await tus.patch(id, webm.subarray(0, 4000), 0);
  expect(await tus.offset(id)).toBe(4000);
  expect((await tus.patch(id, webm.subarray(4000), 4000)).status).toBe(204);
  expect(await settled(kaibo, ada, id)).toMatchObject({ state: 'ready', durationMs: 2000, title: 'trip' });
  const cancelled = await tus.must(1000);
  await tus.patch(cancelled, webm.subarray(0, 500), 0);
  await tus.delete(cancelled);
  const kept = (): string[] => readdirSync(server.folder, { recursive: true }).map(String);
  await expect
    .poll(() => kept().filter((name) => name.includes('uploads/') && /[0-9a-f-]{36}/.test(name)), SLOW)
    .toEqual([]);
  expect(kept().some((name) => name.includes(`recordings/${id}/001.mp4`))).toBe(true);
  expect((await kaibo.get(`/replay/${id}/1.mp4`, ada.headers)).status).toBe(200);
  // Through the platform, for what reaches no bucket.
  const { body } = await kaibo.get(`/api/files/${id}/url`, ada.headers);
  await expect
    .poll(async () => (await fetch(kaibo.base + String(body['url']), { redirect: 'manual' })).status)
    .toBe(200);
}, 90_000);

const stateOf = (data: unknown): unknown =>
  typeof data === 'object' && data !== null && 'state' in data ? data.state : undefined;

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Config } from '../src/app/config.ts';
import { tempFolder } from './harness.ts';
import { PASSWORD, startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { readEvents } from './support/event-source.ts';
import { keepPicture, sendPicture } from './support/file-people.ts';
import { jpegOf } from './support/picture-corpus.ts';
import { startS3Server } from './support/s3-server.ts';

/** Decoders are processes, and many tests share few cores. */
const SLOW = { timeout: 120_000 };
const SOON = { timeout: 20_000, interval: 50 };

async function start(change: (config: Config) => void = () => {}) {
  const folder = tempFolder();
  const kaibo = await startAccounts(change, folder);
  const boss = await kaibo.person('boss');
  const ada = await kaibo.person('ada');
  return { kaibo, boss, ada, kept: () => keptIn(join(folder, 'files')) };
}

/** Names of the pictures in a folder. */
function keptIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  return names.filter((name) => name.includes('.webp')).toSorted();
}

async function meOf(kaibo: AccountsKaibo, { headers }: Person): Promise<Record<string, unknown>> {
  return (await kaibo.get('/api/users/me', headers)).body;
}

test('a picture is kept in its sizes, shown to everybody for good, and deleted for good', SLOW, async () => {
  const { kaibo, boss, ada, kept } = await start();
  const reader = await readEvents(`${kaibo.base}/api/events?channels=user`, ada.headers);
  const file = await keepPicture(kaibo, await jpegOf(), { headers: ada.headers, name: '我.jpg' });
  expect(file).toMatchObject({
    ...{ kind: 'image', purpose: 'avatar', name: '我.jpg', state: 'ready', width: 512, height: 512 },
    ...{ url: `/files/${file.id}.webp`, sizeBytes: expect.any(Number), createdAt: expect.any(Number) },
  });
  expect((await kaibo.get(`/api/files/${file.id}`, ada.headers)).body).toEqual(file);
  expect((await kaibo.get('/api/files?kind=image', ada.headers)).body).toEqual({ files: [file], total: 1 });
  expect((await kaibo.get('/api/files/quota', ada.headers)).body).toMatchObject({ usedBytes: file.sizeBytes });
  expect(kept()).toHaveLength(4);

  await kaibo.put('/api/users/me', { avatar: `${file.url}?w=64` }, ada.headers);
  expect(await meOf(kaibo, ada)).toMatchObject({ avatar: file.url });
  const others = { headers: boss.headers };
  expect(await kaibo.call(`/api/files/${file.id}`, others)).toMatchObject({
    status: 404,
    body: { code: 'file_not_found' },
  });
  expect(await kaibo.call(`/api/files/${file.id}`, { ...others, method: 'DELETE' })).toMatchObject({ status: 404 });
  expect((await kaibo.get('/api/files', boss.headers)).body).toEqual({ files: [], total: 0 });

  expect((await kaibo.delete(`/api/files/${file.id}`, ada.headers)).status).toBe(200);
  expect(await meOf(kaibo, ada)).not.toHaveProperty('avatar');
  expect((await kaibo.get(`/api/files/${file.id}`, ada.headers)).status).toBe(404);
  await expect.poll(kept, SOON).toEqual([]);
  await expect.poll(async () => (await fetch(kaibo.base + file.url)).status, SOON).toBe(404);
  await expect
    .poll(() => reader.events.flatMap(({ message }) => (message.event === 'file.changed' ? [message.data] : [])), SOON)
    .toMatchObject([
      { id: file.id, state: 'ready' },
      { id: file.id, deleted: true },
    ]);
});

test('a picture is sent as browsers and caches like it', SLOW, async () => {
  const { kaibo, ada } = await start();
  const { url } = await keepPicture(kaibo, await jpegOf(), { headers: ada.headers, purpose: 'cover' });
  const get = (path: string, headers = {}, method = 'GET') => fetch(kaibo.base + path, { method, headers });
  const whole = await get(url);
  const bytes = Buffer.from(await whole.arrayBuffer());
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'image/webp',
    'content-length': String(bytes.length),
    'cache-control': 'public, max-age=31536000, immutable',
    'content-security-policy': "default-src 'none'; sandbox",
    'content-disposition': 'inline',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'accept-ranges': 'bytes',
  });
  const small = Buffer.from(await (await get(`${url}?w=320`)).arrayBuffer());
  expect(small.length).toBeLessThan(bytes.length);

  const etag = whole.headers.get('etag') ?? '';
  expect((await get(url, { 'if-none-match': `"other", W/${etag}` })).status).toBe(304);
  expect((await get(`${url}?w=320`, { 'if-none-match': etag })).status).toBe(200);
  const head = await get(url, {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, `${bytes.length}`, '']);

  const part = await get(url, { range: 'bytes=2-5', 'if-range': etag });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 2-5/${bytes.length}`]);
  expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(2, 6));
  expect((await get(url, { range: 'bytes=2-5', 'if-range': '"old"' })).status).toBe(200);
  const beyond = await get(url, { range: `bytes=${bytes.length}-` });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);

  // A width that is not made, a file that is not there, and paths that would lead elsewhere.
  for (const path of [`${url}?w=64`, '/files/00000000-0000-0000-0000-000000000000.webp'])
    expect(await (await get(path)).json()).toMatchObject({ code: 'file_not_found' });
  for (const path of [`${url}?w=65`, `${url}?w=x`, '/files/..%2f..%2fkaibo.db', '/files/x.webp', '/files/%00.webp'])
    expect([path, (await get(path)).status]).toEqual([path, 400]);
});

test('pictures stay within what an account may keep, however many come at once', SLOW, async () => {
  const { kaibo, ada } = await start((config) => {
    config.files.quotaBytes = 100_000;
    config.files.imagesPerUser = 5;
  });
  const bytes = Buffer.concat([await jpegOf(), Buffer.alloc(20_000)]);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => sendPicture(kaibo, bytes, { headers: ada.headers })),
  );
  const codes = answers.map(({ status, body }) => (status === 201 ? 'kept' : String(body.code)));
  expect(new Set(codes)).toEqual(new Set(['kept', ...codes.filter((code) => code !== 'kept')]));
  const kept = codes.filter((code) => code === 'kept').length;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThanOrEqual(5);
  expect((await kaibo.get('/api/files', ada.headers)).body).toMatchObject({ total: kept });
  // What was reserved for those that were refused is free again.
  const { body } = await kaibo.get('/api/files/quota', ada.headers);
  const sizes = answers.map((answer) => (answer.status === 201 ? Number(answer.body['sizeBytes']) : 0));
  expect(body).toEqual({ usedBytes: sizes.reduce((sum, size) => sum + size, 0), limitBytes: 100_000 });

  for (let n = kept; n < 5; n++) await keepPicture(kaibo, bytes, { headers: ada.headers });
  expect(await sendPicture(kaibo, bytes, { headers: ada.headers })).toMatchObject({
    status: 409,
    body: { code: 'too_many_files' },
  });
});

test('where the disk is full a picture is refused, and nothing of it stays', SLOW, async () => {
  const { kaibo, ada, kept } = await start((config) => (config.files.minFreeBytes = Number.MAX_SAFE_INTEGER));
  const answer = await sendPicture(kaibo, await jpegOf(), { headers: ada.headers });
  expect(answer).toMatchObject({ status: 507, body: { code: 'disk_full', error: expect.stringContaining('disk') } });
  expect(kept()).toEqual([]);
  expect((await kaibo.get('/api/files', ada.headers)).body).toEqual({ files: [], total: 0 });
});

test('administrators see everybody’s files, and what they delete is written down', SLOW, async () => {
  const { kaibo, boss, ada } = await start();
  const headers = { headers: ada.headers };
  const avatar = await keepPicture(kaibo, await jpegOf(), { ...headers, name: 'Face.png' });
  kaibo.wait(1);
  await keepPicture(kaibo, await jpegOf(), { headers: boss.headers, purpose: 'cover', name: 'sky' });
  await kaibo.put('/api/users/me', { avatar: avatar.url }, ada.headers);
  const list = async (query: string) => (await kaibo.get(`/api/admin/files${query}`, boss.headers)).body;
  expect(await list('')).toMatchObject({ total: 2, files: [{ name: 'sky' }, { name: 'Face.png' }] });
  expect(await list('?q=FACE')).toMatchObject({
    total: 1,
    usedBytes: avatar.sizeBytes,
    files: [{ id: avatar.id, owner: { id: ada.id, username: 'ada' } }],
  });
  expect(await list(`?userId=${boss.id}&kind=video`)).toMatchObject({ total: 0, files: [], usedBytes: 0 });

  for (const call of [
    kaibo.get('/api/admin/files', ada.headers),
    kaibo.delete(`/api/admin/files/${avatar.id}`, ada.headers),
  ])
    expect((await call).status).toBe(403);
  expect((await kaibo.delete(`/api/admin/files/${avatar.id}`, boss.headers)).status).toBe(200);
  expect((await kaibo.delete(`/api/admin/files/${avatar.id}`, boss.headers)).status).toBe(404);
  expect(await meOf(kaibo, ada)).not.toHaveProperty('avatar');
  expect(await kaibo.audit(boss, `?subject=file:${avatar.id}`)).toMatchObject([
    { actor: `user:${boss.id}`, action: 'file.deleted', details: { name: 'Face.png', owner: ada.id } },
  ]);
});

test('files are in the export of an account, and go with it', SLOW, async () => {
  const { kaibo, ada, kept } = await start();
  const { id, url } = await keepPicture(kaibo, await jpegOf(), { headers: ada.headers });
  expect((await kaibo.get('/api/users/me/export', ada.headers)).body).toMatchObject({ files: [{ id, url }] });
  expect((await kaibo.delete('/api/users/me', ada.headers, { password: PASSWORD })).status).toBe(200);
  await expect.poll(kept, SOON).toEqual([]);
});

test('nobody without an account, and no key without the right, brings pictures', SLOW, async () => {
  const { kaibo, ada } = await start();
  const bytes = await jpegOf();
  expect(await sendPicture(kaibo, bytes, { headers: {} })).toMatchObject({ status: 401 });
  const { body } = await kaibo.post('/api/auth/keys', { name: 'k', scopes: ['rooms:read'] }, ada.headers);
  const key = { authorization: `Bearer ${String(body['key'])}` };
  expect(await sendPicture(kaibo, bytes, { headers: key })).toMatchObject({ status: 403, body: { code: 'key_scope' } });
  // Another site's page, with the cookie of whoever looks at it.
  const cookie = { cookie: `kaibo_access=${ada.token}`, origin: 'http://evil.example' };
  expect((await sendPicture(kaibo, bytes, { headers: cookie })).status).toBeGreaterThanOrEqual(401);
});

test('in a bucket pictures are kept and shown as on a disk', SLOW, async () => {
  const s3 = await startS3Server();
  const { kaibo, ada, kept } = await start((config) => Object.assign(config.s3, s3.config));
  const file = await keepPicture(kaibo, await jpegOf(), { headers: ada.headers });
  expect(kept()).toEqual([]);
  const inBucket = () =>
    keptIn(s3.folder).filter((name) => name.includes(`files/images/${file.id.slice(0, 2)}/${file.id}`));
  expect(inBucket().length).toBeGreaterThanOrEqual(4);
  // From here, so that a page loads nothing from another origin.
  const shown = await fetch(`${kaibo.base}${file.url}?w=64`, { redirect: 'manual' });
  expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/webp']);
  await kaibo.delete(`/api/files/${file.id}`, ada.headers);
  await expect.poll(inBucket, SOON).toEqual([]);
  await expect.poll(async () => (await fetch(`${kaibo.base}${file.url}?w=128`)).status, SOON).toBe(404);
});

test('where the bucket does not answer, a picture is refused for now', SLOW, async () => {
  const { kaibo, ada } = await start((config) =>
    Object.assign(config.s3, { endpoint: 'http://127.0.0.1:9', bucket: 'b', accessKeyId: 'x', secretAccessKey: 'y' }),
  );
  expect(await sendPicture(kaibo, await jpegOf(), { headers: ada.headers })).toMatchObject({
    status: 503,
    body: { code: 'file_storage_unavailable' },
  });
  expect((await kaibo.get('/api/files', ada.headers)).body).toEqual({ files: [], total: 0 });
});

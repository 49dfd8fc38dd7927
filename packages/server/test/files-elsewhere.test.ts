import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { createLogger } from '../src/app/logger.ts';
import { startTest, tempFolder } from './harness.ts';
import { startAccounts } from './support/accounts.ts';
import { keepPicture } from './support/file-people.ts';
import { jpegOf } from './support/picture-corpus.ts';
import { startPictureSite } from './support/picture-site.ts';

/** Decoders are processes, and many tests share few cores. */
const SLOW = { timeout: 120_000 };
const OURS = /^\/files\/[0-9a-f-]{36}\.webp$/;

/** A site with a picture, and with what only looks like one. */
async function site() {
  const picture = await jpegOf();
  const pages: Record<string, RequestListener> = {
    '/me.jpg': (_request, response) => response.end(picture),
    '/moved': (_request, response) => response.writeHead(302, { location: '/me.jpg' }).end(),
    '/inside': (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    '/round': (_request, response) => response.writeHead(302, { location: '/round' }).end(),
    '/page': (_request, response) => response.writeHead(200, { 'content-type': 'image/png' }).end('<script>'),
    '/large': (_request, response) => response.end(Buffer.alloc(200_000)),
    '/broken': (_request, response) =>
      response.writeHead(200, { 'content-length': '9999' }).write('x', () => response.destroy()),
  };
  return startPictureSite((request, response) =>
    (pages[request.url ?? ''] ?? ((_request, answer) => answer.writeHead(404).end()))(request, response),
  );
}

test('a picture of another site is copied once, and shown from here', SLOW, async () => {
  const { url, asked } = await site();
  const kaibo = await startAccounts((config) => {
    config.files.allowPrivate = ['127.0.0.1'];
    config.files.imageMaxBytes = 100_000;
  });
  const { headers } = await kaibo.person('ada');
  const setAvatar = (avatar: string) => kaibo.put('/api/users/me', { avatar }, headers);
  const { body } = await setAvatar(`${url}/moved`);
  expect(body['avatar']).toMatch(OURS);
  expect(asked).toEqual(['/moved', '/me.jpg']);
  expect((await fetch(kaibo.base + String(body['avatar']))).headers.get('content-type')).toBe('image/webp');
  expect((await kaibo.get('/api/files', headers)).body).toMatchObject({
    total: 1,
    files: [{ purpose: 'avatar', name: 'moved' }],
  });

  for (const [path, status, code] of [
    ['/inside', 422, 'picture_unreachable'],
    ['/round', 422, 'picture_unreachable'],
    ['/none', 422, 'picture_unreachable'],
    ['/broken', 422, 'picture_unreachable'],
    ['/page', 415, 'not_an_image'],
    ['/large', 413, 'file_too_large'],
  ])
    expect([path, await setAvatar(url + path)]).toMatchObject([path, { status, body: { code } }]);
  // Nothing of those was kept, and nothing was changed.
  expect((await kaibo.get('/api/users/me', headers)).body['avatar']).toBe(body['avatar']);
  expect((await kaibo.get('/api/files', headers)).body).toMatchObject({ total: 1 });

  const room = await kaibo.create({ title: 'x', cover: `${url}/me.jpg` }, headers);
  expect(room.cover).toMatch(OURS);
  const change = (cover: unknown) => kaibo.put(`/api/rooms/${room.id}`, { cover }, headers);
  expect((await change(`${url}/page`)).status).toBe(415);
  expect((await change(body['avatar'])).body.code).toBe('unknown_picture');
  expect((await change(null)).body).not.toHaveProperty('cover');
  expect((await change(room.cover)).body).toMatchObject({ cover: room.cover });
});

test('an address inside the network is not asked, and a path is a picture that is here', SLOW, async () => {
  const { url, asked } = await site();
  const { call, create } = await startTest();
  const room = await create();
  const setCover = (cover: string) =>
    call(`/api/rooms/${room.id}`, { method: 'PUT', body: { cover }, headers: { 'x-owner-token': room.ownerToken } });
  // A room that no account owns shows what others have kept.
  for (const cover of [
    `${url}/me.jpg`,
    '/pictures/x.png',
    '/files/00000000-0000-4000-8000-000000000000.webp',
    '/files/../x',
  ])
    expect(await setCover(cover)).toMatchObject({ status: 422, body: { code: 'unknown_picture' } });
  const kaibo = await startAccounts();
  const { headers } = await kaibo.person('ada');
  for (const avatar of [`${url}/me.jpg`, 'http://169.254.169.254/', 'http://[::1]/x', 'http://0x7f.1/x'])
    expect(await kaibo.put('/api/users/me', { avatar }, headers)).toMatchObject({
      body: { code: 'picture_unreachable' },
    });
  expect(asked).toEqual([]);
});

test('pictures of other sites that were shown before are copied at the start', SLOW, async () => {
  const { url } = await site();
  const dataDir = tempFolder();
  const before = await startAccounts(() => {}, dataDir);
  const [ada, ben, cleo] = [await before.person('ada'), await before.person('ben'), await before.person('cleo')];
  const rooms = [
    await before.create({ title: 'one' }, ada.headers),
    await before.create({ title: 'two' }, ada.headers),
  ];
  const chosen = await keepPicture(before, await jpegOf(), { headers: cleo.headers });
  await before.put('/api/users/me', { avatar: chosen.url }, cleo.headers);
  await before.kaibo.stop();
  const { logger } = createLogger({ level: 'silent', format: 'json' }, { write: () => {} });
  const { database, close } = await openDatabase({
    folder: dataDir,
    poolSize: 1,
    statementTimeoutMs: 10_000,
    logger,
  });
  const was = (purpose: 'avatar' | 'cover', subject_id: string, user_id: string, path: string) => ({
    purpose,
    subject_id,
    user_id,
    url: url + path,
    tries: 0,
  });
  await database
    .insertInto('picture_imports')
    .values([
      was('avatar', ada.id, ada.id, '/me.jpg'),
      was('avatar', ben.id, ben.id, '/page'),
      was('avatar', cleo.id, cleo.id, '/me.jpg'),
      ...rooms.map(({ id }) => was('cover', id, ada.id, '/me.jpg')),
    ])
    .execute();
  await close();

  const kaibo = await startAccounts((config) => (config.files.allowPrivate = ['127.0.0.1']), dataDir);
  const avatarOf = async ({ username }: { username: string }) =>
    (await kaibo.get(`/api/users/${username}`)).body['avatar'];
  const coverOf = async (id: string) => (await kaibo.room(id)).cover;
  await expect.poll(() => coverOf(rooms[1]?.id ?? ''), { timeout: 30_000 }).toMatch(OURS);
  expect(await coverOf(rooms[0]?.id ?? '')).toBe(await coverOf(rooms[1]?.id ?? ''));
  await expect.poll(() => avatarOf(ada), { timeout: 30_000 }).toMatch(OURS);
  expect(await avatarOf(ben)).toBeUndefined();
  // She has chosen another one since.
  expect(await avatarOf(cleo)).toBe(chosen.url);
});

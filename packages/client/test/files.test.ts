import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient, pictureOf } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

async function platform(listener: RequestListener): Promise<KaiboClient> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new KaiboClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

test('a picture is sent as its bytes, and the other calls go where files are', async () => {
  const seen: unknown[] = [];
  const { files } = await platform(async (request, response) => {
    seen.push([request.method, request.url, request.headers['content-type'], await text(request)]);
    response.end('{}');
  });
  await files.uploadImage(new Blob(['bytes'], { type: 'image/png' }), { purpose: 'avatar', name: '我.png' });
  await files.uploadImage(new TextEncoder().encode('more'), { purpose: 'cover' });
  await files.list({ kind: 'video', page: 2 });
  await files.quota();
  await files.get('a/b');
  await files.remove('a/b');
  await files.publish('a/b', { title: '片' });
  await files.listAll({ q: 'x', userId: 'u' });
  await files.removeAny('a/b');
  expect(seen).toEqual([
    ['POST', '/api/files/images?purpose=avatar&name=%E6%88%91.png', 'image/png', 'bytes'],
    ['POST', '/api/files/images?purpose=cover', 'application/octet-stream', 'more'],
    ['GET', '/api/files?kind=video&page=2', undefined, ''],
    ['GET', '/api/files/quota', undefined, ''],
    ['GET', '/api/files/a%2Fb', undefined, ''],
    ['DELETE', '/api/files/a%2Fb', undefined, ''],
    ['POST', '/api/files/a%2Fb/publish', 'application/json', '{"title":"片"}'],
    ['GET', '/api/admin/files?q=x&userId=u', undefined, ''],
    ['DELETE', '/api/admin/files/a%2Fb', undefined, ''],
  ]);
});

test('the smaller picture is asked for where there is one', () => {
  expect(pictureOf('/files/0a-1.webp', 64)).toBe('/files/0a-1.webp?w=64');
  for (const other of ['/files/0a-1.webp?w=64', 'https://elsewhere/files/x.webp', '/x.png'])
    expect(pictureOf(other, 64)).toBe(other);
});

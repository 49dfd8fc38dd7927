import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient, KaiboError } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

async function platform(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const hasBody = ({ headers }: IncomingMessage): boolean => headers['content-type'] !== undefined;

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString());
}

test('an unchanged list is asked for with its ETag and answered from memory', async () => {
  const asked: (string | undefined)[] = [];
  const baseUrl = await platform((request, response) => {
    asked.push(request.headers['if-none-match']);
    if (asked.length > 1) return response.writeHead(304).end();
    response.writeHead(200, { etag: '"v1"', 'x-total-count': '7' }).end(JSON.stringify([{ id: 'a' }]));
  });
  const client = new KaiboClient({ baseUrl });
  const first = await client.rooms.list({ status: 'live' });
  const second = await client.rooms.list({ status: 'live' });
  expect(asked).toEqual([undefined, '"v1"']);
  expect(first).toEqual({ rooms: [{ id: 'a' }], total: 7, notModified: false });
  expect(second).toEqual({ ...first, notModified: true });
});

test('a refusal carries code, status and the sentence', async () => {
  let language: string | undefined;
  const baseUrl = await platform((request, response) => {
    language = request.headers['accept-language'];
    response.writeHead(404).end(JSON.stringify({ error: '房间不存在', code: 'room_not_found', requestId: 'r1' }));
  });
  const client = new KaiboClient({ baseUrl, acceptLanguage: () => 'zh-CN' });
  const error = await client.rooms.get('nope').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(KaiboError);
  expect(error).toMatchObject({ code: 'room_not_found', status: 404, message: '房间不存在', requestId: 'r1' });
  expect(language).toBe('zh-CN');
});

test('an answer that is not JSON, and no answer at all, are typed too', async () => {
  const baseUrl = await platform((_, response) => response.writeHead(502).end('<html>bad gateway'));
  await expect(new KaiboClient({ baseUrl }).rooms.get('x')).rejects.toMatchObject({ code: 'http_502', status: 502 });
  const deaf = new KaiboClient({ baseUrl: 'http://127.0.0.1:9' });
  await expect(deaf.rooms.get('x')).rejects.toMatchObject({ code: 'network', status: 0 });
});

test('owner calls carry the token, ids are escaped', async () => {
  let seen: unknown;
  const baseUrl = await platform(async (request, response) => {
    seen = [request.method, request.url, request.headers['x-owner-token'], await bodyOf(request)];
    response.end('{}');
  });
  await new KaiboClient({ baseUrl }).rooms.update('a/b', { status: 'ended' }, { ownerToken: 'secret' });
  expect(seen).toEqual(['PUT', '/api/rooms/a%2Fb', 'secret', { status: 'ended' }]);
});

test('targets of a room are listed, added, changed and removed', async () => {
  const seen: unknown[] = [];
  const baseUrl = await platform(async (request, response) => {
    seen.push([
      request.method,
      request.url,
      request.headers['x-owner-token'],
      hasBody(request) && (await bodyOf(request)),
    ]);
    response.end('{}');
  });
  const { rooms } = new KaiboClient({ baseUrl });
  const options = { ownerToken: 'secret' };
  await rooms.relays('a', options);
  await rooms.addRelay('a', { url: 'rtmp://host/app/key' }, options);
  await rooms.updateRelay('a', 'b/c', { enabled: false }, options);
  await rooms.removeRelay('a', 'b/c', options);
  expect(seen).toMatchObject([
    ['GET', '/api/rooms/a/relays', 'secret', false],
    ['POST', '/api/rooms/a/relays', 'secret', { url: 'rtmp://host/app/key' }],
    ['PATCH', '/api/rooms/a/relays/b%2Fc', 'secret', { enabled: false }],
    ['DELETE', '/api/rooms/a/relays/b%2Fc', 'secret', false],
  ]);
});

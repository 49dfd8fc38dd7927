import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { KaiboClient } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => server?.close());

async function platform(listener: RequestListener): Promise<KaiboClient> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return new KaiboClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

test('lists tell how many there are over all pages', async () => {
  const asked: (string | undefined)[] = [];
  const { recordings } = await platform((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { 'x-total-count': '31' }).end(JSON.stringify([{ id: 'r' }]));
  });
  expect(await recordings.list({ userId: 'u/1', page: 2 })).toEqual({ recordings: [{ id: 'r' }], total: 31 });
  expect(await recordings.ofRoom('a/b', { playToken: 't', pageSize: 5 })).toMatchObject({ total: 31 });
  expect(asked).toEqual(['/api/recordings?userId=u%2F1&page=2', '/api/rooms/a%2Fb/recordings?pageSize=5&token=t']);
});

test('a recording is read, renamed, published and deleted by its owner', async () => {
  const seen: unknown[] = [];
  const { recordings } = await platform(async (request, response) => {
    const body = request.headers['content-type'] ? await json(request) : null;
    seen.push([request.method, request.url, request.headers['x-owner-token'], body]);
    response.end('{}');
  });
  const options = { ownerToken: 'secret' };
  await recordings.get('r/1', { ...options, playToken: 't' });
  await recordings.update('r/1', { title: '回放', published: true }, options);
  await recordings.remove('r/1', options);
  expect(seen).toEqual([
    ['GET', '/api/recordings/r%2F1?token=t', 'secret', null],
    ['PATCH', '/api/recordings/r%2F1', 'secret', { title: '回放', published: true }],
    ['DELETE', '/api/recordings/r%2F1', 'secret', null],
  ]);
});

test('recording is switched on and off by room, and refused in words', async () => {
  const seen: unknown[] = [];
  const { recordings } = await platform(async (request, response) => {
    const body = (await json(request)) as { on: boolean };
    seen.push([request.method, request.url, request.headers['x-owner-token']]);
    if (body.on) return response.end('{"on":true}');
    return response.writeHead(409).end('{"error":"off","code":"recording_off"}');
  });
  expect(await recordings.start('a', { ownerToken: 'secret' })).toEqual({ on: true });
  await expect(recordings.stop('a', { ownerToken: 'secret' })).rejects.toMatchObject({ code: 'recording_off' });
  expect(seen).toEqual(Array.from({ length: 2 }, () => ['POST', '/api/rooms/a/recording', 'secret']));
});

test('administrators are told how full it is', async () => {
  const { recordings } = await platform((request, response) => {
    expect(request.url).toBe('/api/admin/storage');
    response.end(JSON.stringify({ usedBytes: 7, forecast: { bytesPerDay: 1, daysUntilFull: null } }));
  });
  expect(await recordings.storage()).toMatchObject({ usedBytes: 7, forecast: { daysUntilFull: null } });
});

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

test('a gift goes by its key, and one without gets one of its own', async () => {
  const keys: unknown[] = [];
  const { gifts } = await platform(async (request, response) => {
    keys.push(request.headers['idempotency-key']);
    response.end(JSON.stringify([request.method, request.url, await json(request)]));
  });
  const input = { giftId: 'rose', count: 3, price: 5 };
  expect(await gifts.send('a/b', input, { key: 'press-0001', token: 't' })).toEqual([
    ...['POST', '/api/rooms/a%2Fb/gifts', { ...input, token: 't' }],
  ]);
  await gifts.send('a/b', input);
  await gifts.send('a/b', input);
  expect(keys[0]).toBe('press-0001');
  expect(new Set(keys).size).toBe(3);
  for (const key of keys) expect(key).toMatch(/^[\w-]{8,100}$/);
});

test('orders come by the page and are refunded', async () => {
  const asked: unknown[] = [];
  const { gifts } = await platform(async (request, response) => {
    asked.push([request.method, request.url, request.headers['content-type'] ? await json(request) : null]);
    response.writeHead(200, { 'x-total-count': '7' }).end('[]');
  });
  expect(await gifts.orders({ userId: 'u', page: 2 })).toEqual({ orders: [], total: 7 });
  await gifts.refund('o/1', 'by mistake');
  expect(asked).toEqual([
    ['GET', '/api/admin/gifts/orders?userId=u&page=2', null],
    ['POST', '/api/admin/gifts/orders/o%2F1/refund', { note: 'by mistake' }],
  ]);
});

test('an overlay page asks by its own token, and hears nothing twice', async () => {
  const { overlays } = await platform((request, response) => {
    const isKnown = request.headers['if-none-match'] === 'W/"1"';
    if (request.headers.authorization !== 'Bearer kov_x') return response.writeHead(401).end('{}');
    if (isKnown) return response.writeHead(304).end();
    return response.writeHead(200, { etag: 'W/"1"' }).end('{"room":null}');
  });
  const first = await overlays.show('kov_x');
  expect(first).toEqual({ overlay: { room: null }, etag: 'W/"1"' });
  expect(await overlays.show('kov_x', { etag: first?.etag })).toBeUndefined();
  await expect(overlays.show('kov_y')).rejects.toMatchObject({ status: 401 });
});

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, test, vi } from 'vitest';
import { KaiboClient } from '../src/index.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  vi.unstubAllGlobals();
});

interface Asked {
  call: string;
  key: unknown;
  body: unknown;
}

/** A platform that answers everything with what it was asked, in the order of `asked`. */
async function startPlatform(): Promise<{ client: KaiboClient; asked: Asked[] }> {
  const asked: Asked[] = [];
  server = createServer(async (request, response) => {
    const body = request.headers['content-type'] === undefined ? undefined : await json(request);
    asked.push({ call: `${request.method} ${request.url}`, key: request.headers['idempotency-key'], body });
    response.writeHead(200, { 'x-total-count': '7' }).end('[]');
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { client: new KaiboClient({ baseUrl: `http://127.0.0.1:${port}` }), asked };
}

test('whatever moves coins has a key: the caller’s, or one of its own', async () => {
  // What a browser leaves of it on a page that came by plain HTTP.
  const { getRandomValues } = globalThis.crypto;
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(globalThis.crypto) });
  const { client, asked } = await startPlatform();
  const { wallet, gifts } = client;
  await wallet.redeem('AAAA-BBBB', { key: 'press-0001' });
  await wallet.order({ packageId: 'small' });
  await wallet.credit('a/b', { amount: 5, note: 'hello' });
  await wallet.debit('a/b', { amount: 5 });
  await wallet.payOut('a/b', { amount: 5, reference: 'SEPA 1' });
  await wallet.makeCodes({ amount: 5, count: 2 });
  await gifts.send('room', { giftId: 'rose' });
  expect(asked.map(({ call, body }) => [call, body])).toEqual([
    ['POST /api/wallet/redeem', { code: 'AAAA-BBBB' }],
    ['POST /api/payments', { packageId: 'small' }],
    ['POST /api/admin/wallets/a%2Fb/credit', { amount: 5, note: 'hello' }],
    ['POST /api/admin/wallets/a%2Fb/debit', { amount: 5 }],
    ['POST /api/admin/wallets/a%2Fb/payout', { amount: 5, reference: 'SEPA 1' }],
    ['POST /api/admin/codes', { amount: 5, count: 2 }],
    ['POST /api/rooms/room/gifts', { giftId: 'rose' }],
  ]);
  expect(asked[0]?.key).toBe('press-0001');
  for (const { key } of asked) expect(key).toMatch(/^[\w-]{8,100}$/);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(asked.length);
});

test('what is looked at has its filters, and a page says how many lines there are', async () => {
  const { client, asked } = await startPlatform();
  const { wallet } = client;
  expect(await wallet.statement({ account: 'revenue', kind: 'gift', page: 2, pageSize: 5 })).toEqual({
    ...{ lines: [], total: 7 },
  });
  expect(await wallet.statementOf('a/b', { from: 1, to: 2 })).toMatchObject({ total: 7 });
  expect(await wallet.statementCsv({ kind: 'gift' })).toBe('[]');
  await wallet.revokeCodes('b/1');
  expect(asked.map(({ call }) => call)).toEqual([
    'GET /api/wallet/statement?account=revenue&kind=gift&page=2&pageSize=5',
    'GET /api/admin/wallets/a%2Fb/statement?from=1&to=2',
    'GET /api/wallet/statement.csv?kind=gift',
    'DELETE /api/admin/codes/b%2F1',
  ]);
});

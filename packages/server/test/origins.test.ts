import { expect, test } from 'vitest';
import { connect, startTest } from './harness.ts';

const FRIEND = 'https://friend.example';

/** Who asks, by what a browser says of it, and whether they may connect and read. */
const CASES: { name: string; headers: Record<string, string>; connects: boolean; reads: boolean }[] = [
  { name: 'no browser', headers: {}, connects: true, reads: false },
  { name: 'a listed origin', headers: { origin: FRIEND, 'sec-fetch-site': 'cross-site' }, connects: true, reads: true },
  { name: 'a listed origin of an old browser', headers: { origin: FRIEND }, connects: true, reads: true },
  { name: 'another origin', headers: { origin: 'https://evil.example' }, connects: false, reads: false },
  { name: 'null', headers: { origin: 'null' }, connects: false, reads: false },
  {
    name: 'a sub-domain of a listed one',
    headers: { origin: 'https://x.friend.example' },
    connects: false,
    reads: false,
  },
  { name: 'a name that begins like one', headers: { origin: `${FRIEND}.evil.example` }, connects: false, reads: false },
  { name: 'another port', headers: { origin: `${FRIEND}:8443` }, connects: false, reads: false },
  { name: 'another scheme', headers: { origin: 'http://friend.example' }, connects: false, reads: false },
  { name: 'our host on another port', headers: { origin: 'http://localhost:1' }, connects: false, reads: false },
];

test.each(CASES)('$name: sockets $connects, CORS $reads', async ({ headers, connects, reads }) => {
  const { base, call } = await startTest({ change: (config) => void config.cors.origins.push(FRIEND) });
  for (const path of ['/ws', '/signaling']) {
    const opened = connect(base, { headers }, path);
    if (connects) await expect(opened, path).resolves.toBeDefined();
    else await expect(opened, path).rejects.toThrow('403');
  }
  const list = await call('/api/rooms', { headers });
  expect(list.status).toBe(200);
  expect(list.headers.get('access-control-allow-origin')).toBe(reads ? FRIEND : null);
  expect(list.headers.get('access-control-allow-credentials')).toBeNull();
  const controller = new AbortController();
  const stream = await fetch(`${base}/api/events?channels=rooms`, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal: controller.signal,
  });
  expect(stream.status).toBe(connects ? 200 : 403);
  controller.abort();
});

test('a preflight of a listed origin is answered, another one is not allowed anything', async () => {
  const { call } = await startTest({ change: (config) => void config.cors.origins.push(FRIEND) });
  const preflight = (origin: string) =>
    call('/api/rooms', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const friend = await preflight(FRIEND);
  expect(friend.status).toBe(204);
  expect(friend.headers.get('access-control-allow-methods')).toContain('POST');
  expect(friend.headers.get('access-control-allow-headers')).toContain('Authorization');
  expect(friend.headers.get('access-control-allow-headers')).toContain('Idempotency-Key');
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
});

test('a cookie counts for our own pages only, even of a listed origin', async () => {
  const { call } = await startTest({ change: (config) => void config.cors.origins.push(FRIEND) });
  const made = await call('/api/auth/register', {
    method: 'POST',
    body: { username: 'alice', password: 'correct horse battery' },
  });
  const cookie = made.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  expect((await call('/api/users/me', { headers: { cookie } })).status).toBe(200);
  expect((await call('/api/users/me', { headers: { cookie, origin: FRIEND } })).status).toBe(401);
  const bearer = { authorization: `Bearer ${String(made.body['accessToken'])}`, origin: FRIEND };
  expect((await call('/api/users/me', { headers: bearer })).status).toBe(200);
});

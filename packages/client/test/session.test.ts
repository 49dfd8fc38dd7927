import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KaiboClient } from '../src/index.ts';

const USER = { id: 'u1', username: 'ann', name: 'Ann', bio: '', role: 'user' };

interface Seen {
  line: string;
  bearer: string | undefined;
  cookie: string | undefined;
}

let server: Server;
let baseUrl: string;
let seen: Seen[];
/** The token that the server takes now; every refresh makes the next. */
let good: number;
let refuseRefresh: boolean;
let expiresIn: number;

beforeEach(async () => {
  [seen, good, refuseRefresh, expiresIn] = [[], 1, false, 900];
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function answer(request: IncomingMessage, response: ServerResponse): void {
  const bearer = request.headers.authorization?.replace('Bearer ', '');
  seen.push({ line: `${request.method} ${request.url}`, bearer, cookie: request.headers.cookie });
  const say = (status: number, body: object, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const login = () => {
    const cookie = `kaibo_refresh=r${good}; Path=/api/auth; HttpOnly`;
    say(200, { accessToken: `t${good}`, expiresIn, user: USER }, { 'set-cookie': cookie });
  };
  if (request.url === '/api/auth/login') return login();
  if (request.url === '/api/auth/refresh') {
    if (refuseRefresh) return void say(401, { error: 'used twice', code: 'refresh_reused' });
    good++;
    return login();
  }
  if (request.url === '/api/rooms/busy')
    return void say(429, { error: 'slow', code: 'rate_limited' }, { 'retry-after': '7' });
  if (bearer !== undefined && bearer !== `t${good}`) return void say(401, { error: 'over', code: 'token_expired' });
  say(200, { ...USER });
}

const count = (line: string) => seen.filter((request) => request.line === line).length;

async function loggedIn(): Promise<KaiboClient> {
  const client = new KaiboClient({ baseUrl });
  await client.auth.login({ username: 'ann', password: 'secret words' });
  return client;
}

test('requests that meet an expired token together renew it once, and each is sent again', async () => {
  const client = await loggedIn();
  good = 5;
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.users.me()));
  expect(answers.every((user) => user.id === 'u1')).toBe(true);
  expect(count('POST /api/auth/refresh')).toBe(1);
  expect(await client.auth.token()).toBe('t6');
});

test('where fetch keeps no cookies the refresh token travels with the renewal, and with nothing else', async () => {
  const client = await loggedIn();
  await client.auth.refresh();
  await client.users.me();
  expect(seen.map(({ line, cookie }) => [line, cookie])).toEqual([
    ['POST /api/auth/login', undefined],
    ['POST /api/auth/refresh', 'kaibo_refresh=r1'],
    ['GET /api/users/me', undefined],
  ]);
});

test('a token that is about to end is renewed before it is used', async () => {
  expiresIn = 10;
  const client = await loggedIn();
  expiresIn = 900;
  await client.users.me();
  expect(seen.map(({ line, bearer }) => [line, bearer])).toEqual([
    ['POST /api/auth/login', undefined],
    ['POST /api/auth/refresh', undefined],
    ['GET /api/users/me', 't2'],
  ]);
});

test('a login that the server ended is forgotten, and everybody who listens is told once', async () => {
  const client = await loggedIn();
  const changes: (string | undefined)[] = [];
  client.auth.onAuthChange(({ user, ended }) => changes.push(`${user?.username} ${ended}`));
  [good, refuseRefresh] = [5, true];
  await expect(Promise.all([client.users.me(), client.users.me()])).rejects.toMatchObject({ code: 'token_expired' });
  expect(changes).toEqual(['undefined true']);
  expect([client.auth.user, await client.auth.token()]).toEqual([null, undefined]);
  await client.users.me();
  expect(seen.at(-1)?.bearer).toBeUndefined();
});

test('an unreachable server costs no login', async () => {
  let broken = false;
  const client = new KaiboClient({
    baseUrl,
    fetch: (...args) => (broken ? Promise.reject(new TypeError('offline')) : fetch(...args)),
  });
  await client.auth.login({ username: 'ann', password: 'secret words' });
  broken = true;
  await expect(client.auth.refresh()).rejects.toMatchObject({ code: 'network' });
  expect(client.auth.user?.id).toBe('u1');
  broken = false;
  expect(await client.auth.refresh()).toBe(true);
});

test('logout ends here whatever the server says', async () => {
  const client = await loggedIn();
  server.closeAllConnections();
  server.close();
  await expect(client.auth.logout()).rejects.toMatchObject({ code: 'network' });
  expect(client.auth.user).toBeNull();
});

test('an API key is used as it is and never renewed', async () => {
  const client = new KaiboClient({ baseUrl, apiKey: 'kbk_abc' });
  await expect(client.users.me()).rejects.toMatchObject({ code: 'token_expired' });
  expect(seen.map(({ line, bearer }) => [line, bearer])).toEqual([['GET /api/users/me', 'kbk_abc']]);
});

test('a refusal says how long to wait', async () => {
  const client = new KaiboClient({ baseUrl });
  await expect(client.rooms.get('busy')).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 7000 });
});

import { connect as netConnect } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyOf, owner, request, startTest, tempFolder } from './harness.ts';

test.each([
  ['no JSON', { raw: '{"title":' }, 400, 'invalid_json'],
  ['a poisoned prototype', { raw: '{"__proto__":{"a":1},"title":"x"}' }, 400, 'invalid_json'],
  ['no body', {}, 400, 'invalid_request'],
  ['JSON that is no object', { raw: '[]' }, 400, 'invalid_request'],
  ['another type', { raw: 'a=1', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type'],
  ['a huge body', { raw: `{"title":"${'x'.repeat(70_000)}"}` }, 413, 'body_too_large'],
  ['an empty title', { body: { title: '  ' } }, 400, 'invalid_request'],
  ['a title of 101 characters', { body: { title: '字'.repeat(101) } }, 400, 'invalid_request'],
  ['a title with NUL', { body: { title: 'a\0b' } }, 400, 'invalid_request'],
  ['a room id with a path', { body: { title: 'x', roomId: '../x' } }, 400, 'invalid_request'],
  ['a cover that is a script', { body: { title: 'x', cover: 'javascript:alert(1)' } }, 400, 'invalid_request'],
  ['a negative capacity', { body: { title: 'x', maxViewers: -1 } }, 400, 'invalid_request'],
])('creating a room with %s is refused', async (_name, init, status, code) => {
  const { call } = await startTest();
  const answer = await call('/api/rooms', { method: 'POST', ...init });
  expect(answer).toMatchObject({
    status,
    body: { code, error: expect.any(String), requestId: answer.headers.get('x-request-id') },
  });
});

test('errors speak Chinese, or English when asked', async () => {
  const { call } = await startTest();
  expect((await call('/api/rooms/none')).body).toMatchObject({ error: '房间不存在', code: 'room_not_found' });
  expect((await call('/api/rooms/none', { headers: { 'accept-language': 'en-GB,zh;q=0.5' } })).body.error).toBe(
    'There is no such room',
  );
  const { body } = await call('/api/rooms', {
    method: 'POST',
    body: { title: '' },
    headers: { 'accept-language': 'en' },
  });
  expect(body.error).toContain('title: ');
});

test('a room id may be chosen once', async () => {
  const { call, create } = await startTest();
  expect((await create({ roomId: 'my_room-1' })).id).toBe('my_room-1');
  const again = await call('/api/rooms', { method: 'POST', body: { title: 'x', roomId: 'my_room-1' } });
  expect(again).toMatchObject({ status: 409, body: { code: 'room_exists' } });
});

test.each([
  ['this machine', {}, 201, 'preparing'],
  ['a proxy', { 'x-forwarded-for': '10.0.0.1' }, 401, 'account_required'],
  ['a rebound name', { host: 'evil.example' }, 401, 'account_required'],
  ['a page of another site', { origin: 'http://evil.example' }, 403, 'cross_site'],
  ['a host that is none', { host: 'a"b' }, 400, 'invalid_host'],
])('among members only, %s gets %i %s', async (_name, headers: Record<string, string>, status, code) => {
  const { kaibo } = await startTest();
  const head = Object.entries({ host: `localhost:${kaibo.ports.http}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const body = '{"title":"x"}';
  const answer = await raw(
    kaibo.ports.http,
    `POST /api/rooms HTTP/1.1\r\n${head.join('')}content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain(`"${code}"`);
});

test('open to all, a proxy’s clients may create rooms, and URLs follow the trusted host', async () => {
  const { call } = await startTest({
    change: (config) => {
      config.access = 'open';
      config.trustProxy = true;
    },
  });
  const headers = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'live.example.org',
    'x-forwarded-proto': 'https',
  };
  const { status, body } = await call('/api/rooms', { method: 'POST', body: { title: 'x' }, headers });
  expect(status).toBe(201);
  expect(body['playUrls']).toMatchObject({ wsFlv: expect.stringMatching(/^wss:\/\/live\.example\.org:8444\/live\//) });
});

test('an unknown address is JSON under /api and the page elsewhere', async () => {
  const webDirectory = tempFolder();
  mkdirSync(join(webDirectory, 'assets'));
  writeFileSync(join(webDirectory, 'index.html'), '<title>index</title>');
  writeFileSync(join(webDirectory, 'assets/app-1.js'), 'export {}');
  const { call } = await startTest({ webDirectory });
  const html = { headers: { accept: 'text/html' } };
  expect(await call('/api/none', html)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await call('/assets/none.js', html)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  for (const path of ['/', '/rooms/some']) {
    const page = await call(path, html);
    expect([page.status, page.text, page.headers.get('cache-control')]).toEqual([
      200,
      '<title>index</title>',
      'no-cache',
    ]);
  }
  expect((await call('/assets/app-1.js')).headers.get('cache-control')).toContain('immutable');
  expect((await call('/%zz')).body.code).toBe('bad_request');
});

test('without a built page, / says how to build it', async () => {
  const { call } = await startTest({ webDirectory: join(tempFolder(), 'none') });
  const { status, text, headers } = await call('/');
  expect(status).toBe(200);
  expect(text).toContain('npm');
  expect(headers.get('content-security-policy')).toMatch(
    /script-src 'self';.*connect-src|connect-src 'self' ws:\/\/localhost:\d+ http:\/\/localhost:8080 ws:\/\/localhost:8080;/,
  );
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('readiness follows the engine, health does not', async () => {
  const { call, engine } = await startTest();
  expect(await call('/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } });
  engine.isHealthy = false;
  expect(await call('/readyz')).toMatchObject({ status: 503, body: { checks: { engine: false, database: true } } });
  expect((await call('/healthz')).status).toBe(200);
});

test('metrics count rooms and time routes, without their ids', async () => {
  const { create, room, kaibo } = await startTest();
  const made = await create();
  await room(made.id);
  const { text } = await request(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`);
  expect(text).toContain('kaibo_rooms{status="preparing"} 1');
  expect(text).toContain('route="/api/rooms/:roomId"');
  expect(text).toMatch(/kaibo_stream_viewers 0/);
  expect(text).not.toContain(made.id);
});

test('metrics count why media connections ended', async () => {
  const { create, engine, kaibo } = await startTest();
  const made = await create();
  await engine.publish(made.playId, keyOf(made));
  const { leave } = await engine.play(made.playId);
  leave();
  engine.drop(made.playId);
  const { text } = await request(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`);
  expect(text).toContain('kaibo_media_disconnects_total{side="viewer",reason="closed"} 1');
  expect(text).toContain('kaibo_media_disconnects_total{side="publisher",reason="gone"} 1');
});

test('no secret reaches the log', async () => {
  const { call, create, engine, log, base } = await startTest();
  const made = await create({ isPrivate: true });
  const key = keyOf(made);
  const token = new URL(made.playUrls.flv ?? '').search;
  await call(`/api/rooms/${made.id}${token}`, { headers: owner(made) });
  await call(`/api/none${key}&a=1&token=tok-secret-value`, {
    headers: { cookie: `kaibo_owner_${made.id}=${made.ownerToken}` },
  });
  await call(`/api/rooms/${encodeURIComponent(made.streamKey)}`);
  await request(`${base}/ws${token}`);
  await engine.publish(made.playId, key);
  await engine.play(made.playId, token);
  await call(`/api/rooms/${made.id}/close`, { method: 'POST', headers: owner(made) });
  const written = log.join('');
  expect(written).toContain('[redacted]');
  for (const secret of [
    made.ownerToken,
    key.slice('?key='.length),
    token.slice('?token='.length),
    'tok-secret-value',
  ]) {
    expect(written).not.toContain(secret);
  }
});

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = netConnect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

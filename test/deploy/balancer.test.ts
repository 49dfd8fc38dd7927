// The balancer of docker-compose.yml, by the real Caddy, in front of servers that only say who they are.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { placed } from './proxies.ts';

interface Upstream extends AsyncDisposable {
  port: number;
  isReady: boolean;
}

async function upstream(name: string): Promise<Upstream> {
  const state = { isReady: true };
  const server: Server = createServer(({ url, headers }, response) => {
    response.statusCode = url === '/readyz' && !state.isReady ? 503 : 200;
    response.end(JSON.stringify({ name, address: headers['x-forwarded-for'] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

test('people go to nodes that are ready and stay where they began, media go to SRS', async () => {
  await using one = await upstream('kaibo-1');
  await using two = await upstream('kaibo-2');
  await using srs = await upstream('srs');
  using folder = tempDir();
  const port = await freePort();
  const text = placed('deploy/docker/Caddyfile', {
    'http://:8088, {$KAIBO_SITE:http://} {': `http://127.0.0.1:${port} {`,
    'kaibo-1:8088': `127.0.0.1:${one.port}`,
    'kaibo-2:8088': `127.0.0.1:${two.port}`,
    'srs:8080': `127.0.0.1:${srs.port}`,
    // So that the test need not wait for it.
    'health_interval 5s': 'health_interval 100ms',
  });
  writeFileSync(folder.file('Caddyfile'), text);
  const env = { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path };
  const args = ['run', '--adapter', 'caddyfile', '--config', folder.file('Caddyfile')];
  await using _caddy = Program.start('caddy', args, { env });
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    const { name, address } = (await answer.json()) as { name: string; address: string };
    return { name, address, cookie };
  };
  const first = await until(async () => ask('/'), { what: 'Caddy answering', timeoutMs: 20_000 });
  expect(first.name).toMatch(/^kaibo-[12]$/);
  expect(first.cookie).toMatch(/^kaibo_node=/);
  const cookie = { cookie: first.cookie ?? '' };
  for (let request = 0; request < 6; request++) expect((await ask('/api/files/uploads', cookie)).name).toBe(first.name);
  // What somebody says of himself is not passed on as true.
  expect((await ask('/', { 'x-forwarded-for': '203.0.113.9' })).address).toBe('127.0.0.1');

  expect((await ask('/live/room.flv', cookie)).name).toBe('srs');
  expect((await ask('/live/room/1.ts', cookie)).name).toBe('srs');
  for (const page of ['/live', '/live/room', '/rtc/v1/whep/?stream=x.flv', '/files/a.ts'])
    expect([page, (await ask(page, cookie)).name]).toEqual([page, first.name]);

  // It drains: whoever was there goes to the other one.
  const [left, other] = first.name === 'kaibo-1' ? [one, 'kaibo-2'] : [two, 'kaibo-1'];
  left.isReady = false;
  await until(async () => (await ask('/', cookie)).name === other, { what: 'the other node answering' });
  for (let request = 0; request < 6; request++) expect((await ask('/', cookie)).name).toBe(other);
});

import { connect as netConnect } from 'node:net';
import { expect, test } from 'vitest';
import { networkOf } from '../src/modules/gateway/address.ts';
import { request, startTest } from './harness.ts';

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
const write = (address: string) => ({ method: 'POST', headers: from(address) });

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s is counted as %s', (address, network) => expect(networkOf(address)).toBe(network));

test('reads are limited by network, and the answer says when to come back', async () => {
  const { call, kaibo } = await startTest({
    change: (config) => {
      config.trustProxy = true;
      config.limits.readPerMinute = 3;
    },
  });
  for (const left of ['2', '1', '0']) {
    const { status, headers } = await call('/api/rooms', { headers: from('2001:db8::1') });
    expect([status, headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]).toEqual([200, '3', left]);
  }
  const refused = await call('/api/rooms', { headers: from('2001:db8::2') });
  expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('x-content-type-options')).toBe('nosniff');
  expect(refused.headers.get('content-security-policy')).toContain("default-src 'self'");
  expect((await call('/api/rooms', { headers: from('2001:db8:0:1::1') })).status).toBe(200);
  expect((await call('/healthz', { headers: from('2001:db8::1') })).status).toBe(200);
  const { text } = await request(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`);
  expect(text).toContain('kaibo_requests_rate_limited_total{class="read"} 1');
});

test('a proxy that is not trusted is no way around, this machine itself is', async () => {
  const { call } = await startTest({ change: (config) => (config.limits.readPerMinute = 1) });
  for (const status of [200, 429])
    expect((await call('/api/rooms', { headers: from('198.51.100.1') })).status).toBe(status);
  for (let count = 0; count < 5; count++) expect((await call('/api/rooms')).status).toBe(200);
});

test('a write burst of 100 passes however small the budget is', async () => {
  const { call } = await startTest({
    change: (config) => {
      config.trustProxy = true;
      config.limits.writePerMinute = 10;
    },
  });
  const answers = await Promise.all(Array.from({ length: 101 }, () => call('/api/rooms', write('198.51.100.1'))));
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(1);
});

test('a process that is late refuses all but probes, and recovers', async () => {
  const { call } = await startTest({ change: (config) => (config.limits.eventLoopDelayMs = 300) });
  expect((await call('/api/rooms')).status).toBe(200);
  const until = performance.now() + 700;
  while (performance.now() < until);
  const refused = await call('/api/rooms');
  expect(refused).toMatchObject({ status: 503, body: { code: 'overloaded' } });
  expect(refused.headers.get('retry-after')).toBe('2');
  expect((await call('/readyz')).status).toBe(200);
  await expect.poll(async () => (await call('/api/rooms')).status, { timeout: 5000 }).toBe(200);
});

test.each([
  ['changes', 'info', { method: 'POST', body: { title: '' } }],
  ['reads', 'debug', {}],
])('%s are logged at %s, with route, status, address and no secret', async (_what, level, init) => {
  const { call, log } = await startTest();
  await call('/api/rooms?token=tok-secret-value', init);
  const find = () =>
    log.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ msg }) => msg === 'request');
  await expect.poll(find).toMatchObject({
    level: level === 'info' ? 30 : 20,
    route: '/api/rooms',
    url: '/api/rooms?token=[redacted]',
    address: '127.0.0.1',
    reqId: expect.any(String),
  });
});

test.each([
  ['nobody', false, '203.0.113.9', '127.0.0.1'],
  ['one hop', 1, '203.0.113.9, 198.51.100.2', '198.51.100.2'],
  ['two hops', 2, '203.0.113.9, 198.51.100.2', '203.0.113.9'],
  ['a list with this machine', ['127.0.0.1'], '203.0.113.9, 198.51.100.2', '198.51.100.2'],
  ['a list without it', ['10.0.0.1'], '203.0.113.9', '127.0.0.1'],
  ['everybody', true, '203.0.113.9, 198.51.100.2', '203.0.113.9'],
])('trusting %s, the address is the right one', async (_name, trustProxy, forwarded, address) => {
  const { kaibo, log } = await startTest({ change: (config) => (config.trustProxy = trustProxy) });
  const socket = netConnect(kaibo.ports.http, '127.0.0.1');
  socket.end(`GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: ${forwarded}\r\nconnection: close\r\n\r\n`);
  await expect
    .poll(() => log.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ msg }) => msg === 'request'))
    .toMatchObject({ address });
  socket.destroy();
});

test('idle connections stay for longer than a proxy in front keeps them, which would meet a reset otherwise', async () => {
  const { call } = await startTest();
  expect((await call('/healthz')).headers.get('keep-alive')).toBe('timeout=75');
});

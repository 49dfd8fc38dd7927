import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { SrsApi } from './api.ts';
import { SrsServer } from './server.ts';

const { api: captured }: { api: Record<string, object> } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'srs-7.0.18.fixture.json'), 'utf8'),
);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function srs(listener: RequestListener, timeoutMs = 2000): Promise<{ api: SrsApi; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { api: new SrsApi({ url, user: 'kaibo', password: 'p4ssw0rd!', timeoutMs }), requests };
}

/** Answers as SRS 7.0.18 did. */
const recorded: RequestListener = (request, response) => {
  const path = request.url?.replace(/\?.*/, '') ?? '';
  const body = captured[`${request.method} ${path}`];
  response.writeHead(200, { 'content-type': 'application/json', connection: 'Close' });
  response.end(JSON.stringify(body ?? { code: 2049 }));
};

describe('the API as SRS 7.0.18 has it', () => {
  test('version, streams and clients', async () => {
    const { api, requests } = await srs(recorded);
    expect(await api.version()).toEqual({ server: 'vid-a343o83', service: 'c37b91c6', version: '7.0.18' });
    const { streams } = await api.streams();
    expect(streams.map(({ name, publish }) => [name, publish])).toEqual([
      ['livestream', { active: true, cid: '088ecus9' }],
      ['rtcstream', { active: false }],
    ]);
    const { clients } = await api.clients();
    expect(clients).toHaveLength(7);
    expect(requests.map(({ url }) => url)).toEqual([
      '/api/v1/versions',
      '/api/v1/streams/?start=0&count=500',
      '/api/v1/clients/?start=0&count=500',
    ]);
    const basic = `Basic ${Buffer.from('kaibo:p4ssw0rd!').toString('base64')}`;
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([basic, basic, basic]);
  });

  test('a kick, and one of somebody who is gone', async () => {
    const { api } = await srs(recorded);
    expect(await api.kick('4s55mz50')).toBe(true);
    expect(await api.kick('nobody/../x')).toBe(false);
  });

  test('a look has publishers with their rates and viewers by protocol, without those of edges', async () => {
    const { api } = await srs(recorded);
    const ports = { rtmp: 1935, http: 8080, rtc: 8000 };
    const options = { role: 'origin', name: 'srs', api, publicHost: undefined, ports, lostMs: 45_000 } as const;
    const server = new SrsServer({ ...options, address: undefined, now: () => 5000 });
    const look = await server.look(new Set());
    expect(look).toMatchObject({
      server: 'vid-a343o83',
      publishers: [{ app: 'live', stream: 'livestream', clientId: '088ecus9_vid-a343o83', aliveMs: 38_010 }],
    });
    expect(look.viewers.map(({ clientId, stream, protocol }) => [clientId.split('_')[0], stream, protocol])).toEqual([
      ['4s55mz50', 'livestream', 'http-flv'],
      ['54u9zqvg', 'livestream', 'webrtc'],
      ['an68bu0n', 'livestream', 'webrtc'],
      ['h1570895', 'livestream', 'rtmp'],
      ['xh83o05h', 'livestream', 'webrtc'],
    ]);
    expect(server.seen[0]).toMatchObject({
      ...{ recvBps: 1_161_000, sendBps: 2_261_000 },
      video: { codec: 'h264', profile: 'Main', width: 1280, height: 720 },
      audio: { codec: 'aac', sampleRateHz: 44_100, channels: 2 },
    });
    // An edge fetches by RTMP; by HTTP anybody may say that this is their address.
    const others = (await server.look(new Set(['127.0.0.1']))).viewers;
    expect(others.map(({ protocol }) => protocol)).toEqual(['http-flv', 'webrtc', 'webrtc', 'webrtc']);
    expect(server.clients).toBe(7);
  });
});

describe('an API that is not as it should be', () => {
  const reply =
    (status: number, text: string): RequestListener =>
    (_request, response) =>
      response.writeHead(status).end(text);

  test.each<[string, RequestListener, RegExp]>([
    ['no JSON', reply(200, '<html>'), /not JSON/],
    ['another shape', reply(200, '{"code":"0"}'), /not known/],
    ['a wrong password', reply(401, ''), /http_api\.auth/],
    ['a fault', reply(500, '{}'), /status 500/],
    ['a code', reply(200, '{"code":1}'), /code 1/],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/x' }).end(), /does not answer/],
    ['a closed connection', (request) => request.socket.destroy(), /does not answer/],
    ['too much', reply(200, `"${'x'.repeat(9_000_000)}"`), /more than/],
  ])('%s', async (_name, listener, message) => {
    const { api } = await srs(listener);
    await expect(api.streams()).rejects.toThrow(message);
    await expect(api.streams()).rejects.not.toThrow(/p4ssw0rd|127\.0\.0\.1/);
  });

  test('nothing at all, until the time is over', async () => {
    const { api } = await srs(() => {}, 100);
    await expect(api.version()).rejects.toThrow(/TimeoutError/);
  });

  test('one that closes its first connection is asked once more', async () => {
    let calls = 0;
    const { api } = await srs((request, response) =>
      calls++ === 0 ? request.socket.destroy() : recorded(request, response),
    );
    expect((await api.version()).version).toBe('7.0.18');
    expect(calls).toBe(2);
  });

  test('more than one page', async () => {
    const all = Array.from({ length: 1203 }, (_, index) => ({ id: `c${index}`, publish: false }));
    const { api, requests } = await srs((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams;
      const start = Number(query.get('start'));
      const clients = all.slice(start, start + Number(query.get('count')));
      response.end(JSON.stringify({ code: 0, server: 's', service: 'x', clients }));
    });
    expect((await api.clients()).clients).toHaveLength(1203);
    expect(requests).toHaveLength(3);
  });
});

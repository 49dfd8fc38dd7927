import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import tls from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { selfSignedCertificate } from '../../../../test/support/certificate.ts';
import { fetchWhole, HttpFlvPlayer } from '../../../../test/support/flv-client.ts';
import { RtmpClient } from '../../../../test/support/rtmp-client.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { certificateOf } from '../../../../test/support/tls-port.ts';
import { until } from '../../../../test/support/until.ts';
import { OPEN_HOOKS } from '../hooks/open-hooks.ts';
import { type MediaPorts, MediaServer } from '../server.ts';
import { testOptions } from '../testing/media-options.ts';

type Json = null | string | number | boolean | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const SRS = JSON.parse(readFileSync(new URL('./srs-7.0.18.fixture.json', import.meta.url), 'utf8')) as {
  [call: string]: JsonObject;
};
/** What a machine without SRS's kernel counters does not say. */
const LEFT_OUT =
  /^(cwd|cpu_percent|disk_\w+|mem_swap_\w+|cpus_online|ilde_time|net_\w+|srs_\w+_(time|bytes)|conn_sys\w*|fragment)$/;
const SECRET = 'a-secret-of-sixteen';

/** Keys and types, all the way down; of a list, its first. */
function shape(value: Json): Json {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !LEFT_OUT.test(key))
      .map(([key, inner]) => [key, shape(inner)]),
  );
}

let server: MediaServer;
let ports: MediaPorts;
let publisher: RtmpClient;
let player: HttpFlvPlayer;

async function call(
  path: string,
  {
    method = 'GET',
    headers = {},
    port = ports.api,
  }: { method?: string; headers?: OutgoingHttpHeaders; port?: number } = {},
) {
  const { status, body } = await fetchWhole({ port, path, method, headers: { Host: 'localhost', ...headers } });
  return { status, body: body === '' ? {} : (JSON.parse(body) as JsonObject) };
}

async function list(path: string, key: string): Promise<JsonObject[]> {
  return ((await call(path)).body[key] ?? []) as JsonObject[];
}

/** avcC around x264's parameter sets for 1280 × 720. */
const SPS = '6742c01fd9005005bb011000000300100000030320f1832480';
const AVC_CONFIG = Buffer.from(`17000000000142c01fffe10019${SPS}01000468cb8cb2`, 'hex');

beforeAll(async () => {
  server = new MediaServer({ options: testOptions(), hooks: OPEN_HOOKS, logger: pino({ level: 'silent' }) });
  ports = await server.start();
  publisher = await RtmpClient.connect({ port: ports.rtmp });
  const { streamId } = await publisher.publish('a?key=never-shown');
  const media: [type: 'audio' | 'video', hex: string][] = [
    ['audio', 'af001210'],
    ['video', '1701000000aa'],
    ['audio', 'af0100'],
  ];
  publisher.sendMedia(streamId, { type: 'video', timestamp: 0, payload: AVC_CONFIG });
  for (const [type, hex] of media)
    publisher.sendMedia(streamId, { type, timestamp: 0, payload: Buffer.from(hex, 'hex') });
  player = await HttpFlvPlayer.open({ port: ports.http, path: '/live/a.flv' });
  await until(async () => {
    const [stream] = await list('/api/v1/streams/', 'streams');
    return stream !== undefined && stream['audio'] !== null && stream['video'] !== null;
  });
});

afterAll(async () => {
  publisher.close();
  player.close();
  await server.stop();
});

describe('the media API', () => {
  it.each(['versions', 'summaries', 'vhosts/', 'streams/', 'clients/'])(
    'answers %s with SRS’s keys and types',
    async (resource) => {
      const call1 = `GET /api/v1/${resource}`;
      const { status, body } = await call(`/api/v1/${resource}`);
      expect(status).toBe(200);
      expect(shape(body)).toEqual(shape(SRS[call1] ?? null));
    },
  );

  it('answers one stream and one client by id, and SRS’s codes for none', async () => {
    const [stream] = await list('/api/v1/streams/', 'streams');
    const [client] = await list('/api/v1/clients/', 'clients');
    const [streamId, clientId] = [String(stream?.['id']), String(client?.['id'])];
    expect(shape((await call(`/api/v1/streams/${streamId}`)).body)).toEqual(
      shape(SRS['GET /api/v1/streams/ID'] ?? null),
    );
    expect(shape((await call(`/api/v1/clients/${clientId}`)).body)).toEqual(
      shape(SRS['GET /api/v1/clients/ID'] ?? null),
    );
    expect((await call('/api/v1/streams/nonexistent')).body).toMatchObject(
      SRS['GET /api/v1/streams/nonexistent'] ?? {},
    );
    expect((await call('/api/v1/clients/nonexistent')).body).toMatchObject(
      SRS['GET /api/v1/clients/nonexistent'] ?? {},
    );
    expect((await call('/api/v1/clients/nonexistent', { method: 'DELETE' })).body).toEqual({ code: 2049 });
  });

  it('says who publishes and plays, and no secret', async () => {
    const clients = await list('/api/v1/clients/', 'clients');
    expect(clients.map((client) => [client['type'], client['publish'], client['name']])).toEqual([
      ['fmle-publish', true, 'a'],
      ['flv-play', false, 'a'],
    ]);
    const [stream] = await list('/api/v1/streams/', 'streams');
    expect(stream).toMatchObject({
      name: 'a',
      clients: 2,
      publish: { active: true, cid: clients[0]?.['id'] ?? '' },
      video: { codec: 'H264', width: 1280, height: 720 },
      audio: { codec: 'AAC', sample_rate: 44_100 },
    });
    expect(JSON.stringify([clients, stream])).not.toContain('never-shown');
  });

  it.each([
    { query: '', ids: [0, 1] },
    { query: '?start=0&count=1', ids: [0] },
    { query: '?start=1&count=1', ids: [1] },
    { query: '?start=2', ids: [] },
    { query: '?start=-5&count=0', ids: [0, 1] },
    { query: '?start=x&count=y', ids: [0, 1] },
  ])('pages clients by $query', async ({ query, ids }) => {
    const all = await list('/api/v1/clients/', 'clients');
    const paged = await list(`/api/v1/clients/${query}`, 'clients');
    expect(paged.map(({ id }) => id)).toEqual(ids.map((index) => all[index]?.['id']));
  });

  it('kicks', async () => {
    const viewer = await HttpFlvPlayer.open({ port: ports.http, path: '/live/a.flv' });
    const clients = await until(async () => {
      const all = await list('/api/v1/clients/', 'clients');
      return all.length === 3 && all;
    });
    const { body } = await call(`/api/v1/clients/${String(clients[2]?.['id'])}`, { method: 'DELETE' });
    expect(shape(body)).toEqual(shape(SRS['DELETE /api/v1/clients/ID'] ?? null));
    await viewer.ended;
    await until(async () => (await list('/api/v1/clients/', 'clients')).length === 2);
  });

  it.each([
    { name: 'a foreign Host', headers: { Host: 'evil.example' }, status: 401 },
    { name: 'a foreign Host with the port', headers: { Host: 'evil.example:1985' }, status: 401 },
    { name: 'localhost with a port', headers: { Host: 'LOCALHOST:1985' }, status: 200 },
    { name: '127.0.0.1', headers: { Host: '127.0.0.1:1985' }, status: 200 },
    { name: '[::1]', headers: { Host: '[::1]:1985' }, status: 200 },
    { name: 'a name that only begins like loopback', headers: { Host: '127.0.0.1.evil.example' }, status: 401 },
  ])('answers $status to $name', async ({ headers, status }) => {
    expect((await call('/api/v1/versions', { headers })).status).toBe(status);
  });

  it('answers other methods and addresses in words', async () => {
    expect((await call('/api/v1/versions', { method: 'PUT' })).status).toBe(405);
    expect((await call('/api/v1/versions', { method: 'OPTIONS' })).status).toBe(200);
    expect((await call('//[/', {})).status).toBe(400);
    expect((await call('/', {})).body).toHaveProperty('urls');
  });
});

describe('the media API with a secret', () => {
  it.each([
    { headers: {}, status: 401 },
    { headers: { Authorization: 'Bearer wrong' }, status: 401 },
    { headers: { Authorization: SECRET }, status: 401 },
    { headers: { Authorization: `Bearer ${SECRET}`, Host: 'media.example' }, status: 200 },
    { headers: { Authorization: `Basic ${Buffer.from(`admin:${SECRET}`).toString('base64')}` }, status: 200 },
  ])('answers $status to $headers', async ({ headers, status }) => {
    const guarded = new MediaServer({
      options: testOptions({ api: { port: 0, secret: SECRET } }),
      hooks: OPEN_HOOKS,
      logger: pino({ level: 'silent' }),
    });
    const { api } = await guarded.start();
    try {
      for (const path of ['/api/v1/versions', '/api/v1/clients/', '/nothing'])
        expect((await call(path, { headers, port: api })).status).toBe(status);
    } finally {
      await guarded.stop();
    }
  });
});

test('with a secret and a certificate it speaks TLS only, and a renewed one is shown without closing what is open', async () => {
  using folder = tempDir();
  using other = tempDir();
  const files = await selfSignedCertificate(folder);
  const next = await selfSignedCertificate(other);
  const guarded = new MediaServer({
    options: testOptions({ api: { port: 0, secret: SECRET }, tls: files }),
    hooks: OPEN_HOOKS,
    logger: pino({ level: 'silent' }),
  });
  const { api } = await guarded.start();
  try {
    const old = await certificateOf(api);
    const headers = { Authorization: `Bearer ${SECRET}` };
    await expect(call('/api/v1/versions', { headers, port: api })).rejects.toThrow(
      /socket hang up|ECONNRESET|Parse Error/,
    );
    // Its request is begun before the renewal, and ended after.
    const open = tls.connect({ host: '127.0.0.1', port: api, rejectUnauthorized: false });
    let answer = '';
    open.on('data', (piece: Buffer) => (answer += piece.toString()));
    open.write(`GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${SECRET}\r\n`);
    await once(open, 'secureConnect');

    copyFileSync(next.key, files.key);
    copyFileSync(next.cert, files.cert);
    await guarded.reloadTls();
    const fresh = await certificateOf(api);
    expect(fresh).not.toBe(old);
    open.write('\r\n');
    await until(() => answer.includes('"code":0'), { what: 'the answer on the old connection' });
    expect(answer).toMatch(/^HTTP\/1.1 200/);

    writeFileSync(files.cert, 'nonsense');
    await expect(guarded.reloadTls()).rejects.toThrow(/PEM|start line/i);
    expect(await certificateOf(api)).toBe(fresh);
  } finally {
    await guarded.stop();
  }
});

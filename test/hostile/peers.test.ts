// What broke platforms like this one, tried on the whole of it as it is run. docs/security.md names where each was found, and which
// tests beside these look at it.
import { connect, createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { INSIDE_HOSTS } from '../../packages/server/test/support/inside-hosts.ts';
import { type Platform, startPlatform, type TestRoom } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, lastWords, numberedFrame } from './target.ts';

const SCRIPT = '<script>alert(1)</script>';
const GOOD_ORIGIN = 'https://good.example';
const PAYMENT_SECRET = '5d0c1f7a93be4826';
const PASSWORD = 'correct horse battery';

let platform: Platform;
let ports: { http: number; mediaHttp: number; rtmp: number; api: number; metrics: number };
let token: string;
/** Live, of an account. */
let room: TestRoom;
let publisher: RtmpClient;
/** Half requests that never go on, of the page and of the metrics. */
let slow: { socket: Socket; isClosed: boolean }[] = [];
/** Nothing may ever reach it: what does was asked for by somebody who fooled the platform. */
const reached: string[] = [];
const inside = createNetServer((socket) => {
  reached.push(String(socket.remoteAddress));
  socket.destroy();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  const [mediaHttp, rtmp, api, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
  platform = await startPlatform(
    ...['--media.workers=1', '--limits.writePerMinute=100000', '--limits.readPerMinute=100000', '--access=open'],
    ...['--limits.loginPerMinute=1000', `--cors.origins=${GOOD_ORIGIN}`, `--payments.test.secret=${PAYMENT_SECRET}`],
    ...[`--media.http.port=${mediaHttp}`, `--media.rtmp.port=${rtmp}`, `--media.api.port=${api}`],
    `--metrics.port=${metrics}`,
  );
  ports = { http: Number(new URL(platform.url).port), mediaHttp, rtmp, api, metrics };
  const joined = await call('POST', '/api/auth/register', { body: { username: 'ada', password: PASSWORD } });
  token = (JSON.parse(joined.text) as { accessToken: string }).accessToken;
  room = JSON.parse((await call('POST', '/api/rooms', { body: { title: SCRIPT }, token })).text) as TestRoom;
  publisher = await RtmpClient.connect({ port: rtmp });
  const { streamId } = await publisher.publish(room.publishUrls.rtmp.split('/live/')[1] ?? '');
  publisher.sendMedia(streamId, { type: 'video', timestamp: 0, payload: AVC_CONFIG });
  publisher.sendMedia(streamId, { type: 'video', timestamp: 0, payload: numberedFrame(0, { isKey: true }) });
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room being live' });
  slow = [ports.http, ports.metrics].flatMap((port) =>
    ['', 'GET / HTTP/1.1\r\nHost: a\r\nX-Slow: '].flatMap((half) =>
      Array.from({ length: 50 }, () => crawl(port, half)),
    ),
  );
});

function crawl(port: number, half: string): (typeof slow)[number] {
  const one = { socket: connect(port, '127.0.0.1'), isClosed: false };
  one.socket.on('error', () => undefined);
  one.socket.on('close', () => (one.isClosed = true));
  // What is said before the end, such as 408, has to be read for it to come.
  one.socket.resume();
  one.socket.write(half);
  return one;
}

afterAll(async () => {
  for (const { socket } of slow) socket.destroy();
  publisher.close();
  inside.close();
  await platform[Symbol.asyncDispose]();
});

async function call(
  method: string,
  path: string,
  options: { body?: unknown; token?: string; headers?: Record<string, string>; base?: string } = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const { body, headers = {}, base = platform.url } = options;
  const login: Record<string, string> = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const typed: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(base + path, {
    method,
    headers: { ...typed, ...login, ...headers },
    redirect: 'manual',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

describe('scripts in what people write and ask', () => {
  const PATHS = (): string[] => [
    `/api/rooms?callback=alert(1)//`,
    `/api/rooms/${room.id}?callback=alert(1)//&jsonp=alert(1)`,
    `/api/rooms/${encodeURIComponent(SCRIPT)}`,
    `/api/${SCRIPT}`,
    `/api/search?q=${encodeURIComponent(SCRIPT)}`,
    `/api/oembed?url=${encodeURIComponent(`${platform.url}/room/${room.id}`)}`,
  ];

  it('a callback parameter makes no script of an answer, and what was asked is not said as a page', async () => {
    for (const path of PATHS()) {
      const { headers, text } = await call('GET', path);
      expect(headers.get('content-type'), path).toMatch(/^application\/(?:problem\+)?json/);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(text, path).not.toMatch(/^\s*alert/);
    }
    const media = { base: `http://127.0.0.1:${ports.api}`, headers: { host: `127.0.0.1:${ports.api}` } };
    for (const path of [
      '/api/v1/streams/?callback=alert(1)//',
      '/api/v1/vhosts/?callback=%3Cscript%3E',
      `/${SCRIPT}`,
    ]) {
      const { headers, text } = await call('GET', path, media);
      expect(headers.get('content-type'), path).toBe('application/json');
      expect(text, path).not.toMatch(/^\s*(?:alert|<)/);
    }
  });

  it('a title is a text in every page that holds it', async () => {
    for (const path of [`/room/${room.id}`, `/rooms/${room.id}`, `/embed/${room.id}`, `/${SCRIPT}`, `/?q=${SCRIPT}`]) {
      const { headers, text } = await call('GET', path, { headers: { accept: 'text/html' } });
      expect(text, path).not.toContain('<script>alert');
      expect(headers.get('content-security-policy'), path).toContain("script-src 'self';");
    }
  });

  it('chat is kept as it was written, and is JSON wherever it is read', async () => {
    const said = await call('POST', `/api/rooms/${room.id}/chat`, { body: { text: SCRIPT }, token });
    expect(said.status).toBe(200);
    const read = await call('GET', `/api/rooms/${room.id}/chat`);
    expect(read.text).toContain(JSON.stringify(SCRIPT).slice(1, -1));
    expect(read.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('a picture that is a document is refused, whatever it is called', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`;
    for (const type of ['image/svg+xml', 'image/png', 'text/html']) {
      const answer = await fetch(`${platform.url}/api/files/images?purpose=avatar&name=a.png`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body: svg,
      });
      expect(answer.status, type).toBeGreaterThanOrEqual(400);
      await answer.body?.cancel();
    }
  });
});

describe('addresses that users name', () => {
  /** Of the program within, in every spelling that leads to it or its like. */
  const urls = (scheme: string): string[] => {
    const { port } = inside.address() as AddressInfo;
    return INSIDE_HOSTS.map((host) => `${scheme}://${host}:${port}/app/stream`);
  };

  it('that lead inside are refused for webhooks, pictures and covers, and are not asked', async () => {
    const doors: [what: string, ask: (url: string) => Promise<{ status: number }>][] = [
      ['webhook', (url) => call('POST', '/api/webhooks', { body: { url, events: ['*'] }, token })],
      ['avatar', (url) => call('PUT', '/api/users/me', { body: { avatar: url }, token })],
      ['cover', (url) => call('PUT', `/api/rooms/${room.id}`, { body: { cover: url }, token })],
    ];
    for (const [what, ask] of doors) {
      const answers = await Promise.all(urls('http').map(async (url) => [url, (await ask(url)).status]));
      expect(
        answers.filter(([, status]) => Number(status) < 400 || status === 404),
        what,
      ).toEqual([]);
    }
    expect(reached).toEqual([]);
  });

  it('that lead inside get no stream, however they are written', async () => {
    const { port } = inside.address() as AddressInfo;
    const relays = `/api/rooms/${room.id}/relays`;
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', 'localhost', '[::1]', '0']) {
      const added = await call('POST', relays, { body: { url: `rtmp://${host}:${port}/app/key` }, token });
      if (added.status >= 400) continue;
      const { id } = JSON.parse(added.text) as { id: string };
      await until(
        async () => {
          const all = JSON.parse((await call('GET', relays, { token })).text) as {
            id: string;
            status: { state: string; error?: unknown };
          }[];
          const status = all.find((relay) => relay.id === id)?.status;
          return status !== undefined && status.state !== 'idle' && status.state !== 'connecting';
        },
        { what: `a refusal of ${host}` },
      );
      expect((await call('DELETE', `${relays}/${id}`, { token })).status).toBeLessThan(300);
    }
    expect(reached).toEqual([]);
  });
});

describe('other sites', () => {
  it.each([
    'https://evil.example',
    'null',
    `${GOOD_ORIGIN}.evil.example`,
    'https://evilgood.example',
    'http://good.example',
    'https://good.example:444',
  ])('%s may read nothing, with or without cookies, and opens no socket', async (origin) => {
    for (const path of ['/api/users/me', '/api/rooms', '/api/auth/setup', '/']) {
      const { headers } = await call('GET', path, { headers: { origin, cookie: 'kaibo_access=x' } });
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
      expect(headers.get('access-control-allow-credentials'), path).toBeNull();
    }
    await expect(RawWebSocket.open({ port: ports.http, path: '/ws', headers: { Origin: origin } })).rejects.toThrow(
      /403/,
    );
    await expect(
      RawWebSocket.open({ port: ports.http, path: `/signaling/${room.id}`, headers: { Origin: origin } }),
    ).rejects.toThrow(/40[0-9]/);
  });

  it('a listed one reads with a token of its own, never with cookies; media is for everybody, without them', async () => {
    const { headers } = await call('GET', '/api/rooms', { headers: { origin: GOOD_ORIGIN } });
    expect(headers.get('access-control-allow-origin')).toBe(GOOD_ORIGIN);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const media = await call('OPTIONS', '/live/x.flv', { base: `http://127.0.0.1:${ports.mediaHttp}` });
    expect(media.headers.get('access-control-allow-credentials')).toBeNull();
  });
});

describe('paths', () => {
  const CLIMBS = [
    '/../../../../etc/passwd',
    '/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/..%5c..%5c..%5cetc%5cpasswd',
    '/%252e%252e/%252e%252e/etc/passwd',
    '/assets/../../../../../../etc/passwd',
    '/assets/..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd',
    '/files/../../../../etc/passwd',
    '/files/..%2f..%2f..%2fkaibo.db',
    '/files/%00/etc/passwd',
    '/recordings/..%2f..%2f/kaibo.db',
    '/replay/../../../../etc/passwd',
    '/live/../../etc/passwd',
    '/live/..%2f..%2fetc%2fpasswd.m3u8',
    '/live/%2e%2e/%2e%2e/kaibo.db.flv',
    '//etc/passwd',
    '/.//..//..//..//etc/passwd',
    'file:///etc/passwd',
  ];

  it('lead nowhere outside, on any port', async () => {
    for (const port of [ports.http, ports.mediaHttp, ports.api, ports.metrics])
      for (const path of CLIMBS) {
        const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`;
        const answer = (await lastWords(port, head)).toString('latin1');
        expect(answer, `${port} ${path}`).toMatch(/^HTTP\/1\.1 (?:2|3|4)\d\d /);
        expect(answer, `${port} ${path}`).not.toMatch(/root:|SQLite format/);
      }
  });
});

describe('what nobody proved', () => {
  it('is no payment and no media server', async () => {
    const event = { id: 'e1', type: 'paid', orderId: 'x' };
    const unsigned = await call('POST', '/api/payments/webhooks/test', { body: event });
    expect(unsigned.status).toBeGreaterThanOrEqual(400);
    const wrong = { 'x-kaibo-signature': 't=1,v1=00', 'kaibo-signature': 't=1,v1=00' };
    expect(
      (await call('POST', '/api/payments/webhooks/test', { body: event, headers: wrong })).status,
    ).toBeGreaterThanOrEqual(400);
    // As SRS and nginx-rtmp call; the embedded engine needs no callbacks, and has none.
    for (const action of ['on_publish', 'on_unpublish', 'on_publish_done', 'on_dvr', 'on_play', 'heartbeat'])
      for (const path of [
        `/hooks/srs/${action}`,
        `/api/hooks/srs/${action}`,
        `/api/srs/${action}`,
        `/api/v1/${action}`,
      ]) {
        const body = { action, client_id: '1', app: 'live', stream: room.playId, vhost: '__defaultVhost__', param: '' };
        expect((await call('POST', path, { body })).status, path).toBeGreaterThanOrEqual(400);
      }
    expect((await platform.room(room.id)).status).toBe('live');
  });
});

describe('figures', () => {
  it('hold no key, token or password, wherever they are read', async () => {
    const key = new URL(room.publishUrls.rtmp).searchParams.get('key') ?? '';
    expect(key.length).toBeGreaterThan(10);
    const texts: [where: string, text: string][] = [];
    const media = { base: `http://127.0.0.1:${ports.api}`, headers: { host: '127.0.0.1' } };
    for (const path of ['summaries', 'streams/', 'clients/', 'vhosts/'])
      texts.push([path, (await call('GET', `/api/v1/${path}`, media)).text]);
    texts.push(['metrics', (await call('GET', '/metrics', { base: `http://127.0.0.1:${ports.metrics}` })).text]);
    const page = ['/api/rooms', `/api/rooms/${room.id}`, '/api/streams', '/readyz', '/healthz', `/room/${room.id}`];
    const events = [`/api/events?channels=rooms,room:${room.id},live:${room.id}`, '/api/search?q=script'];
    for (const path of [...page, ...events]) texts.push([path, (await call('GET', path)).text]);
    texts.push(['log', platform.program.output]);
    for (const [where, text] of texts) {
      expect(text, where).not.toContain(key);
      expect(text, where).not.toContain(token);
      expect(text, where).not.toContain(PASSWORD);
      expect(text, where).not.toContain(PAYMENT_SECRET);
    }
    expect(texts.find(([where]) => where === 'streams/')?.[1]).toContain(room.playId);
  });
});

describe('messages on a socket', () => {
  const deep = (levels: number): Buffer => Buffer.from(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  const BOMBS: [what: string, send: (socket: RawWebSocket) => void][] = [
    ['deep JSON', (socket) => socket.send('text', deep(30_000))],
    [
      'deep JSON in a field',
      (socket) => socket.send('text', Buffer.from(`{"type":"subscribe","channel":${deep(20_000)}}`)),
    ],
    [
      'many keys',
      (socket) =>
        socket.send(
          'text',
          Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, at])))),
        ),
    ],
    ['__proto__', (socket) => socket.send('text', Buffer.from('{"type":"subscribe","__proto__":{"isAdmin":true}}'))],
    [
      'a frame of 100 MB that is only announced',
      (socket) => socket.socket.write(Buffer.from('81ff0000000006400000' + '00000000', 'hex')),
    ],
    [
      'a message without end',
      (socket) => {
        for (let piece = 0; piece < 200; piece++)
          socket.send(piece === 0 ? 'text' : 'continuation', Buffer.alloc(1000, 120), { isFinal: false });
      },
    ],
    // RSV1 without the extension: 1 kB that would be 1 MB.
    ['a compressed frame', (socket) => socket.socket.write(Buffer.from('c18400000000' + '00000000', 'hex'))],
    [
      'a flood',
      (socket) => {
        for (let at = 0; at < 3000; at++) socket.send('text', Buffer.from('{"type":"ping"}'));
      },
    ],
    ['bytes', (socket) => socket.send('binary', Buffer.alloc(1000))],
    ['a key that is no text', (socket) => socket.send('text', Buffer.from([0xff, 0xfe, 0xfd]))],
  ];

  it.each(['/ws', '/signaling'])('%s: bombs are answered or cut, and nobody else notices', async (path) => {
    const options = { port: ports.http, path, headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' } };
    const bystander = await RawWebSocket.open(options);
    for (const [what, send] of BOMBS) {
      const socket = await RawWebSocket.open(options);
      send(socket);
      await until(() => socket.isClosed || socket.closeFrame !== undefined || socket.messages.length > 0, {
        what: `an answer to ${what}`,
      });
      socket.destroy();
    }
    bystander.send('text', Buffer.from('{"type":"ping"}'));
    await until(() => bystander.messages.some(({ payload }) => payload.includes('pong')), { what: 'the bystander' });
    bystander.destroy();
    expect(platform.program.isRunning).toBe(true);
  });

  it('bodies of requests are not unpacked, and not parsed without end', async () => {
    const packed = await fetch(`${platform.url}/api/rooms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: Buffer.from('1f8b0800000000000003ab564a05000e9a5d2a04000000', 'hex'),
    });
    expect(packed.status).toBeGreaterThanOrEqual(400);
    const headers = { 'content-type': 'application/json' };
    const nested = await fetch(`${platform.url}/api/rooms`, {
      method: 'POST',
      headers,
      body: `{"title":${deep(20_000)}}`,
    });
    expect(nested.status).toBe(400);
    const large = await fetch(`${platform.url}/api/rooms`, {
      method: 'POST',
      headers,
      body: `"${'x'.repeat(3_000_000)}"`,
    });
    expect(large.status).toBe(413);
    expect(await platform.room(room.id)).toMatchObject({ status: 'live' });
  });
});

describe('those who take their time', () => {
  // They came first: all that was asked above was answered while they were there.
  it('are closed, with half a request or without a word', async () => {
    await until(() => slow.every(({ isClosed }) => isClosed), { timeoutMs: 60_000, what: 'the end of half requests' });
    expect(await platform.room(room.id)).toMatchObject({ status: 'live' });
  });
});

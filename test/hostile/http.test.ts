import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fetchWhole, HttpFlvPlayer, HttpFlvPublisher } from '../support/flv-client.ts';
import { flvHeader, FlvWireReader, flvTag } from '../support/flv-wire.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, httpAnswer, lastWords, Target } from './target.ts';

const HANDSHAKE_MS = 1500;
const HEADER_BYTES = 16_384;

let target: Target;
let handles: number;

beforeAll(async () => {
  target = await Target.start({ handshakeMs: HANDSHAKE_MS, headerBytes: HEADER_BYTES, playWaitMs: 1000 });
  handles = target.handles();
});
afterEach(async () => {
  await target.unharmed();
  await target.handlesBack(handles);
});
afterAll(async () => target[Symbol.asyncDispose]());

const words = async (text: string | Buffer): Promise<ReturnType<typeof httpAnswer>> =>
  httpAnswer(await lastWords(target.ports.http, text));

function get(path: string, ...headers: string[]): string {
  return `${[`GET ${path} HTTP/1.1`, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`;
}

describe('a request head', () => {
  it('of random bytes is answered 400', async () => {
    for (let round = 0; round < 20; round++) expect((await words(randomBytes(3000))).status).toBe(400);
  });

  it.each([
    { name: 'a NUL in the path', text: get('/live/a\0.flv') },
    { name: 'a NUL in a header', text: get('/live/healthy.flv', 'X: a\0b') },
    {
      name: 'two lengths',
      text: 'POST /live/a.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    },
    {
      name: 'a length and chunks',
      text: 'POST /live/a.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
    { name: 'no Host', text: 'GET /live/healthy.flv HTTP/1.1\r\n\r\n' },
  ])('with $name is answered 400', async ({ text }) => {
    expect((await words(text)).status).toBe(400);
  });

  it('larger than the limit is answered 431', async () => {
    expect((await words(get('/live/a.flv', `X: ${'x'.repeat(HEADER_BYTES)}`))).status).toBe(431);
    expect((await words(get(`/live/${'a'.repeat(HEADER_BYTES)}.flv`))).status).toBe(431);
  });

  it('that takes too long is answered 408, and silence is closed', async () => {
    const began = performance.now();
    const silent = lastWords(target.ports.http, '');
    const slow = await words('GET /live/healthy.flv HTTP/1.1\r\nHost:');
    await silent;
    expect(slow.status).toBe(408);
    expect(performance.now() - began).toBeGreaterThan(HANDSHAKE_MS - 100);
  });
});

describe('an address', () => {
  it.each([
    { path: '/', status: 404, code: 'not_found' },
    { path: '/live/a/b.flv', status: 404, code: 'not_found' },
    { path: '/live/../../etc/passwd', status: 404, code: 'not_found' },
    { path: '/live/%2e%2e%2f%2e%2e%2fetc.flv', status: 400, code: 'invalid_stream_name' },
    { path: '/%2e%2e%2f/a.flv', status: 400, code: 'invalid_stream_name' },
    { path: '/live/%00.flv', status: 400, code: 'invalid_stream_name' },
    { path: '/live/%22%27%20.flv', status: 400, code: 'invalid_stream_name' },
    { path: '/live/%ff.flv', status: 400, code: 'invalid_stream_name' },
    { path: `/live/${'a'.repeat(10_240)}.flv`, status: 400, code: 'invalid_stream_name' },
    { path: `/live/a.flv?token=${'t'.repeat(10_240)}`, status: 400, code: 'invalid_stream_name' },
    { path: '/live/unknown.flv', status: 404, code: 'test_404' },
    { path: '/live/nobody.flv', status: 404, code: 'stream_not_found' },
  ])('$path is answered $status $code', async ({ path, status, code }) => {
    const { status: got, body, headers } = await fetchWhole({ port: target.ports.http, path });
    expect([got, JSON.parse(body)]).toEqual([status, { error: expect.any(String), code }]);
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('%s is no method here', async (method) => {
    const { status, body } = await fetchWhole({ port: target.ports.http, path: '/live/healthy.flv', method });
    expect([status, JSON.parse(body)]).toMatchObject([405, { code: 'method_not_allowed' }]);
  });

  it('HEAD says the status without a body', async () => {
    const head = async (stream: string): Promise<unknown> => {
      const { status, body } = await fetchWhole({
        port: target.ports.http,
        path: `/live/${stream}.flv`,
        method: 'HEAD',
      });
      return [status, body];
    };
    expect(await Promise.all([head('healthy'), head('unknown'), head('nobody'), head('a%20b')])).toEqual([
      [200, ''],
      [404, ''],
      [404, ''],
      [400, ''],
    ]);
  });
});

describe('a socket that plays', () => {
  it.each([
    { name: 'another play', more: get('/live/healthy.flv') },
    { name: 'a request that is refused', more: get('/nothing') },
    { name: 'a hundred of them', more: get('/nothing').repeat(100) },
    { name: 'bytes that are no request', more: '\x00\x01\x02 no http at all\r\n\r\n' },
    {
      name: 'an upgrade',
      more: get(
        '/live/healthy.flv',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ),
    },
  ])('carries nothing but FLV when $name comes behind', async ({ more }) => {
    const socket = net.connect(target.ports.http, '127.0.0.1');
    const received: Buffer[] = [];
    let isClosed = false;
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    socket.on('error', () => {});
    socket.on('close', () => (isClosed = true));
    socket.write(get('/live/healthy.flv'));
    await until(() => Buffer.concat(received).length > 2000);
    socket.write(more);
    const before = Buffer.concat(received).length;
    await until(() => isClosed || Buffer.concat(received).length > before + 3000);
    socket.destroy();
    const bytes = Buffer.concat(received);
    expect(bytes.lastIndexOf('HTTP/1.1')).toBe(0);
    const flv = new FlvWireReader();
    flv.push(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4));
    expect(flv.tags.length).toBeGreaterThan(2);
  });
});

describe('a POST', () => {
  const good = Buffer.concat([flvHeader(), flvTag({ type: 'video', timestamp: 0, body: AVC_CONFIG })]);

  it('without the right is refused before it is read', async () => {
    const publisher = new HttpFlvPublisher({ port: target.ports.http, path: '/live/forbidden.flv' });
    expect(await publisher.answer).toMatchObject({ status: 403, body: expect.stringContaining('test_403') });
  });

  it('to a stream that has a publisher is 409', async () => {
    const publisher = new HttpFlvPublisher({ port: target.ports.http, path: '/live/healthy.flv' });
    expect(await publisher.answer).toMatchObject({ status: 409, body: expect.stringContaining('already_publishing') });
  });

  it.each([
    { name: 'no FLV at all', bytes: Buffer.from('GIF89a, which is a picture') },
    { name: 'a wrong PreviousTagSize0', bytes: Buffer.from('464c5601050000000900000001', 'hex') },
    {
      name: 'a wrong PreviousTagSize',
      bytes: Buffer.concat([
        good,
        flvTag({ type: 'video', timestamp: 40, body: AVC_CONFIG }).fill(0xff, 11 + AVC_CONFIG.length),
      ]),
    },
    { name: 'a tag size one too small', bytes: Buffer.concat([good, shifted(-1), good.subarray(13)]) },
    { name: 'a tag size one too large', bytes: Buffer.concat([good, shifted(1), good.subarray(13)]) },
    { name: 'an unknown tag type', bytes: Buffer.concat([good, Buffer.from('1f00000000000000000000', 'hex')]) },
    {
      name: 'a video header cut short',
      bytes: Buffer.concat([good, flvTag({ type: 'video', timestamp: 0, body: Buffer.from('9168', 'hex') })]),
    },
  ])('of $name is 400 with the reason', async ({ bytes }) => {
    const publisher = new HttpFlvPublisher({ port: target.ports.http, path: '/live/broken.flv' });
    publisher.write(bytes);
    const { status, body } = await publisher.answer;
    expect([status, JSON.parse(body)]).toEqual([400, { code: 'malformed', error: expect.stringMatching(/\w+ \w+/) }]);
  });

  it('that announces 16 MiB over and over and sends none costs nothing', async () => {
    const before = target.rssBytes();
    const header = Buffer.concat([good, Buffer.from('09ffffff00000000000000', 'hex')]);
    const publishers = Array.from(
      { length: 50 },
      (_, number) => new HttpFlvPublisher({ port: target.ports.http, path: `/live/liar-${number}.flv` }),
    );
    for (const publisher of publishers) publisher.write(header);
    const viewer = await HttpFlvPlayer.open({ port: target.ports.http, path: '/live/healthy.flv' });
    await viewer.received(20);
    expect(target.rssBytes() - before).toBeLessThan(64 * 1024 * 1024);
    viewer.close();
    for (const publisher of publishers) publisher.abort();
  });
});

/** A tag whose size field is wrong by some bytes. */
function shifted(by: number): Buffer {
  const tag = flvTag({ type: 'video', timestamp: 40, body: AVC_CONFIG });
  tag.writeUIntBE(AVC_CONFIG.length + by, 1, 3);
  return tag;
}

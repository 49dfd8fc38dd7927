// deploy/haproxy/haproxy.cfg in front of two nodes that only say who they are.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const CONFIG = readFileSync(join(import.meta.dirname, '../../deploy/haproxy/haproxy.cfg'), 'utf8');

/** Says its name over HTTP, and over TCP once it was told for whom; `isReady` is what it says to whoever asks. */
class NamedNode implements AsyncDisposable {
  isReady = true;
  readonly #http: http.Server;
  readonly #tcp: net.Server;

  private constructor(name: string) {
    this.#http = http.createServer(({ url, headers }, response) => {
      const isProbe = url === '/readyz';
      response.writeHead(isProbe && !this.isReady ? 503 : 200, { 'x-seen': String(headers['x-forwarded-proto']) });
      response.end(name);
    });
    this.#tcp = net.createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (header) => socket.end(header.includes('\0\r\nQUIT\n') ? name : 'no PROXY header'));
    });
  }

  static async start(
    name: string,
    address: string,
    { page, rtmp }: { page: number; rtmp: number },
  ): Promise<NamedNode> {
    const node = new NamedNode(name);
    node.#http.listen(page, address);
    node.#tcp.listen(rtmp, address);
    await Promise.all([once(node.#http, 'listening'), once(node.#tcp, 'listening')]);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.closeAllConnections();
    await Promise.all([this.#http, this.#tcp].map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

test('HAProxy: what is not ready gets nothing new, a stream’s HLS is one node’s, and nodes’ own questions are no one’s', async () => {
  using folder = tempDir();
  const ports = { page: await freePort(), rtmp: await freePort() };
  const [plain, secure, ingest] = [await freePort(), await freePort(), await freePort()];
  const { key, cert } = await selfSignedCertificate(folder);
  const pem = folder.file('live.pem');
  writeFileSync(pem, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'));
  const file = folder.file('haproxy.cfg');
  const config = CONFIG.replaceAll('10.0.0.', '127.0.0.')
    .replaceAll('8088', String(ports.page))
    .replaceAll(/(127\.0\.0\.1\d):1935/g, `$1:${ports.rtmp}`)
    .replace('bind :80', `bind 127.0.0.1:${plain}`)
    .replace('bind :443', `bind 127.0.0.1:${secure}`)
    .replace('bind :1935', `bind 127.0.0.1:${ingest}`)
    .replace('/etc/haproxy/certs/live.example.org.pem', pem);
  writeFileSync(file, config);
  await Program.start('/usr/sbin/haproxy', ['-c', '-f', file]).succeeded();
  await using one = await NamedNode.start('one', '127.0.0.11', ports);
  await using _two = await NamedNode.start('two', '127.0.0.12', ports);
  const haproxy = Program.start('/usr/sbin/haproxy', ['-db', '-f', file]);
  await using _stopped = { [Symbol.asyncDispose]: async () => void (await haproxy.stop('SIGKILL')) };

  const ask = (path: string) => get(`https://127.0.0.1:${secure}${path}`);
  const many = async (path: string): Promise<string[]> =>
    [...new Set((await Promise.all(Array.from({ length: 8 }, () => ask(path)))).map(({ body }) => body))].toSorted();
  const speak = async (): Promise<string[]> =>
    [...new Set(await Promise.all(Array.from({ length: 8 }, () => hear(ingest))))].toSorted();
  await until(async () => (await many('/')).join() === 'one,two', {
    what: 'both nodes being asked',
    timeoutMs: 20_000,
  });
  await until(async () => (await speak()).join() === 'one,two', { what: 'both nodes being published to' });
  expect((await ask('/')).headers['x-seen']).toBe('https');
  expect(await get(`http://127.0.0.1:${plain}/x`)).toMatchObject({ status: 302 });
  expect((await ask('/api/internal/nodes')).status).toBe(403);

  // Each part of the configuration looks at the nodes itself.
  const spread = async (): Promise<number> =>
    new Set((await Promise.all(Array.from({ length: 12 }, (_, n) => many(`/live/x${n}.m3u8`)))).flat()).size;
  await until(async () => (await spread()) === 2, { what: 'both nodes being asked for HLS', timeoutMs: 20_000 });
  const owners = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const [owner] = await many(`/live/stream-${n}.m3u8`);
      expect(await many(`/live/stream-${n}/7.m4s?session=x`)).toEqual([owner]);
      return owner;
    }),
  );
  expect(new Set(owners).size).toBe(2);
  expect((await many('/rtc/v1/whep/abc')).length).toBe(1);

  one.isReady = false;
  await until(async () => (await many('/')).join() === 'two' && (await speak()).join() === 'two', {
    what: 'the draining node being left alone',
    timeoutMs: 20_000,
  });
  const left = async (): Promise<string[]> =>
    (await Promise.all(owners.map((_, n) => many(`/live/stream-${n}.m3u8`)))).flat();
  await until(async () => (await left()).every((node) => node === 'two'), {
    what: 'its streams being asked for elsewhere',
    timeoutMs: 20_000,
  });
});

async function get(url: string): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> {
  const request = (url.startsWith('https') ? https : http).get(url, { agent: false, rejectUnauthorized: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const body = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode ?? 0, body, headers: response.headers };
}

async function hear(port: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  return Buffer.concat(await socket.toArray()).toString();
}

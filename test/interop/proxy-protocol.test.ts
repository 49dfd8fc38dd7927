// HAProxy in front of RTMP and RTMPS, speaking for clients by the PROXY protocol.
import net from 'node:net';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { RtmpClient, type RtmpClientOptions } from '../support/rtmp-client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

/** What the platform is told, where HAProxy's checks speak for themselves. */
const WAYS = { plain: 'send-proxy', plain2: 'send-proxy-v2', secure: 'send-proxy', secure2: 'send-proxy-v2' } as const;
type Way = keyof typeof WAYS;

const folder = tempDir();
const ports = {} as Record<Way, number>;
/** Of whoever asked to publish. */
const addresses: string[] = [];
let media: LocalMediaServer;
let haproxy: Program;

beforeAll(async () => {
  media = await LocalMediaServer.start({
    tls: await selfSignedCertificate(folder),
    proxies: ['10.0.0.0/8', '127.0.0.1', '2001:db8::/32'],
    limits: { handshakeMs: 1500, connectionsPerAddress: 3 },
    authorizePublish: ({ address, param }) => {
      addresses.push(address);
      return Promise.resolve({ action: 'publish', credential: param });
    },
  });
  for (const way of Object.keys(WAYS) as Way[]) ports[way] = await freePort();
  const parts = (Object.keys(WAYS) as Way[]).map((way) => {
    const port = way.startsWith('secure') ? media.ports.rtmps : media.ports.rtmp;
    const [bind, check] = [`127.0.0.1:${ports[way]}`, 'check check-send-proxy inter 200'];
    return `listen ${way}\n    bind ${bind}\n    server media 127.0.0.1:${port} ${WAYS[way]} ${check}\n`;
  });
  const timeouts = 'timeout connect 5s\n    timeout client 1m\n    timeout server 1m';
  const file = folder.file('haproxy.cfg');
  writeFileSync(file, `defaults\n    mode tcp\n    ${timeouts}\n${parts.join('')}`);
  haproxy = Program.start('/usr/sbin/haproxy', ['-db', '-f', file]);
  for (const port of Object.values(ports)) await until(() => isOpen(port), { what: 'HAProxy' });
});

afterAll(async () => {
  await haproxy?.stop('SIGKILL');
  await media?.stop();
  folder[Symbol.dispose]();
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.destroy());
    socket.on('close', (hadError) => resolve(!hadError));
    socket.on('error', () => undefined);
  });
}

/** The address that publishing was asked for. */
async function publishes(name: string, options: RtmpClientOptions): Promise<string | undefined> {
  const client = await RtmpClient.connect(options);
  await client.publish(name);
  client.socket.destroy();
  return addresses.at(-1);
}

describe.each(Object.keys(WAYS) as Way[])('by %s', (way) => {
  test('a publisher has its own address', async () => {
    const options = { port: ports[way], tls: way.startsWith('secure') };
    expect(await publishes(`${way}-1`, { ...options, localAddress: '127.0.0.21' })).toBe('127.0.0.21');
    expect(await publishes(`${way}-2`, { ...options, localAddress: '127.0.0.22' })).toBe('127.0.0.22');
  });
});

test('who comes from elsewhere speaks for nobody, and needs no header', async () => {
  const options = { port: media.ports.rtmp, localAddress: '127.0.0.9' };
  expect(await publishes('direct', options)).toBe('127.0.0.9');
  const liar = await RtmpClient.open(options);
  liar.write(Buffer.from('PROXY TCP4 8.8.8.8 127.0.0.1 5000 1935\r\n'));
  await liar.closed;
});

test('addresses of both versions are told as they are everywhere else; limits count them', async () => {
  const said = async (header: string, name: string): Promise<string | undefined> => {
    const client = await RtmpClient.open({ port: media.ports.rtmp });
    client.write(Buffer.from(header));
    await client.handshake();
    await client.connectApp('live');
    await client.publish(name);
    return addresses.at(-1);
  };
  expect(await said('PROXY TCP6 2001:db8::7 ::1 5000 1935\r\n', 'six')).toBe('2001:db8::7');
  for (let count = 1; count <= 3; count++)
    expect(await said('PROXY TCP4 8.8.4.4 127.0.0.1 5000 1935\r\n', `many-${count}`)).toBe('8.8.4.4');
  await expect(said('PROXY TCP4 8.8.4.4 127.0.0.1 5000 1935\r\n', 'many-4')).rejects.toThrow(
    /closed|handshake|ECONNRESET|EPIPE/i,
  );
  expect(await said('PROXY TCP4 8.8.8.8 127.0.0.1 5000 1935\r\n', 'another')).toBe('8.8.8.8');
});

test('a proxy that sends none, or half of one, or rubbish is closed, and nobody else', async () => {
  for (const bytes of ['', 'PROXY TCP4 8.8.', '\x03rtmp without a header', 'PROXY TCP4 x y 1 2\r\n']) {
    const client = await RtmpClient.open({ port: media.ports.rtmp });
    client.write(Buffer.from(bytes));
    await client.closed;
  }
  expect(await publishes('after', { port: ports.plain, localAddress: '127.0.0.31' })).toBe('127.0.0.31');
  expect(media.errors).toEqual([]);
});

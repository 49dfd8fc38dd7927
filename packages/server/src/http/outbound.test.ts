import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { isPublicAddress } from '@kaibo/media';
import { INSIDE_HOSTS } from '../../test/support/inside-hosts.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import { Outbound, OutboundError, type Address } from './outbound.ts';

const strict = new Outbound({ isPublic: isPublicAddress, allowPrivate: [], timeoutMs: 5000 });
const message = { headers: { 'content-type': 'application/json' }, body: '{}' };
const ofLocalhost = (
  allowPrivate: readonly string[],
  resolve?: (host: string) => Promise<readonly Address[]>,
): Outbound => new Outbound({ isPublic: isPublicAddress, allowPrivate, timeoutMs: 5000, resolve });

test.each(INSIDE_HOSTS)('%s is not reached', async (host) => {
  const url = `http://${host}/latest/meta-data/`;
  await expect(strict.post(url, message)).rejects.toMatchObject({ code: 'address_refused' });
  await expect(strict.check(url)).rejects.toMatchObject({ code: 'address_refused' });
});

test.each([301, 302, 303, 307, 308])('%d is an answer, and is not followed', async (status) => {
  const inside = await startReceiver();
  const redirecting = await startServer(
    (_request, answer) => void answer.writeHead(status, { location: inside.url }).end(),
  );
  // Not even to where it could be.
  expect(await ofLocalhost(['127.0.0.1']).post(redirecting, message)).toBe(status);
  expect(inside.received).toEqual([]);
});

test.each(['metadata.google.internal', 'localtest.me', 'internal.example.org'])(
  '%s, a name that leads inside, is not reached',
  async (host) => {
    for (const address of ['169.254.169.254', '127.0.0.1', '::1', '::ffff:10.0.0.1', 'fd00:ec2::254']) {
      const outbound = ofLocalhost([], async () => [{ address, family: address.includes(':') ? 6 : 4 }]);
      await expect(outbound.post(`https://${host}/`, message)).rejects.toMatchObject({ code: 'address_refused' });
      await expect(outbound.check(`https://${host}/`)).rejects.toMatchObject({ code: 'address_refused' });
    }
  },
);

test.each([
  'http://8.8.8.8:0/',
  'gopher://8.8.8.8/',
  'javascript:alert(1)',
  'ftp://8.8.8.8/',
  'file:///etc/passwd',
  'http://user:pw@8.8.8.8/',
  'http://user@8.8.8.8/',
  'nothing',
  '',
])('%j is no address to post to', async (url) =>
  expect(strict.post(url, message)).rejects.toMatchObject({ code: 'bad_url' }),
);

test('a host that has public and private addresses is reached by the public ones only', async () => {
  const receiver = await startReceiver();
  const both = [
    { address: '10.0.0.1', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];
  const outbound = ofLocalhost(['127.0.0.1/32'], async () => both);
  expect(await outbound.post(`http://hooks.example.org:${receiver.port}/x`, message)).toBe(204);
  expect(receiver.received[0]?.headers.host).toBe(`hooks.example.org:${receiver.port}`);
});

test('a host is resolved once: what its name says after the check is not asked', async () => {
  const receiver = await startReceiver();
  let asked = 0;
  // Allowed the first time, the inside of the network afterwards: the classic rebinding.
  const resolve = async (): Promise<Address[]> => [
    { address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 },
  ];
  const outbound = ofLocalhost(['127.0.0.1'], resolve);
  const url = `http://rebind.example.org:${receiver.port}/`;
  expect(await outbound.post(url, message)).toBe(204);
  expect(asked).toBe(1);
  await expect(outbound.post(url, message)).rejects.toMatchObject({ code: 'address_refused' });
  expect(receiver.received).toHaveLength(1);
});

test('of a huge answer, a bomb or one without end only the status is taken', async () => {
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 500 });
  let sent = 0;
  const huge = await startServer((_request, answer) => {
    const more = (): void => {
      for (let isRoom = true; isRoom && !answer.destroyed; sent += 65_536) isRoom = answer.write(Buffer.alloc(65_536));
    };
    answer.writeHead(202).on('drain', more);
    more();
  });
  expect(await outbound.post(huge, message)).toBe(202);
  // What the sockets of both ends hold, and no more.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
  const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024));
  const packed = await startServer((_request, answer) =>
    answer.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  );
  expect(await outbound.post(packed, message)).toBe(200);
  const dripping = await startServer((_request, answer) => {
    const timer = setInterval(() => answer.write('.'), 20);
    answer.writeHead(200).on('close', () => clearInterval(timer));
  });
  const began = performance.now();
  expect(await outbound.post(dripping, message)).toBe(200);
  expect(performance.now() - began).toBeGreaterThan(300);
  // Whose head drips has not said anything.
  const silent = await startServer((request) => {
    const timer = setInterval(() => request.socket.write('H'), 20);
    request.socket.on('close', () => clearInterval(timer)).on('error', () => {});
  });
  await expect(outbound.post(silent, message)).rejects.toBeInstanceOf(OutboundError);
});

test('what is under way when the platform stops is broken off, and nothing else begins', async () => {
  const arrived = Promise.withResolvers<void>();
  const mute = await startServer(() => arrived.resolve());
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 60_000 });
  const posting = Promise.allSettled([outbound.post(mute, message)]);
  await arrived.promise;
  outbound.stop();
  expect(await posting).toMatchObject([{ status: 'rejected', reason: { code: 'stopping' } }]);
  await expect(outbound.post('http://8.8.8.8/', message)).rejects.toMatchObject({ code: 'stopping' });
  await expect(outbound.check('http://one.example.org/')).rejects.toMatchObject({ code: 'stopping' });
});

test('a name that is not known, a port where nobody listens', async () => {
  const unknown = ofLocalhost([], async (host) => lookup(`${host}.invalid`, { all: true }));
  await expect(unknown.post('http://nowhere/', message)).rejects.toMatchObject({ code: 'host_not_found' });
  const receiver = await startReceiver();
  await receiver.close();
  await expect(ofLocalhost(['127.0.0.1']).post(receiver.url, message)).rejects.toMatchObject({
    code: 'connection_failed',
  });
});

test('a resolver or receiver that never answers is waited for only so long', async () => {
  const deps = { isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 100 };
  const mute = new Outbound({ ...deps, resolve: () => new Promise(() => {}) });
  await expect(mute.post('http://slow.example.org/', message)).rejects.toMatchObject({ code: 'timeout' });
});

/** Answers its address. */
async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

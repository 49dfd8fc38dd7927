import { lookup } from 'node:dns/promises';
import { expect, test } from 'vitest';
import { isPublicAddress } from '@kaibo/media';
import { startReceiver } from '../../../test/support/receiver.ts';
import { Outbound, type Address } from './outbound.ts';

const strict = new Outbound({ isPublic: isPublicAddress, allowPrivate: [], timeoutMs: 5000 });
const message = { headers: { 'content-type': 'application/json' }, body: '{}' };
const ofLocalhost = (
  allowPrivate: readonly string[],
  resolve?: (host: string) => Promise<readonly Address[]>,
): Outbound => new Outbound({ isPublic: isPublicAddress, allowPrivate, timeoutMs: 5000, resolve });

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[fe80::1]/',
  'http://[fd00::1]/',
  'http://[ff02::1]/',
  'http://0.0.0.0/',
  'http://10.0.0.1/',
  'http://100.64.0.1/',
  'http://192.168.0.1/',
  'http://172.31.255.255/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://localhost/',
  'http://①②⑦.⓪.⓪.①/',
])('%s is not reached', async (url) => {
  await expect(strict.post(url, message)).rejects.toMatchObject({ code: 'address_refused' });
  await expect(strict.check(url)).rejects.toMatchObject({ code: 'address_refused' });
});

test.each(['ftp://8.8.8.8/', 'file:///etc/passwd', 'http://user:pw@8.8.8.8/', 'http://user@8.8.8.8/', 'nothing', ''])(
  '%j is no address to post to',
  async (url) => expect(strict.post(url, message)).rejects.toMatchObject({ code: 'bad_url' }),
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

test('a redirect is an answer, and is not followed', async () => {
  const receiver = await startReceiver();
  for (const status of [301, 302, 307, 308]) {
    receiver.answer = () => status;
    expect(await ofLocalhost(['127.0.0.1']).post(receiver.url, message)).toBe(status);
  }
  expect(receiver.received).toHaveLength(4);
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

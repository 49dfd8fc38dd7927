import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { selfSignedCertificate } from '../../../../test/support/certificate.ts';
import { certificateOf } from '../../../../test/support/tls-port.ts';
import { until } from '../../../../test/support/until.ts';
import { tempFolder } from '../../test/harness.ts';
import { CertificateWatch, readCertificate, secureContextOf } from './certificates.ts';
import { OperatorError } from './operator-error.ts';

const DAY_MS = 86_400_000;
const NOT_USED = 'the new certificate is not used; the one before goes on';

interface Pair {
  key: string;
  cert: string;
}

function makePair(folder = tempFolder(), days = 90): Promise<Pair> {
  mkdirSync(folder, { recursive: true });
  return selfSignedCertificate({ file: (name) => join(folder, name) }, { days });
}

const fingerprintOf = ({ cert }: Pair): string => new X509Certificate(readFileSync(cert)).fingerprint256;

function copyPair(from: Pair, to: Pair): void {
  copyFileSync(from.key, to.key);
  copyFileSync(from.cert, to.cert);
}

/** A watched HTTPS server with what it logged; `refusal` is what the media server would say. */
async function watched(files: Pair) {
  const server = createServer(secureContextOf(readCertificate(files, Date.now())));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lines: { level: number; msg: string; reason?: string; days?: number }[] = [];
  const others: { refusal?: Error; asked: number } = { asked: 0 };
  const reloadOthers = async (): Promise<void> => {
    others.asked += 1;
    if (others.refusal !== undefined) throw others.refusal;
  };
  const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
  const watch = new CertificateWatch({
    files,
    servers: [server],
    reloadOthers,
    logger,
    now: Date.now,
    lookEveryMs: 10,
  });
  onTestFinished(() => {
    watch.close();
    server.close();
  });
  const shown = (): Promise<string> => certificateOf((server.address() as AddressInfo).port);
  const said = (message: string): Promise<true> =>
    until(() => lines.some(({ msg }) => msg === message), { what: message });
  return { watch, lines, others, shown, said };
}

test('a swapped link, as certbot does it, is seen', async () => {
  const folder = tempFolder();
  const [old, next] = [await makePair(join(folder, '1')), await makePair(join(folder, '2'))];
  const live = join(folder, 'live');
  symlinkSync('1', live);
  const { shown } = await watched({ key: join(live, 'key.pem'), cert: join(live, 'cert.pem') });
  expect(await shown()).toBe(fingerprintOf(old));
  symlinkSync('2', `${live}.new`);
  renameSync(`${live}.new`, live);
  await until(async () => (await shown()) === fingerprintOf(next), { what: 'the other folder being used' });
});

test.each<{ name: string; spoil(files: Pair, next: Pair): void }>([
  { name: 'nonsense', spoil: ({ cert }) => writeFileSync(cert, 'nonsense') },
  { name: 'the key of another', spoil: (files, next) => copyFileSync(next.key, files.key) },
  {
    name: 'a chain that breaks off',
    spoil: ({ cert }) => writeFileSync(cert, `${readFileSync(cert, 'utf8')}-----BEGIN CERTIFICATE-----\nAAAA\n`),
  },
])('$name changes nothing, is said once, and does not stop the next', async ({ spoil }) => {
  const [files, next] = [await makePair(), await makePair()];
  const old = fingerprintOf(files);
  const { shown, lines, others, said } = await watched(files);
  spoil(files, next);
  await said(NOT_USED);
  expect(await shown()).toBe(old);
  expect(others.asked).toBe(0);
  copyPair(next, files);
  await until(async () => (await shown()) === fingerprintOf(next), { what: 'the whole pair being used' });
  // The copy is two writes, and a look between them may be one more.
  expect(lines.filter(({ msg }) => msg === NOT_USED).length).toBeLessThanOrEqual(2);
});

test('when the media server refuses it, the page keeps the old one too', async () => {
  const [files, next] = [await makePair(), await makePair()];
  const old = fingerprintOf(files);
  const { shown, others, said, lines } = await watched(files);
  others.refusal = new Error('not this one');
  copyPair(next, files);
  await said(NOT_USED);
  await until(() => lines.some(({ reason }) => reason === 'not this one'), { what: 'the reason' });
  expect(await shown()).toBe(old);
});

test('new rights on a file are a change', async () => {
  const files = await makePair();
  const { others } = await watched(files);
  chmodSync(files.key, 0o640);
  await until(() => others.asked > 0, { what: 'the files being read again' });
  expect(others.asked).toBe(1);
});

test('days left: told, and a warning below 14', async () => {
  const [files, short] = [await makePair(), await makePair(undefined, 13)];
  const { watch, lines, said } = await watched(files);
  expect(lines).toMatchObject([{ level: 30, days: 89, msg: 'the certificate is in use' }]);
  copyPair(short, files);
  await watch.reload();
  await said('the certificate ends soon');
  expect(lines.find(({ msg }) => msg === 'the certificate ends soon')).toMatchObject({ level: 40, days: 12 });
});

test('what a start refuses, in one line', async () => {
  const [files, other] = [await makePair(), await makePair()];
  const read =
    (pair: Pair, now = Date.now()) =>
    () =>
      readCertificate(pair, now);
  expect(read(files)).not.toThrow();
  expect(read(files, Date.now() + 91 * DAY_MS)).toThrow(/^tls.key and tls.cert cannot be used: the certificate ended/);
  expect(read({ ...files, key: other.key })).toThrow(/the key is not the one of the certificate/);
  expect(read({ ...files, key: '/nowhere' })).toThrow(OperatorError);
});

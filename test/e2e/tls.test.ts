// With a certificate everything has its TLS port, and a page that came by HTTPS is given secure addresses.
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { startMediaServer } from '../support/media-process.ts';
import { startPlatform, type TestRoom } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { tempDir } from '../support/temp-dir.ts';
import { certificateOf } from '../support/tls-port.ts';
import { until } from '../support/until.ts';

const FREE_TLS_PORTS = ['--https.port=0', '--media.rtmps.port=0', '--media.https.port=0'];

interface Answer {
  status: number | undefined;
  firstBytes: Buffer;
}

/** One request over TLS to a self-signed server, up to the first `wantBytes` of the answer. */
function ask(
  url: string,
  { method = 'GET', body, wantBytes = 1 }: { method?: string; body?: string; wantBytes?: number } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const request = https.request(url, { method, headers, rejectUnauthorized: false }, (response) => {
      const parts: Buffer[] = [];
      const done = (): void => resolve({ status: response.statusCode, firstBytes: Buffer.concat(parts) });
      response.on('data', (part: Buffer) => {
        parts.push(part);
        if (Buffer.concat(parts).length < wantBytes) return;
        done();
        request.destroy();
      });
      response.on('end', done);
    });
    request.on('error', reject);
    request.end(body);
  });
}

test('the page, its room and FLV over TLS', async () => {
  using folder = tempDir();
  const { key, cert } = await selfSignedCertificate(folder);
  await using platform = await startPlatform(...FREE_TLS_PORTS, `--tls.key=${key}`, `--tls.cert=${cert}`);
  const [, port] = await platform.program.saw(/"https":(\d+)/);
  const url = `https://localhost:${port}`;
  const created = await ask(`${url}/api/rooms`, { method: 'POST', body: '{"title":"加密"}', wantBytes: Infinity });
  const room = JSON.parse(created.firstBytes.toString()) as TestRoom;
  expect(room.playUrls.flv).toMatch(/^https:/);
  expect(room.playUrls.wsFlv).toMatch(/^wss:/);

  await using _encoder = publishTestPicture(room.publishUrls.rtmp);
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  const { status, firstBytes } = await ask(room.playUrls.flv, { wantBytes: 10_000 });
  expect(status).toBe(200);
  expect(firstBytes.subarray(0, 4)).toEqual(Buffer.from('FLV\x01', 'latin1'));
  expect((await ask(`${url}/healthz`)).status).toBe(200);
});

test('a renewed certificate is taken over without a restart, a broken one is not', async () => {
  using folder = tempDir();
  using renewed = tempDir();
  const files = await selfSignedCertificate(folder);
  const next = await selfSignedCertificate(renewed);
  const rtmps = await freePort();
  const [api, metrics] = [await freePort(), await freePort()];
  const ports = [
    ...['--https.port=0', `--media.rtmps.port=${rtmps}`, '--media.https.port=0'],
    ...[`--media.api.port=${api}`, '--media.api.secret=4f0c9a7e51d2b836'],
    ...[`--metrics.port=${metrics}`, '--metrics.tls=true'],
  ];
  await using platform = await startPlatform(...ports, `--tls.key=${files.key}`, `--tls.cert=${files.cert}`);
  const { program } = platform;
  const page = Number((await program.saw(/"https":(\d+)/))[1]);
  const body = '{"title":"换证"}';
  const created = await ask(`https://localhost:${page}/api/rooms`, { method: 'POST', body, wantBytes: Infinity });
  const room = JSON.parse(created.firstBytes.toString()) as TestRoom;
  const all = [page, rtmps, Number(new URL(room.playUrls.wsFlv).port), api, metrics];
  const old = fingerprintOf(files.cert);
  expect(await Promise.all(all.map((port) => certificateOf(port)))).toEqual(all.map(() => old));
  const socket = await RawWebSocket.open({ port: page, path: '/ws', tls: true });
  const encoder = await RtmpClient.connect({ port: rtmps, tls: true });

  copyFileSync(next.key, files.key);
  copyFileSync(next.cert, files.cert);
  const fresh = fingerprintOf(next.cert);
  for (const port of all) await until(async () => (await certificateOf(port)) === fresh, { what: `${port} renewed` });
  socket.send('text', Buffer.from('{"type":"ping"}'));
  await until(() => socket.messages.some(({ payload }) => payload.includes('"pong"')), { what: 'the old socket' });
  await encoder.createStream();

  writeFileSync(files.cert, 'no certificate at all');
  await program.saw(/the new certificate is not used/);
  expect(await Promise.all(all.map((port) => certificateOf(port)))).toEqual(all.map(() => fresh));
  // The security level lets this client offer 1.1 at all, so that it is the server who refuses.
  const ancient = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  for (const port of all) await expect(certificateOf(port, ancient)).rejects.toThrow(/alert protocol version/);
  socket.destroy();
  encoder.socket.destroy();
});

test.each([
  { name: 'a half-written pair', spoil: (files: Files, next: Files) => copyFileSync(next.key, files.key) },
  { name: 'no certificate', spoil: (files: Files) => writeFileSync(files.cert, 'nonsense') },
])('kaibo-media: SIGHUP with $name costs nothing, with a whole one renews', async ({ spoil }) => {
  using folder = tempDir();
  using renewed = tempDir();
  const files = await selfSignedCertificate(folder);
  const next = await selfSignedCertificate(renewed);
  const flags = [
    '--rtmps.port=0',
    '--https.port=0',
    '--workers=2',
    `--tls.key=${files.key}`,
    `--tls.cert=${files.cert}`,
  ];
  await using media = await startMediaServer(...flags);
  const { program } = media;
  const [, rtmps, https] = (await program.saw(/"rtmps":(\d+),"https":(\d+)/)).map(Number);
  const all = [rtmps ?? 0, https ?? 0];
  const old = fingerprintOf(files.cert);
  spoil(files, next);
  program.child.kill('SIGHUP');
  await program.saw(/the new certificate is not used/);
  expect(await Promise.all(all.map((port) => certificateOf(port)))).toEqual([old, old]);

  copyFileSync(next.key, files.key);
  copyFileSync(next.cert, files.cert);
  program.child.kill('SIGHUP');
  await program.saw(/the certificate was read again/);
  const fresh = fingerprintOf(next.cert);
  for (const port of all) await until(async () => (await certificateOf(port)) === fresh, { what: `${port} renewed` });
  expect(program.output).not.toMatch(/a media worker/);
});

interface Files {
  key: string;
  cert: string;
}

function fingerprintOf(cert: string): string {
  return new X509Certificate(readFileSync(cert)).fingerprint256;
}

// With a certificate everything has its TLS port, and a page that came by HTTPS is given secure addresses.
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { startPlatform, type TestRoom } from '../support/platform.ts';
import { tempDir } from '../support/temp-dir.ts';
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

/** The certificate that a new connection is shown, and the connection. */
async function shown(port: number): Promise<{ fingerprint: string; socket: tls.TLSSocket }> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  return { fingerprint: socket.getPeerCertificate().fingerprint256, socket };
}

async function fingerprint(port: number): Promise<string> {
  const { fingerprint: print, socket } = await shown(port);
  socket.destroy();
  return print;
}

test('a renewed certificate is taken over without a restart, a broken one is not', async () => {
  using folder = tempDir();
  using renewed = tempDir();
  const files = await selfSignedCertificate(folder);
  const next = await selfSignedCertificate(renewed);
  await using platform = await startPlatform(...FREE_TLS_PORTS, `--tls.key=${files.key}`, `--tls.cert=${files.cert}`);
  const [, port] = await platform.program.saw(/"https":(\d+)/);
  const room = JSON.parse(
    (
      await ask(`https://localhost:${port}/api/rooms`, { method: 'POST', body: '{"title":"x"}', wantBytes: Infinity })
    ).firstBytes.toString(),
  ) as TestRoom;
  const mediaPort = Number(new URL(room.playUrls.flv).port);
  const before = await shown(Number(port));
  expect(await fingerprint(mediaPort)).toBe(before.fingerprint);

  copyFileSync(next.key, files.key);
  copyFileSync(next.cert, files.cert);
  for (const each of [Number(port), mediaPort]) {
    await until(async () => (await fingerprint(each)) !== before.fingerprint, { what: `port ${each} being renewed` });
  }
  const after = await fingerprint(Number(port));
  expect(await fingerprint(mediaPort)).toBe(after);
  before.socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = (await once(before.socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200/);
  before.socket.destroy();

  writeFileSync(files.cert, 'no certificate at all');
  await platform.program.saw(/the new certificate is not used/);
  expect(await fingerprint(Number(port))).toBe(after);
});

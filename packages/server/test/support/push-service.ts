import { createECDH, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { onTestFinished } from 'vitest';
import { selfSignedCertificate } from '../../../../test/support/certificate.ts';
import { tempFolder } from '../harness.ts';
import { decryptPush } from './push-decryption.ts';

export interface ReceivedPush {
  headers: IncomingHttpHeaders;
  /** Decrypted with the browser's keys. */
  message: unknown;
  /** Claims of the VAPID token, verified by the key that it brings. */
  claims: Record<string, unknown>;
}

/** A push service with one browser. */
export interface PushService {
  endpoint: string;
  /** What the browser gives to whoever may push to it. */
  keys: { p256dh: string; auth: string };
  /** PEM. */
  ca: string;
  received: ReceivedPush[];
  answer: () => number;
}

/** Speaks RFC 8030 over TLS, and decrypts what it gets as the browser would (RFC 8291). */
export async function startPushService(): Promise<PushService> {
  const folder = tempFolder();
  const files = await selfSignedCertificate({ file: (name) => join(folder, name) });
  const browser = createECDH('prime256v1');
  const publicKey = browser.generateKeys();
  const auth = randomBytes(16);
  const ca = readFileSync(files.cert, 'utf8');
  const server = createServer({ key: readFileSync(files.key), cert: ca }, (request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const record = Buffer.concat(chunks);
      void verifyVapid(String(request.headers.authorization)).then((claims) => {
        const message: unknown = JSON.parse(decryptPush(record, { browser, auth }).toString());
        service.received.push({ headers: request.headers, message, claims });
        answer.writeHead(service.answer()).end();
      });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const service: PushService = {
    ...{ endpoint: `https://127.0.0.1:${port}/push/browser`, ca, received: [], answer: () => 201 },
    keys: { p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
  };
  return service;
}

/** RFC 8292: `vapid t=JWT, k=KEY`. */
async function verifyVapid(authorization: string): Promise<Record<string, unknown>> {
  const [, token = '', key = ''] = /^vapid t=([^,]+), k=(\S+)$/.exec(authorization) ?? [];
  const point = Buffer.from(key, 'base64url');
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url'));
  const { payload } = await jwtVerify(
    token,
    await crypto.subtle.importKey(
      'jwk',
      { kty: 'EC', crv: 'P-256', x, y },
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['verify'],
    ),
  );
  return { ...payload, key };
}

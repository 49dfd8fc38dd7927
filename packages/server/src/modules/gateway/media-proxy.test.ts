import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { makeCallerOf } from './caller.ts';
import { addMediaProxy } from './media-proxy.ts';

/** The gateway's proxy alone, before a media server that keeps what it is asked with. */
async function startProxy({ maxStreams = 10, hookMs = 0 } = {}) {
  const asked: IncomingHttpHeaders[] = [];
  const media: Server = createServer((request, response) => {
    asked.push(request.headers);
    response.writeHead(200, { 'content-type': 'video/x-flv' });
    response.write('FLV');
  });
  media.listen(0, '127.0.0.1');
  await once(media, 'listening');
  const { port } = media.address() as AddressInfo;
  const app = fastify();
  if (hookMs > 0) app.addHook('onRequest', async () => new Promise((resolve) => setTimeout(resolve, hookMs)));
  app.decorateRequest('account', undefined);
  addMediaProxy(app, {
    callerOf: makeCallerOf({ trustProxy: false }),
    target: () => ({ host: '127.0.0.1', port }),
    maxStreams,
    maxPerAddress: 10,
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    media.closeAllConnections();
    media.close();
    app.server.closeAllConnections();
    await app.close();
  });
  return { url, asked };
}

async function watch(url: string, headers: Record<string, string> = {}): Promise<{ status: number; leave(): void }> {
  const abort = new AbortController();
  const { status } = await fetch(`${url}/live/stream.flv`, { headers, signal: abort.signal });
  return { status, leave: () => abort.abort() };
}

test('the media server is told the address, and neither the login nor what is of one hop', async () => {
  const { url, asked } = await startProxy();
  const { leave } = await watch(url, { cookie: 'kaibo_access=secret', 'x-forwarded-for': '1.2.3.4', 'x-kept': 'yes' });
  leave();
  expect(asked[0]).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-kept': 'yes' });
  expect(asked[0]).not.toHaveProperty('cookie');
});

test('places are given back, also by those who left before they were let in', async () => {
  const { url } = await startProxy({ maxStreams: 1, hookMs: 50 });
  const { port } = new URL(url);
  for (let n = 0; n < 5; n++) {
    const hasty = connect(Number(port), '127.0.0.1');
    await once(hasty, 'connect');
    hasty.write('GET /live/stream.flv HTTP/1.1\r\nHost: localhost\r\n\r\n');
    hasty.destroy();
  }
  await expect.poll(() => watch(url), { timeout: 5000 }).toMatchObject({ status: 200 });
});

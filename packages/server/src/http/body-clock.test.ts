import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { letBodyFlow, limitBodies } from './body-clock.ts';

const BODY_MS = 500;

/** Answers how much came; `/flow` may take its time. */
async function start(): Promise<(head: string) => Socket> {
  const server = createServer(
    limitBodies(
      (request, response) => {
        if (request.url === '/flow') letBodyFlow(request, { bytes: 10, everyMs: BODY_MS });
        void text(request).then(
          (body) => response.end(`got ${body.length}`),
          () => {},
        );
      },
      { bodyMs: BODY_MS },
    ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (head) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(`${head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n`);
    return socket;
  };
}

test('a body that does not come to an end is answered 408, and its connection ends', async () => {
  const open = await start();
  const slow = open('POST /');
  slow.write('content-length: 10\r\n\r\nhello');
  expect(await text(slow)).toMatch(/^HTTP\/1\.1 408 /);
  const chunks = open('POST /');
  chunks.write('transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n');
  expect(await text(chunks)).toMatch(/^HTTP\/1\.1 408 /);
  const whole = open('POST /');
  whole.write('content-length: 5\r\n\r\nhello');
  expect(await text(whole)).toContain('got 5');
  const none = open('GET /');
  none.write('\r\n');
  expect(await text(none)).toContain('got 0');
});

test('one that may flow does so for longer, and ends when it stands still', async () => {
  const open = await start();
  const flowing = open('POST /flow');
  flowing.write('content-length: 2000\r\n\r\n');
  const answer = text(flowing);
  const endMs = performance.now() + BODY_MS * 3;
  let sent = 0;
  for (; performance.now() < endMs; sent += 10) {
    flowing.write('x'.repeat(10));
    await delay(20);
  }
  flowing.write('x'.repeat(2000 - sent));
  expect(await answer).toContain('got 2000');
  const still = open('POST /flow');
  still.write('content-length: 2000\r\n\r\nhello');
  expect(await text(still)).toBe('');
});

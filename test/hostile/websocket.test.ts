import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { flvHeader, flvTag } from '../support/flv-wire.ts';
import { RawWebSocket } from '../support/raw-websocket.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, httpAnswer, lastWords, numberedFrame, Target } from './target.ts';

const MB = 1024 * 1024;
const GOOD = Buffer.concat([flvHeader({ audio: false }), flvTag({ type: 'video', timestamp: 0, body: AVC_CONFIG })]);

let target: Target;
let handles: number;

beforeAll(async () => {
  target = await Target.start({ playWaitMs: 5000, publisherIdleMs: 3000 });
  handles = target.handles();
});
afterEach(async () => {
  await target.unharmed();
  await target.handlesBack(handles);
});
afterAll(async () => target[Symbol.asyncDispose]());

const publish = (stream = 'w'): Promise<RawWebSocket> =>
  RawWebSocket.open({ port: target.ports.http, path: `/publish?app=live&stream=${stream}` });
const play = (): Promise<RawWebSocket> => RawWebSocket.open({ port: target.ports.http, path: '/live/healthy.flv' });

/** What the server said last. A test's client must close its own end as well. */
async function ending(socket: RawWebSocket): Promise<{ code: number; reason: string } | undefined> {
  const frame = await socket.closed();
  socket.destroy();
  return frame;
}

describe('a WebSocket publisher', () => {
  it('that sends text is closed with 1003', async () => {
    const socket = await publish();
    socket.sendBinary(GOOD);
    socket.send('text', Buffer.from('hello'));
    expect(await ending(socket)).toEqual({ code: 1003, reason: expect.stringMatching(/binary/) });
  });

  it.each([
    { name: 'no FLV', bytes: Buffer.from('{"type":"publish"}') },
    { name: 'FLV of version 2', bytes: Buffer.from('464c5602050000000900000000', 'hex') },
    {
      name: 'a wrong PreviousTagSize',
      bytes: Buffer.concat([GOOD, Buffer.from('0900000100000000000000170000ffff', 'hex')]),
    },
    { name: 'an unknown tag type', bytes: Buffer.concat([GOOD, Buffer.from('ff00000000000000000000', 'hex')]) },
    {
      name: 'a video header cut short',
      bytes: Buffer.concat([GOOD, flvTag({ type: 'video', timestamp: 0, body: Buffer.from('9168', 'hex') })]),
    },
    { name: 'random bytes', bytes: Buffer.concat([Buffer.from('no'), randomBytes(10_000)]) },
  ])('of $name is closed with 1007 and a reason', async ({ bytes }) => {
    const socket = await publish();
    socket.sendBinary(bytes);
    const frame = await ending(socket);
    expect(frame?.code).toBe(1007);
    expect(frame?.reason.length).toBeGreaterThan(10);
  });

  it('of a 100 MB frame is closed with 1009 before it has come', async () => {
    const before = target.rssBytes();
    const socket = await publish();
    const head = Buffer.from('82ff0000000006400000' + '01020304', 'hex');
    socket.socket.write(Buffer.concat([head, Buffer.alloc(MB)]));
    expect(await ending(socket)).toMatchObject({ code: 1009 });
    expect(target.rssBytes() - before).toBeLessThan(32 * MB);
  });

  it('of a 100 MB message in small frames is closed with 1009', async () => {
    const before = target.rssBytes();
    const socket = await publish();
    for (let sent = 0; sent < 100 && !socket.closeFrame && !socket.isClosed; sent++) {
      socket.send(sent === 0 ? 'binary' : 'continuation', Buffer.alloc(MB), { isFinal: false });
      await sleep(1);
    }
    expect(await ending(socket)).toMatchObject({ code: 1009 });
    expect(target.rssBytes() - before).toBeLessThan(64 * MB);
  });

  it('whose frames are not masked is closed with 1002', async () => {
    const socket = await publish();
    socket.send('binary', GOOD, { isMasked: false });
    expect(await ending(socket)).toMatchObject({ code: 1002 });
  });

  it('that falls silent is closed with 4009', async () => {
    const socket = await publish();
    socket.sendBinary(GOOD);
    expect(await ending(socket)).toEqual({ code: 4009, reason: 'idle' });
  });

  it('that pings on and never reads costs a bounded amount of memory', async () => {
    const before = target.rssBytes();
    const socket = await publish();
    socket.sendBinary(GOOD);
    socket.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 2000 }, () => Buffer.concat([Buffer.from('89fd00000000', 'hex'), Buffer.alloc(125)])),
    );
    for (let batch = 0; batch < 200; batch++) {
      if (!socket.socket.write(pings)) await new Promise((resolve) => socket.socket.once('drain', resolve));
      if (batch % 20 === 0)
        socket.sendBinary(flvTag({ type: 'video', timestamp: batch, body: numberedFrame(batch, { isKey: true }) }));
    }
    expect(target.rssBytes() - before).toBeLessThan(48 * MB);
    socket.destroy();
  });

  it.each([
    { stream: 'forbidden', status: /403[^]*test_403/ },
    { stream: 'healthy', status: /409[^]*already_publishing/ },
    { stream: '..%2f..%2fetc', status: /400[^]*invalid_stream_name/ },
    { stream: 'a%00b', status: /400[^]*invalid_stream_name/ },
    { stream: '', status: /400[^]*invalid_stream_name/ },
  ])('of $stream is refused before the upgrade', async ({ stream, status }) => {
    await expect(publish(stream)).rejects.toThrow(status);
  });
});

describe('a WebSocket player', () => {
  it.each([
    { name: 'text', send: (socket: RawWebSocket) => socket.send('text', Buffer.from('hello')), code: 1003 },
    { name: 'more than a few kB', send: (socket: RawWebSocket) => socket.sendBinary(Buffer.alloc(5000)), code: 1009 },
    {
      name: 'a reserved opcode',
      send: (socket: RawWebSocket) => socket.socket.write(Buffer.from('8b8000000000', 'hex')),
      code: 1002,
    },
  ])('that sends $name is closed with $code', async ({ send, code }) => {
    const socket = await play();
    send(socket);
    expect(await ending(socket)).toMatchObject({ code });
  });

  it('gets its pings answered, and says goodbye', async () => {
    const socket = await play();
    const text: Buffer[] = [];
    socket.socket.on('data', (bytes: Buffer) => text.push(bytes));
    socket.send('ping', Buffer.from('are you there'));
    await until(() => Buffer.concat(text).includes('are you there'));
    socket.close();
    expect(await ending(socket)).toMatchObject({ code: 1000 });
  });

  it('that leaves while it waits is forgotten at once', async () => {
    const waiting = RawWebSocket.open({ port: target.ports.http, path: '/live/later.flv' });
    waiting.catch(() => {});
    const clients = async (): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${target.ports.api}/api/v1/clients/`);
      return ((await answer.json()) as { clients: unknown[] }).clients.length;
    };
    const gone = lastWords(
      target.ports.http,
      'GET /live/later.flv HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      { timeoutMs: 300 },
    );
    await expect(gone).rejects.toThrow(/not within/);
    await until(async () => (await clients()) === 3, { timeoutMs: 3000, what: 'the waiting player to be forgotten' });
    await expect(waiting).rejects.toThrow(/404/);
  });
});

describe('an upgrade', () => {
  const upgrade = (...headers: string[]): Promise<Buffer> =>
    lastWords(
      target.ports.http,
      `${['GET /live/healthy.flv HTTP/1.1', 'Host: x', 'Connection: Upgrade', ...headers].join('\r\n')}\r\n\r\n`,
    );
  it.each([
    { name: 'no key', headers: ['Upgrade: websocket', 'Sec-WebSocket-Version: 13'], status: 400 },
    {
      name: 'a key of garbage',
      headers: ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: !!'],
      status: 400,
    },
    { name: 'another protocol', headers: ['Upgrade: h2c', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='], status: 400 },
    {
      name: 'a version of garbage',
      headers: ['Upgrade: websocket', 'Sec-WebSocket-Version: x', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='],
      status: 400,
    },
    {
      name: 'a sub-protocol of garbage',
      headers: [
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Protocol: ,,"',
      ],
      status: 400,
    },
  ])('with $name is answered $status', async ({ headers, status }) => {
    expect(httpAnswer(await upgrade(...headers)).status).toBe(status);
  });
});

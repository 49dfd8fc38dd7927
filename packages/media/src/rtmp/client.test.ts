import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { isAmfObject } from '@kaibo/formats';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { ChunkReader } from './chunk-reader.ts';
import { encodeMessage, OUT_CHUNK_SIZE } from './chunk-writer.ts';
import { RtmpClient } from './client.ts';
import { RtmpClientError } from './client-error.ts';
import { parseRtmpUrl } from './client-url.ts';
import { decodeCommand, encodeCommand, onStatus, type RtmpCommand } from './command.ts';
import { setChunkSize, setPeerBandwidth, userControl, windowAckSize } from './control.ts';
import { ServerHandshake } from './handshake.ts';
import { MESSAGE, type RtmpMessage, USER_CONTROL } from './message.ts';

const TIMEOUT_MS = 400;
/** The first byte of whoever wants TLS (RFC 8446, 5.1). */
const TLS_HELLO = 22;
const folder = mkdtempSync(join(tmpdir(), 'kaibo-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a server of a test does with each command. */
type Script = (command: RtmpCommand, send: (bytes: Buffer) => void, socket: Socket) => void;

const ok: Script = ({ name, transactionId, streamId }, send) => {
  if (name === 'connect') send(encodeCommand(0, '_result', transactionId, {}, { level: 'status', code: 'ok' }));
  if (name === 'createStream') send(encodeCommand(0, '_result', transactionId, null, 3));
  if (name === 'publish')
    send(onStatus(streamId, { level: 'status', code: 'NetStream.Publish.Start', description: 'go' }));
};

interface TestServer {
  port: number;
  commands: RtmpCommand[];
  messages: RtmpMessage[];
  sockets: Socket[];
}

async function serve(script: Script, pair?: { key: string; cert: string }): Promise<TestServer> {
  const seen: TestServer = { port: 0, commands: [], messages: [], sockets: [] };
  const accept = (socket: Socket): void => {
    seen.sockets.push(socket);
    const handshake = new ServerHandshake();
    const chunks = new ChunkReader();
    const take = (bytes: Buffer): void =>
      chunks.push(bytes, (message) => {
        seen.messages.push(message);
        if (message.type !== MESSAGE.commandAmf0) return;
        const command = decodeCommand(message);
        seen.commands.push(command);
        script(command, (answer) => void socket.write(answer), socket);
      });
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      if (bytes[0] === TLS_HELLO && !handshake.done) return void socket.destroy();
      if (handshake.done) return take(bytes);
      const { reply, rest } = handshake.push(bytes);
      if (reply) socket.write(reply);
      if (rest && rest.length > 0) take(rest);
    });
  };
  seen.port = await listen(pair ? tls.createServer(pair, accept) : net.createServer(accept));
  onTestFinished(() => {
    for (const socket of seen.sockets) socket.destroy();
  });
  return seen;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const open = (port: number) =>
  RtmpClient.open(parseRtmpUrl(`rtmp://127.0.0.1:${port}/app/name?key=very-secret`), { timeoutMs: TIMEOUT_MS });

async function publish(port: number): Promise<{ client: RtmpClient; streamId: number; closed: RtmpClientError[] }> {
  const closed: RtmpClientError[] = [];
  const client = await open(port);
  onTestFinished(() => client.destroy());
  return { client, closed, streamId: await client.publish({ closed: (error) => void closed.push(error) }) };
}

/** The code of the failure, whose words hold no secret. */
async function failureOf(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RtmpClientError)) throw new Error(`no failure of the client: ${String(error)}`);
  expect(error.message).not.toMatch(/secret|name\?/);
  return error.code;
}

describe('a client that publishes', () => {
  it('connects, announces, publishes under its key, and says goodbye', async () => {
    const server = await serve(ok);
    const { client, streamId, closed } = await publish(server.port);
    expect(streamId).toBe(3);
    client.send(
      encodeMessage({
        type: MESSAGE.video,
        chunkStreamId: 6,
        streamId,
        timestampMs: 9,
        payload: Buffer.alloc(70_000, 1),
      }),
    );
    client.close();
    await expect
      .poll(() => server.commands.map(({ name }) => name))
      .toEqual([
        ...['connect', 'releaseStream', 'FCPublish', 'createStream', 'publish', 'FCUnpublish', 'deleteStream'],
      ]);
    const [connect, , , , published] = server.commands;
    expect(connect?.object).toMatchObject({
      app: 'app',
      tcUrl: `rtmp://127.0.0.1:${server.port}/app`,
      type: 'nonprivate',
    });
    expect(connect?.object?.['fourCcList']).toEqual(expect.arrayContaining(['hvc1', 'av01', 'Opus']));
    expect(published?.args).toEqual(['name?key=very-secret', 'live']);
    const video = server.messages.find(({ type }) => type === MESSAGE.video);
    expect([video?.payload.length, video?.timestampMs, video?.streamId]).toEqual([70_000, 9, 3]);
    await expect.poll(() => server.sockets[0]?.closed).toBe(true);
    expect([closed, client.isClosed]).toEqual([[], true]);
  });

  it('answers pings, peer bandwidth and windows', async () => {
    const server = await serve((command, send, socket) => {
      ok(command, send, socket);
      if (command.name !== 'publish') return;
      send(userControl(USER_CONTROL.pingRequest, 77));
      send(setPeerBandwidth(1_000_000));
      send(windowAckSize(2000));
      send(setChunkSize(OUT_CHUNK_SIZE));
      send(
        encodeMessage({
          type: MESSAGE.dataAmf0,
          chunkStreamId: 5,
          streamId: 3,
          timestampMs: 0,
          payload: Buffer.alloc(5000),
        }),
      );
    });
    await publish(server.port);
    const types = () => server.messages.map(({ type }) => type);
    await expect
      .poll(types)
      .toEqual(expect.arrayContaining([MESSAGE.userControl, MESSAGE.windowAckSize, MESSAGE.acknowledgement]));
    const pong = server.messages.find(({ type }) => type === MESSAGE.userControl);
    expect([pong?.payload.readUInt16BE(0), pong?.payload.readUInt32BE(2)]).toEqual([USER_CONTROL.pingResponse, 77]);
  });

  it.each<[string, string, Script]>([
    [
      'is refused at connect',
      'connect_rejected',
      ({ name, transactionId }, send) => {
        const info = { level: 'error', code: 'NetConnection.Connect.Rejected', description: 'no very-secret' };
        if (name === 'connect') send(encodeCommand(0, '_error', transactionId, null, info));
      },
    ],
    [
      'is refused its stream',
      'publish_rejected',
      (command, send, socket) => {
        if (command.name !== 'publish') return ok(command, send, socket);
        send(
          onStatus(3, {
            level: 'error',
            code: 'NetStream.Publish.BadName',
            description: 'name?key=very-secret is taken',
          }),
        );
      },
    ],
    [
      'is hung up on for its key',
      'publish_rejected',
      (command, send, socket) => (command.name === 'publish' ? void socket.destroy() : ok(command, send, socket)),
    ],
    ['is hung up on at connect', 'closed', (_command, _send, socket) => void socket.destroy()],
    ['waits for connect in vain', 'timeout', () => undefined],
    [
      'waits for its stream in vain',
      'timeout',
      (command, send, socket) => (command.name === 'publish' ? undefined : ok(command, send, socket)),
    ],
    [
      'is given no stream id',
      'malformed',
      (command, send, socket) =>
        command.name === 'createStream'
          ? send(encodeCommand(0, '_result', command.transactionId, null, 'one'))
          : ok(command, send, socket),
    ],
    ['is answered garbage', 'malformed', (_command, send) => send(Buffer.alloc(4000, 0xff))],
  ])('%s: %s', async (_name, code, script) => {
    const server = await serve(script);
    expect(await failureOf(publish(server.port))).toBe(code);
    await expect.poll(() => server.sockets[0]?.closed).toBe(true);
  });

  it('hears of the end that the server makes, once', async () => {
    const server = await serve((command, send, socket) => {
      ok(command, send, socket);
      if (command.name !== 'publish') return;
      send(onStatus(3, { level: 'error', code: 'NetStream.Publish.Failed', description: '' }));
      socket.end();
    });
    const closed: RtmpClientError[] = [];
    const client = await open(server.port);
    await client.publish({ closed: (error) => void closed.push(error) });
    await expect
      .poll(() => closed.map(({ code, message }) => [code, message]))
      .toEqual([['closed', 'The server ended the stream (NetStream.Publish.Failed).']]);
    expect(client.isClosed).toBe(true);
  });
});

describe('a client that plays', () => {
  it('gets media, and hears that there is none', async () => {
    const server = await serve((command, send, socket) => {
      ok(command, send, socket);
      if (command.name !== 'play') return;
      send(onStatus(3, { level: 'status', code: 'NetStream.Play.Reset', description: '' }));
      send(
        encodeMessage({
          type: MESSAGE.audio,
          chunkStreamId: 4,
          streamId: 3,
          timestampMs: 5,
          payload: Buffer.of(0xaf, 1),
        }),
      );
      send(onStatus(3, { level: 'error', code: 'NetStream.Play.StreamNotFound', description: 'very-secret' }));
    });
    const client = await open(server.port);
    const seen: string[] = [];
    await client.play({
      media: ({ timestampMs }) => void seen.push(`media @${timestampMs}`),
      closed: ({ code, message }) => void seen.push(`${code}: ${message}`),
    });
    await expect
      .poll(() => seen)
      .toEqual(['media @5', 'play_rejected: The server does not play this stream (NetStream.Play.StreamNotFound).']);
  });
});

describe('who does not speak RTMP', () => {
  it.each<[string, string, (socket: Socket) => void]>([
    ['HTTP', 'handshake_failed', (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['silence', 'timeout', () => undefined],
    ['half a handshake', 'timeout', (socket) => void socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(2000)]))],
    ['a closed door', 'closed', (socket) => void socket.destroy()],
  ])('%s: %s', async (_name, code, answer) => {
    const sockets = new Set<Socket>();
    const port = await listen(
      net.createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        answer(socket);
      }),
    );
    expect(await failureOf(open(port))).toBe(code);
    for (const socket of sockets) socket.destroy();
  });

  it('nobody: unreachable', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await failureOf(open(port))).toBe('unreachable');
  });

  it('a name that is never resolved: timeout', async () => {
    const target = parseRtmpUrl('rtmp://host/app/name');
    const resolve = (): Promise<string> => new Promise(() => undefined);
    expect(await failureOf(RtmpClient.open(target, { timeoutMs: 50, resolve }))).toBe('timeout');
  });
});

describe('over TLS', () => {
  const pair = (name: string): { key: string; cert: string } => {
    const files = { key: join(folder, `${name}.key`), cert: join(folder, `${name}.pem`) };
    const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-keyout', files.key, '-out', files.cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
  };
  const attempt = (port: number, ca?: string) =>
    RtmpClient.open(parseRtmpUrl(`rtmps://live.example.org:${port}/app/name`), {
      timeoutMs: 2000,
      resolve: async () => '127.0.0.1',
      ca,
    });

  it('the name is asked for and checked, wherever its address leads', async () => {
    const right = pair('live.example.org');
    const server = await serve(ok, right);
    const client = await attempt(server.port, right.cert);
    expect(server.sockets[0]).toMatchObject({ servername: 'live.example.org' });
    expect(isAmfObject(server.commands[0]?.object) && server.commands[0]?.object['tcUrl']).toBe(
      `rtmps://live.example.org:${server.port}/app`,
    );
    client.close();
    expect(await failureOf(attempt(server.port))).toBe('tls_failed');
    const wrong = pair('other.example.org');
    const other = await serve(ok, wrong);
    expect(await failureOf(attempt(other.port, wrong.cert))).toBe('tls_failed');
  });

  it('a server without TLS', async () => {
    const server = await serve(ok);
    expect(await failureOf(attempt(server.port))).toMatch(/tls_failed|timeout/);
  });
});

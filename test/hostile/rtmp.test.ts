import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RtmpClient } from '../support/rtmp-client.ts';
import { type AmfValue, basicHeader, encodeAmf0, encodeMessage, MessageType } from '../support/rtmp-wire.ts';
import { lastWords, Target } from './target.ts';

/** Far below the time that an idle connection has. */
const AT_ONCE_MS = 8000;
const MB = 1024 * 1024;
const SIXTEEN_MIB_HEADER = Buffer.from('000000ffffff0901000000', 'hex');

let target: Target;
let handles: number;

beforeAll(async () => {
  target = await Target.start();
  handles = target.handles();
});
afterEach(async () => {
  await target.unharmed();
  await target.handlesBack(handles);
});
afterAll(async () => target[Symbol.asyncDispose]());

async function shaken(): Promise<RtmpClient> {
  const client = await RtmpClient.open({ port: target.ports.rtmp });
  await client.handshake();
  return client;
}

const connected = (): Promise<RtmpClient> => RtmpClient.connect({ port: target.ports.rtmp });

async function expectClosed(client: RtmpClient): Promise<void> {
  const began = performance.now();
  await client.closed;
  expect(performance.now() - began).toBeLessThan(AT_ONCE_MS);
}

function amf(type: number, payload: Buffer): Buffer {
  return encodeMessage({ type, payload, timestamp: 0, streamId: 0, chunkStreamId: 3 }, 128);
}

function command(name: string, ...values: AmfValue[]): Buffer {
  return amf(MessageType.commandAmf0, encodeAmf0(name, 1, ...values));
}

describe('a peer without handshake', () => {
  it('is closed at once for random bytes', async () => {
    for (let round = 0; round < 20; round++) {
      const bytes = randomBytes(4000);
      bytes.writeUInt8(0x80 | round, 0);
      expect(await lastWords(target.ports.rtmp, bytes)).toHaveLength(0);
    }
  });
});

describe('after the handshake', () => {
  const deep = Buffer.concat([
    encodeAmf0('connect', 1),
    ...Array.from({ length: 10_000 }, () => Buffer.from('0300016f', 'hex')),
  ]);
  const shortChunks = (id: number, ...chunks: string[]): Buffer =>
    Buffer.concat(
      chunks.map((chunk, index) => Buffer.concat([basicHeader(index === 0 ? 0 : 1, id), Buffer.from(chunk, 'hex')])),
    );
  it.each([
    { name: 'random bytes', bytes: Buffer.concat([Buffer.from([0xc9]), randomBytes(20_000)]) },
    { name: 'a chunk stream that begins in the middle', bytes: Buffer.from('c4aabb', 'hex') },
    {
      name: 'a length that changes inside a message',
      bytes: shortChunks(6, '0000000000c80901000000' + '00'.repeat(128), '000000ffffff09'),
    },
    { name: 'chunk size 0', bytes: amf(MessageType.setChunkSize, Buffer.alloc(4)) },
    { name: 'AMF 10,000 deep', bytes: amf(MessageType.commandAmf0, deep) },
    {
      name: 'an AMF count of 0xFFFFFFFF',
      bytes: amf(MessageType.commandAmf0, Buffer.concat([encodeAmf0('connect', 1), Buffer.from('0affffffff', 'hex')])),
    },
    {
      name: 'an ECMA array of 0xFFFFFFFF',
      bytes: amf(MessageType.commandAmf0, Buffer.concat([encodeAmf0('connect', 1), Buffer.from('08ffffffff', 'hex')])),
    },
    { name: 'AMF3 that is none', bytes: amf(MessageType.commandAmf3, Buffer.from('0011ff', 'hex')) },
    { name: 'a command before connect', bytes: command('createStream', null) },
  ])('$name closes the connection', async ({ bytes }) => {
    const client = await shaken();
    client.write(bytes);
    await expectClosed(client);
  });

  it('64k chunk stream ids with 16 MiB headers cost next to nothing', async () => {
    const before = target.rssBytes();
    const attack = async (): Promise<void> => {
      const client = await shaken();
      for (let id = 64; id < 65_600; id += 256) {
        client.write(
          Buffer.concat(
            Array.from({ length: 256 }, (_, k) =>
              Buffer.concat([basicHeader(0, Math.min(id + k, 65_599)), SIXTEEN_MIB_HEADER, Buffer.alloc(128)]),
            ),
          ),
        );
      }
      await client.closed;
    };
    await Promise.all(Array.from({ length: 8 }, attack));
    expect(target.rssBytes() - before).toBeLessThan(96 * MB);
  });

  it.each([
    { name: 'connect without tcUrl', object: { app: 'live' } },
    { name: 'connect without app', object: { tcUrl: 'rtmp://x/' } },
    { name: 'connect with a tcUrl of 10 kB', object: { app: 'live', tcUrl: 'r'.repeat(10_240) } },
    { name: 'connect without an object', object: null },
  ])('$name is rejected in words', async ({ object }) => {
    const client = await shaken();
    client.command('connect', [object]);
    const { args } = await client.readCommand(({ name }) => name === '_error', '_error');
    expect(args[1]).toMatchObject({ level: 'error', code: 'NetConnection.Connect.Rejected' });
    await client.closed;
  });

  it.each([
    {
      name: 'connect twice',
      act: (client: RtmpClient) => client.command('connect', [{ app: 'live', tcUrl: 'rtmp://x/live' }]),
    },
    {
      name: 'publish on a stream never created',
      act: (client: RtmpClient) => client.command('publish', [null, 'a', 'live'], 9),
    },
    {
      name: '17 message streams',
      act: (client: RtmpClient) => Array.from({ length: 17 }, () => client.command('createStream', [null])),
    },
  ])('$name closes the connection', async ({ act }) => {
    const client = await connected();
    act(client);
    await expectClosed(client);
  });
});

describe('names', () => {
  const names = [
    'a/b',
    '../../etc/passwd',
    'a..b',
    'a\0b',
    'a"b',
    "a' OR 1=1",
    'a b',
    '%2e%2e%2fb',
    'n'.repeat(10_240),
    '',
    '?key=x',
  ];
  it.each(names)('%j is no name to publish or play', async (name) => {
    const publisher = await connected();
    expect((await publisher.publish(name)).status).toMatchObject({ level: 'error', code: 'NetStream.Publish.BadName' });
    const player = await connected();
    expect((await player.play(name)).status).toMatchObject({ level: 'error', code: 'NetStream.Play.StreamNotFound' });
    await Promise.all([publisher.closed, player.closed]);
  });

  it('a name that is a number is none', async () => {
    const client = await connected();
    client.command('publish', [null, 5, 'live'], await client.createStream());
    expect(await client.status()).toMatchObject({ code: 'NetStream.Publish.BadName' });
  });

  it.each([
    { stream: 'forbidden', code: 'NetStream.Publish.Denied', words: 'test_403' },
    { stream: 'healthy', code: 'NetStream.Publish.BadName', words: 'already_publishing' },
  ])('publishing $stream is refused with $code', async ({ stream, code, words }) => {
    const client = await connected();
    expect((await client.publish(stream)).status).toMatchObject({
      level: 'error',
      code,
      description: expect.stringContaining(words),
    });
    await client.closed;
  });

  it('playing what is unknown is refused at once', async () => {
    const client = await connected();
    expect((await client.play('unknown')).status).toMatchObject({ code: 'NetStream.Play.StreamNotFound' });
    await client.closed;
  });
});

describe('a publisher', () => {
  it.each([
    { name: 'video that cannot be read', type: MessageType.video, payload: Buffer.from('9168', 'hex') },
    { name: 'audio that cannot be read', type: MessageType.audio, payload: Buffer.from('9f', 'hex') },
    {
      name: 'an aggregate that lies about a size',
      type: MessageType.aggregate,
      payload: Buffer.from('08ffffff0000000000000000af', 'hex'),
    },
  ])('of $name is told and closed', async ({ type, payload }) => {
    const client = await connected();
    const { streamId } = await client.publish('bad');
    client.send({ type, payload, streamId, chunkStreamId: 6 });
    expect(await client.status()).toMatchObject({ level: 'error', code: 'NetStream.Publish.Failed' });
    await client.closed;
  });

  it('that sends it before it was answered is closed all the same', async () => {
    const client = await connected();
    const streamId = await client.createStream();
    const early = { timestamp: 0, streamId, chunkStreamId: 6 };
    const publish = encodeMessage(
      { type: MessageType.commandAmf0, payload: encodeAmf0('publish', 9, null, 'early', 'live'), ...early },
      128,
    );
    client.write(
      Buffer.concat([
        publish,
        encodeMessage({ type: MessageType.video, payload: Buffer.from('9168', 'hex'), ...early }, 128),
      ]),
    );
    await client.status();
    expect(await client.status()).toMatchObject({ level: 'error', code: 'NetStream.Publish.Failed' });
    await client.closed;
  });
});

describe('a peer that asks and never reads the answers', () => {
  it('costs a bounded amount of memory', async () => {
    const client = await RtmpClient.connect({ port: target.ports.rtmp, polite: false });
    const { streamId } = await client.publish('deaf');
    const before = target.rssBytes();
    client.socket.pause();
    const asking = Buffer.concat(Array.from({ length: 500 }, () => command('releaseStream', null, 'x')));
    const media = encodeMessage(
      { type: MessageType.audio, payload: Buffer.from('af01aa', 'hex'), timestamp: 0, streamId, chunkStreamId: 4 },
      128,
    );
    const batch = Buffer.concat([asking, media]);
    // Ends by itself when the server reads no more: then nothing drains here either.
    for (let sent = 0; sent < 800; sent++) {
      if (client.socket.write(batch)) continue;
      const drained = await Promise.race([once(client.socket, 'drain').then(() => true), sleep(500, false)]);
      if (!drained) break;
    }
    expect(client.socket.writableLength).toBeGreaterThan(0);
    // Garbage of the thousands of commands that were read included; without the bound it was 187 MB.
    expect(target.rssBytes() - before).toBeLessThan(128 * MB);
    client.close();
  });
});

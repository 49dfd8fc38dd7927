import net from 'node:net';
import { describe, it } from 'vitest';
import { fetchWhole, HttpFlvPlayer, HttpFlvPublisher } from '../support/flv-client.ts';
import { flvHeader, flvTag } from '../support/flv-wire.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, lastWords, numberedFrame, Target } from './target.ts';

const HEAD = Buffer.concat([flvHeader({ audio: false }), flvTag({ type: 'video', timestamp: 0, body: AVC_CONFIG })]);

describe.concurrent('limits', () => {
  it('refuses connections above the limit, of any protocol, and takes new ones when some have gone', async ({
    expect,
  }) => {
    await using target = await Target.start({ connections: 10 });
    const sockets = Array.from({ length: 12 }, () => net.connect(target.ports.rtmp, '127.0.0.1'));
    const closed = new Set<net.Socket>();
    for (const socket of sockets) socket.on('error', () => {}).on('close', () => closed.add(socket));
    await until(() => closed.size === 4, { what: '4 of 12 refused, beside the healthy two' });
    expect(await lastWords(target.ports.http, 'GET /live/healthy.flv HTTP/1.1\r\nHost: x\r\n\r\n')).toHaveLength(0);
    for (const socket of sockets) socket.destroy();
    await until(async () => {
      const player = await HttpFlvPlayer.open({ port: target.ports.http, path: '/live/healthy.flv' }).catch(
        () => undefined,
      );
      player?.close();
      return player !== undefined;
    });
    await target.unharmed();
  });

  it('refuses streams and viewers above the limit with 503', async ({ expect }) => {
    await using target = await Target.start({ streams: 2, viewersPerStream: 2 });
    const { http, rtmp } = target.ports;
    const second = new HttpFlvPublisher({ port: http, path: '/live/second.flv' });
    second.write(HEAD);
    await until(
      async () => (await fetchWhole({ port: http, path: '/live/second.flv', method: 'HEAD' })).status === 200,
    );
    const third = new HttpFlvPublisher({ port: http, path: '/live/third.flv' });
    expect(await third.answer).toMatchObject({ status: 503, body: expect.stringContaining('too_many_streams') });
    const client = await RtmpClient.connect({ port: rtmp });
    expect((await client.publish('third')).status).toMatchObject({
      code: 'NetStream.Publish.BadName',
      description: expect.stringContaining('too_many_streams'),
    });

    const viewer = await HttpFlvPlayer.open({ port: http, path: '/live/healthy.flv' });
    await expect(HttpFlvPlayer.open({ port: http, path: '/live/healthy.flv' })).rejects.toThrow(
      /503[^]*too_many_viewers/,
    );
    const player = await RtmpClient.connect({ port: rtmp });
    expect((await player.play('healthy')).status).toMatchObject({
      code: 'NetStream.Play.Failed',
      description: expect.stringContaining('too_many_viewers'),
    });
    viewer.close();
    second.abort();
    await target.unharmed();
  });

  it('closes a publisher above its bitrate, with the reason', async ({ expect }) => {
    await using target = await Target.start({ publishBitrateBps: 2_000_000 });
    const greedy = new HttpFlvPublisher({ port: target.ports.http, path: '/live/greedy.flv' });
    greedy.write(HEAD);
    const client = await RtmpClient.connect({ port: target.ports.rtmp });
    const { streamId } = await client.publish('greedy-rtmp');
    let number = 0;
    const flood = setInterval(() => {
      number++;
      const body = numberedFrame(number, { isKey: true, bytes: 40_000 });
      greedy.write(flvTag({ type: 'video', timestamp: number * 40, body }));
      client.sendMedia(streamId, { type: 'video', timestamp: number * 40, payload: body });
    }, 40);
    expect(await greedy.answer).toMatchObject({ status: 413, body: expect.stringContaining('bitrate_limit') });
    expect(await client.status()).toMatchObject({
      code: 'NetStream.Publish.Failed',
      description: expect.stringMatching(/bitrate/),
    });
    clearInterval(flood);
    await client.closed;
    await target.unharmed();
  });

  it('closes a publisher that is let in and sends nothing, and one that stops', async ({ expect }) => {
    await using target = await Target.start({ publisherIdleMs: 2000 });
    const began = performance.now();
    const silent = new HttpFlvPublisher({ port: target.ports.http, path: '/live/silent.flv' });
    const client = await RtmpClient.connect({ port: target.ports.rtmp });
    await client.publish('silent-rtmp');
    expect(await silent.answer).toMatchObject({ status: 408, body: expect.stringContaining('idle') });
    expect(await client.status()).toMatchObject({
      code: 'NetStream.Publish.Failed',
      description: expect.stringMatching(/too long/),
    });
    await client.closed;
    expect(performance.now() - began).toBeGreaterThan(1900);
    await target.unharmed();
  });

  it('closes a peer that takes too long to shake hands, and one that connects and asks for nothing', async ({
    expect,
  }) => {
    await using target = await Target.start({ handshakeMs: 2000 });
    const began = performance.now();
    const silent = lastWords(target.ports.rtmp, '');
    const slow = await RtmpClient.open({ port: target.ports.rtmp });
    slow.write(Buffer.from([3]));
    const drip = setInterval(() => slow.write(Buffer.from([0])), 50);
    const idle = await RtmpClient.connect({ port: target.ports.rtmp });
    await Promise.all([silent, slow.closed, idle.closed]);
    clearInterval(drip);
    expect(performance.now() - began).toBeGreaterThan(1900);
    await target.unharmed();
  });
});

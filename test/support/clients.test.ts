import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchWhole, HttpFlvPlayer, HttpFlvPublisher, WsFlvPlayer } from './flv-client.ts';
import { type EncodedVideo, encodeVideo, enhancedTags, flvBytes } from './flv-fixtures.ts';
import type { WireTag } from './flv-wire.ts';
import { type RunningMediaServer, startMediaServer } from './media-process.ts';
import { RawWebSocket } from './raw-websocket.ts';
import { RtmpClient } from './rtmp-client.ts';

const FRAME_MS = 40;

/** The test clients, all against one real server: each publishes in its way, and all viewers get the same bytes. */
describe('test clients', () => {
  let server: RunningMediaServer;
  let video: EncodedVideo;
  let tags: WireTag[];

  beforeAll(async () => {
    [server, video] = await Promise.all([startMediaServer(), encodeVideo('hvc1', { seconds: 1 })]);
    tags = enhancedTags(video);
  });
  afterAll(() => server.program.stop());

  const bodies = (list: readonly WireTag[]): string[] =>
    list.filter(({ type }) => type === 'video').map(({ body }) => body.toString('base64'));

  async function expectAllViewersGet(stream: string, publish: () => Promise<() => void>): Promise<void> {
    const path = `/live/${stream}.flv`;
    const opening = Promise.all([
      HttpFlvPlayer.open({ port: server.ports.http, path }),
      WsFlvPlayer.open({ port: server.ports.http, path }),
    ]);
    const rtmp = await RtmpClient.connect({ port: server.ports.rtmp });
    const playing = rtmp.play(stream);
    const end = await publish();
    const [http, ws] = await opening;
    await Promise.all([http.received(tags.length), ws.received(tags.length), playing]);
    const rtmpBodies: string[] = [];
    while (rtmpBodies.length < tags.length) {
      const { type, payload } = await rtmp.readMedia();
      if (type === 9) rtmpBodies.push(payload.toString('base64'));
    }
    expect(bodies(http.flv.tags)).toEqual(bodies(tags));
    expect(bodies(ws.flv.tags)).toEqual(bodies(tags));
    expect(rtmpBodies).toEqual(bodies(tags));
    for (const client of [http, ws, rtmp]) client.close();
    end();
  }

  it('publishes by RTMP', async () => {
    await expectAllViewersGet('by-rtmp', async () => {
      const client = await RtmpClient.connect({ port: server.ports.rtmp });
      const { streamId, status } = await client.publish('by-rtmp');
      expect(status['code']).toBe('NetStream.Publish.Start');
      client.setChunkSize(4096);
      for (const { timestamp, body } of tags) {
        client.sendMedia(streamId, { type: 'video', timestamp, payload: body });
        await sleep(FRAME_MS / 4);
      }
      return () => client.close();
    });
  });

  it('publishes by HTTP', async () => {
    await expectAllViewersGet('by-http', async () => {
      const publisher = new HttpFlvPublisher({ port: server.ports.http, path: '/live/by-http.flv' });
      publisher.write(flvBytes(tags));
      return () => publisher.abort();
    });
  });

  it('publishes by WebSocket', async () => {
    await expectAllViewersGet('by-ws', async () => {
      const socket = await RawWebSocket.open({ port: server.ports.http, path: '/publish?app=live&stream=by-ws' });
      const bytes = flvBytes(tags);
      for (let at = 0; at < bytes.length; at += 1000) socket.sendBinary(bytes.subarray(at, at + 1000));
      return () => socket.destroy();
    });
  });

  it('sees refusals', async () => {
    const { status, body } = await fetchWhole({ port: server.ports.http, path: '/nothing-here' });
    expect([status, Object.keys(JSON.parse(body))]).toEqual([404, expect.arrayContaining(['error', 'code'])]);
    const socket = await RawWebSocket.open({ port: server.ports.http, path: '/publish?app=live&stream=text' });
    socket.send('text', Buffer.from('no media'));
    expect((await socket.closed())?.code).toBe(1003);
  });
});

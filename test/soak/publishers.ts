// A program of its own: publishes as many streams as it is told, from one short film in a loop, each by a connection of its own.
// usage: publishers.ts FILM.flv
import { setTimeout as sleep } from 'node:timers/promises';
import { readFlvFile } from '../../bench/flv-file.ts';
import { encodeAmf0, MessageType } from '../support/rtmp-wire.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import type { SoakRoom, ToPublishers } from './messages.ts';

const AGAIN_MS = 500;

const [film = ''] = process.argv.slice(2);
const sample = readFlvFile(film);
const running = new Map<string, { isWanted: boolean; client?: RtmpClient }>();

async function keepPublishing({ id, publishUrl }: SoakRoom): Promise<void> {
  const state: { isWanted: boolean; client?: RtmpClient } = { isWanted: true };
  running.set(id, state);
  const url = new URL(publishUrl.replace(/^rtmp/, 'http'));
  const [, app = '', name = ''] = url.pathname.split('/');
  while (state.isWanted) {
    try {
      const client = (state.client = await RtmpClient.connect({ port: Number(url.port), app }));
      client.setChunkSize(65_536);
      const { streamId, status } = await client.publish(name + url.search);
      if (status['code'] === 'NetStream.Publish.Start') await send(client, streamId, state);
    } catch {
      // It is tried again.
    }
    state.client?.close();
    await sleep(AGAIN_MS);
  }
}

async function send(client: RtmpClient, streamId: number, state: { isWanted: boolean }): Promise<void> {
  let isClosed = false;
  void client.closed.then(() => (isClosed = true));
  const startedAtMs = performance.now();
  for (let loop = 0; ; loop++)
    for (const { type, body, isHeader, timestampMs } of sample.tags) {
      if (isHeader && loop > 0) continue;
      const timestamp = isHeader ? 0 : timestampMs + loop * sample.durationMs;
      const waitMs = startedAtMs + timestamp - performance.now();
      if (waitMs > 5) await sleep(waitMs);
      if (isClosed || !state.isWanted) return;
      client.inbox.length = 0;
      if (type === MessageType.audio) client.sendMedia(streamId, { type: 'audio', timestamp, payload: body });
      else if (type === MessageType.video) client.sendMedia(streamId, { type: 'video', timestamp, payload: body });
      else
        client.sendMedia(streamId, {
          type: 'data',
          timestamp,
          payload: Buffer.concat([encodeAmf0('@setDataFrame'), body]),
        });
    }
}

process.on('message', (order: ToPublishers) => {
  if (order.type === 'drop') return running.get(order.roomId)?.client?.close();
  const wanted = new Set(order.rooms.map(({ id }) => id));
  for (const [id, state] of running)
    if (!wanted.has(id)) {
      state.isWanted = false;
      state.client?.close();
      running.delete(id);
    }
  for (const room of order.rooms) if (!running.has(room.id)) void keepPublishing(room);
});
process.on('disconnect', () => process.exit(0));

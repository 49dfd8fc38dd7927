import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cookiesOf, PASSWORD, startAccounts } from './support/accounts.ts';
import { connect, keyOf, owner, startTest, tempFolder, type OwnedRoom, type TestKaibo } from './harness.ts';
import type { Recording } from '../src/modules/recording/contract.ts';

const FAST = { timeout: 5000, interval: 20 };

async function startWithRoom(input: Record<string, unknown> = {}, options: Parameters<typeof startTest>[0] = {}) {
  const dataDir = options.dataDir ?? tempFolder();
  const kaibo = await startTest({ ...options, dataDir });
  const room = await kaibo.create(input);
  const mine = owner(room);
  const list = async (headers: Record<string, string> = mine): Promise<Recording[]> =>
    JSON.parse((await kaibo.call(`/api/rooms/${room.id}/recordings`, { headers })).text) as Recording[];
  const turn = (on: boolean) =>
    kaibo.call(`/api/rooms/${room.id}/recording`, { method: 'POST', body: { on }, headers: mine });
  const change = (id: string, body: unknown) =>
    kaibo.call(`/api/recordings/${id}`, { method: 'PATCH', body, headers: mine });
  return { ...kaibo, dataDir, room, mine, list, turn, change, folder: join(dataDir, 'recordings') };
}

const publish = ({ engine }: TestKaibo, room: OwnedRoom) => engine.publish(room.playId, keyOf(room));
const running = ({ engine }: TestKaibo) => [...engine.recorder.running.keys()];

/** A broadcast that was recorded from its beginning to its end. */
async function record(kaibo: Awaited<ReturnType<typeof startWithRoom>>): Promise<Recording> {
  await publish(kaibo, kaibo.room);
  await expect.poll(() => running(kaibo).length, FAST).toBe(1);
  kaibo.engine.finish(kaibo.room.playId);
  await expect.poll(async () => (await kaibo.list())[0]?.state, FAST).toBe('ready');
  const [recording] = await kaibo.list();
  if (recording === undefined) throw new Error('there is no recording');
  return recording;
}

test('a room that is always recorded is from its becoming live to its end, and people in it hear of it', async () => {
  const kaibo = await startWithRoom({ recording: 'always' });
  const socket = await connect(kaibo.base);
  socket.send({ type: 'subscribe', channel: `room:${kaibo.room.id}` });
  await socket.next(({ type }) => type === 'snapshot');
  await publish(kaibo, kaibo.room);
  const started = await socket.next(({ event }) => event === 'recording.started');
  const [id = ''] = running(kaibo);
  expect(started.data).toEqual({ id, roomId: kaibo.room.id });
  expect(await kaibo.list()).toMatchObject([{ id, state: 'recording', published: false, parts: [] }]);
  kaibo.engine.recorder.closeFile(id);
  await expect.poll(async () => (await kaibo.list())[0]?.durationMs, FAST).toBe(10_000);
  expect((await kaibo.call(`/replay/${id}/index.m3u8`, { headers: kaibo.mine })).body.code).toBe('recording_not_ready');
  const removal = await kaibo.call(`/api/recordings/${id}`, { method: 'DELETE', headers: kaibo.mine });
  expect(removal.body.code).toBe('recording_active');
  // A publisher that comes back goes on with the same recording.
  kaibo.engine.drop(kaibo.room.playId);
  await publish(kaibo, kaibo.room);
  expect(running(kaibo)).toEqual([id]);
  kaibo.engine.finish(kaibo.room.playId);
  const ready = await socket.next(({ event }) => event === 'recording.ready');
  expect(ready.data).toEqual({ id, roomId: kaibo.room.id, published: false });
  const [recording] = await kaibo.list();
  expect(recording).toMatchObject({
    state: 'ready',
    title: kaibo.room.title,
    durationMs: 20_000,
    replayUrl: `/replay/${id}/index.m3u8`,
    downloadUrls: [`/api/recordings/${id}/parts/1`, `/api/recordings/${id}/parts/2`],
    poster: `/api/recordings/${id}/poster`,
    parts: [
      { n: 1, startMs: 0 },
      { n: 2, startMs: 10_000 },
    ],
    timeBase: [{ mediaMs: 0 }, { mediaMs: 10_000 }],
  });
  expect(recording?.sizeBytes).toBe(recording?.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
});

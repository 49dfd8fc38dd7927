import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hlsGet } from '../../../../test/support/hls-client.ts';
import { LocalMediaServer } from '../../../../test/support/local-media-server.ts';
import { RtmpClient } from '../../../../test/support/rtmp-client.ts';
import { videoFrame, videoHeader } from '../../../../test/support/synthetic.ts';
import { until } from '../../../../test/support/until.ts';

const workers: Worker[] = [];
const keep = (worker: Worker): void => void workers.push(worker);
let server: LocalMediaServer;

beforeAll(async () => {
  process.on('worker', keep);
  server = await LocalMediaServer.start({ graceMs: 20_000 });
});
afterAll(async () => {
  process.off('worker', keep);
  await server.stop();
});

async function publish() {
  const client = await RtmpClient.connect({ port: server.ports.rtmp });
  client.setChunkSize(65_536);
  const { streamId } = await client.publish('a');
  const state = { isClosed: false };
  void client.closed.then(() => (state.isClosed = true));
  for (const { timestamp, body } of [
    videoHeader(),
    ...Array.from({ length: 150 }, (_, index) => videoFrame(index * 40, { isKey: index % 50 === 0, seed: index })),
  ])
    client.sendMedia(streamId, { type: 'video', timestamp, payload: body });
  return state;
}

it('a viewer’s session goes on when the worker that packaged its stream has died', async () => {
  const first = await publish();
  const address = `http://127.0.0.1:${server.ports.http}/live/a`;
  const { body } = await hlsGet(`${address}.m3u8`);
  const path = new URL(body.toString().trimEnd().split('\n').at(-1) ?? '', `${address}.m3u8`).href;
  const runOf = async (): Promise<string | undefined> =>
    /^(\w{12})-\d+\.m4s$/m.exec((await hlsGet(path)).body.toString())?.[1];
  const before = await until(runOf, { what: 'a segment' });
  // One of the two has the stream: its publisher loses its connection.
  await workers[0]?.terminate();
  await until(() => server.server.health().workersUp === 2, { timeoutMs: 30_000, what: 'another worker' });
  if (!first.isClosed) await workers[1]?.terminate();
  await until(() => first.isClosed, { what: 'the publisher’s being cut' });
  await until(() => server.server.health().workersUp === 2, { timeoutMs: 30_000, what: 'another worker' });
  await publish();
  const after = await until(
    async () => {
      const run = await runOf();
      return run !== before && run;
    },
    { timeoutMs: 30_000, what: 'the stream of the next owner' },
  );
  expect(after).toMatch(/^\w{12}$/);
  // One that was silent meanwhile is opened again by the same address, and counted once.
  expect(server.stream('a')?.viewers).toBe(1);
});

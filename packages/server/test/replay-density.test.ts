import { expect, test } from 'vitest';
import { keyOf } from './harness.ts';
import { startAccounts } from './support/accounts.ts';

const SOON = { timeout: 15_000, interval: 20 };

test('how much was said at each place of a replay is known to whoever may see it, and counted again after a while', async () => {
  const kaibo = await startAccounts();
  const [ada, bob] = [await kaibo.person('ada'), await kaibo.person('bob')];
  const room = await kaibo.create({ recording: 'always' }, ada.headers);
  const { recorder } = kaibo.engine;
  await kaibo.engine.publish(room.playId, keyOf(room));
  await expect.poll(() => recorder.running.size, SOON).toBe(1);
  const [[id, { startedAtMs }] = ['', { startedAtMs: 0 }]] = recorder.running;
  // The test's clock stood still while the broadcast began; nobody speaks of what is to come.
  kaibo.wait(60_000);
  for (const mediaAt of [500, 9400, 9500].map((ms) => startedAtMs + ms)) {
    const body = { text: `of ${mediaAt}`, mediaAt };
    expect((await kaibo.post(`/api/rooms/${room.id}/chat`, body, bob.headers)).status).toBe(200);
  }
  kaibo.engine.finish(room.playId);
  const path = `/api/recordings/${id}`;
  await expect.poll(async () => (await kaibo.get(path, ada.headers)).body['state'], SOON).toBe('ready');

  const density = `${path}/chat/density?buckets=10`;
  expect((await kaibo.get(density, bob.headers)).body.code).toBe('recording_not_found');
  await kaibo.call(path, { method: 'PATCH', body: { published: true }, headers: ada.headers });
  const answer = await kaibo.get(density, bob.headers);
  expect(answer.body).toEqual({ buckets: [1, 0, 0, 0, 0, 0, 0, 0, 0, 2], stepMs: 1000 });
  const etag = answer.headers.get('etag') ?? '';
  expect((await kaibo.get(density, { ...bob.headers, 'if-none-match': etag })).status).toBe(304);
  for (const buckets of [9, 201, 'x'])
    expect((await kaibo.get(`${path}/chat/density?buckets=${buckets}`)).status).toBe(400);

  await kaibo.post(`/api/rooms/${room.id}/chat/clear`, { person: `user:${bob.id}` }, ada.headers);
  expect((await kaibo.get(density)).body['buckets'], 'remembered').toContain(2);
  kaibo.wait(60_000);
  expect((await kaibo.get(density)).body['buckets']).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

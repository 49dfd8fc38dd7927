import { expect, test } from 'vitest';
import { keyOf, startTest, tempFolder } from './harness.ts';

const withGrace = (graceMs: number) => (config: { media: { graceMs: number } }) => {
  config.media.graceMs = graceMs;
};

test('a room that was live is interrupted after a restart, and goes on when its publisher returns', async () => {
  const dataDir = tempFolder();
  const first = await startTest({ dataDir });
  const made = await first.create();
  await first.engine.publish(made.playId, keyOf(made));
  await expect.poll(() => first.room(made.id)).toMatchObject({ status: 'live' });
  await first.kaibo.stop();
  const second = await startTest({ dataDir });
  expect(await second.room(made.id)).toMatchObject({ status: 'live', interrupted: true });
  await second.engine.publish(made.playId, keyOf(made));
  await expect.poll(async () => (await second.room(made.id)).interrupted).toBeUndefined();
});

test('a room that was live ends a grace after the restart when nobody returns', async () => {
  const dataDir = tempFolder();
  const first = await startTest({ dataDir });
  const made = await first.create();
  await first.engine.publish(made.playId, keyOf(made));
  await expect.poll(() => first.room(made.id)).toMatchObject({ status: 'live' });
  await first.kaibo.stop();
  const second = await startTest({ dataDir, change: withGrace(200) });
  await expect.poll(() => second.room(made.id), { timeout: 5000 }).toMatchObject({ status: 'ended' });
});

test('a stream whose report was lost makes its room live at the next comparison', async () => {
  const { create, engine, room } = await startTest({ change: withGrace(100) });
  const made = await create();
  engine.begin(made.playId, undefined, false);
  await expect.poll(() => room(made.id), { timeout: 12_000 }).toMatchObject({ status: 'live' });
}, 15_000);

test('tokens and keys outlive the process', async () => {
  const dataDir = tempFolder();
  const first = await startTest({ dataDir });
  const made = await first.create({ isPrivate: true });
  await first.kaibo.stop();
  const second = await startTest({ dataDir });
  const search = new URL(made.playUrls.flv ?? '').search;
  expect((await second.engine.play(made.playId, search)).verdict.action).toBe('play');
});

import { expect, test } from 'vitest';
import { keyOf, owner, type TestKaibo } from './harness.ts';
import { People } from './rooms-people.ts';
import { startNodes } from './support/nodes.ts';

test('a person on two nodes is one viewer, and a kick on one reaches the other', async () => {
  const people = new People();
  const [a, b] = await startNodes(people);
  const { headers } = people.add('viewer');
  const made = await a.create();
  const enter = (node: TestKaibo) => node.call(`/api/rooms/${made.id}/enter`, { method: 'POST', headers, body: {} });
  expect((await enter(a)).body).toMatchObject({ viewerCount: 1 });
  const { body } = await enter(b);
  expect(body).toMatchObject({ viewerCount: 1 });
  await b.engine.publish(made.playId, keyOf(made));
  await b.engine.play(made.playId, `?vid=${String(body['vid'])}`);
  await b.engine.play(made.playId);
  await expect.poll(async () => (await a.room(made.id)).viewerCount, { timeout: 3000 }).toBe(2);
  const kick = { method: 'POST', body: { person: 'user:viewer' }, headers: owner(made) };
  expect((await a.call(`/api/rooms/${made.id}/kick`, kick)).status).toBe(200);
  await expect.poll(() => b.engine.viewers).toBe(1);
  await expect.poll(async () => (await a.room(made.id)).viewerCount, { timeout: 3000 }).toBe(1);
});

test('a stream is published on one node at a time, and ends there when its room is closed on another', async () => {
  const [a, b] = await startNodes();
  const made = await a.create();
  await a.engine.publish(made.playId, keyOf(made));
  await expect.poll(() => b.room(made.id)).toMatchObject({ status: 'live' });
  expect(await b.engine.publish(made.playId, keyOf(made))).toMatchObject({ status: 409, code: 'already_publishing' });
  await b.call(`/api/rooms/${made.id}/close`, { method: 'POST', headers: owner(made) });
  await expect.poll(() => a.engine.streams()).toEqual([]);
});

test('a publisher that dropped on one node goes on on the other, whatever the first one still thinks', async () => {
  const [a, b] = await startNodes();
  const made = await a.create();
  await a.engine.publish(made.playId, keyOf(made));
  await expect.poll(() => a.room(made.id)).toMatchObject({ status: 'live' });
  a.engine.drop(made.playId);
  await expect.poll(() => a.room(made.id)).toMatchObject({ interrupted: true });
  await expect.poll(() => b.engine.publish(made.playId, keyOf(made))).toMatchObject({ action: 'publish' });
  await expect.poll(async () => (await b.room(made.id)).interrupted).toBeUndefined();
  a.engine.finish(made.playId);
  const rotated = await a.call(`/api/rooms/${made.id}/key`, { method: 'POST', headers: owner(made) });
  expect(rotated.body['streamKey']).not.toBe(made.streamKey);
  await expect.poll(() => b.engine.streams()).toMatchObject([{ state: 'interrupted' }]);
  await expect.poll(() => a.room(made.id), { timeout: 5000 }).toMatchObject({ status: 'ended' });
});

test('the rooms of a node that stops are interrupted and ended by the one that stays', async () => {
  const [a, b] = await startNodes();
  const [going, staying] = [await a.create(), await a.create()];
  await a.engine.publish(going.playId, keyOf(going));
  await b.engine.publish(staying.playId, keyOf(staying));
  for (const { id } of [going, staying]) await expect.poll(() => b.room(id)).toMatchObject({ status: 'live' });
  await a.kaibo.stop();
  await expect.poll(() => b.room(going.id), { timeout: 20_000, interval: 200 }).toMatchObject({ status: 'ended' });
  expect(await b.room(staying.id)).toMatchObject({ status: 'live' });
  expect((await b.room(staying.id)).interrupted).toBeUndefined();
}, 30_000);

test('a room is sent on by the node that carries its stream, told by the other, which knows how that goes', async () => {
  const [a, b] = await startNodes();
  const made = await a.create();
  const path = `/api/rooms/${made.id}/relays`;
  const add = (node: TestKaibo, url: string) =>
    node.call(path, { method: 'POST', body: { url }, headers: owner(made) });
  await add(a, 'rtmp://one.example.org/app/key');
  await b.engine.publish(made.playId, keyOf(made));
  await expect.poll(() => b.engine.pushed.size).toBe(1);
  await add(a, 'rtmp://two.example.org/app/key');
  await expect.poll(() => b.engine.pushed.size).toBe(2);
  expect(a.engine.pushed.size).toBe(0);
  const states = async (): Promise<string[]> => {
    const { text } = await a.call(path, { headers: owner(made) });
    return (JSON.parse(text) as { status: { state: string } }[]).map(({ status }) => status.state);
  };
  await expect.poll(states, { timeout: 10_000 }).toEqual(['pushing', 'pushing']);
  b.engine.finish(made.playId);
  await expect.poll(states, { timeout: 10_000 }).toEqual(['idle', 'idle']);
});

import { describe, expect, test } from 'vitest';
import { connect, keyOf, owner, request, type Answer } from './harness.ts';
import { People } from './rooms-people.ts';
import { kaiboHere } from './support/kaibo.ts';
import { startNodes, type TestNode } from './support/nodes.ts';

const SEEN = { timeout: 15_000, interval: 100 };

interface Shown {
  id: string;
  name: string;
  state: string;
}

describe('two nodes', () => {
  const people = new People();
  const { headers } = people.add('root', 'admin');
  const nodesOf = async (node: TestNode): Promise<Shown[]> => {
    const { body } = await node.call('/api/nodes', { headers });
    return body['nodes'] as Shown[];
  };
  const stateOf = async (node: TestNode, name: string) => (await nodesOf(node)).find((one) => one.name === name)?.state;
  const start = () =>
    startNodes(people, (config, name) => {
      config.node.drainNoticeMs = 0;
      config.node.drainSpreadMs = 50;
      if (name === 'a') config.node.mediaHost = 'a.example.org';
    });

  test('know each other, lead viewers to the one that has a stream, and show what it knows of it', async () => {
    const [a, b] = await start();
    await expect.poll(async () => (await nodesOf(b)).map(({ name }) => name), SEEN).toEqual(['a', 'b']);
    expect(await nodesOf(a)).toMatchObject([{ mediaHost: 'a.example.org', state: 'active', isSelf: true }, {}]);
    const made = await a.create();
    await a.engine.publish(made.playId, keyOf(made));
    a.engine.picture(made.playId, { jpeg: Buffer.from([0xff, 0xd8, 1, 2]), atMs: 1234 });
    a.engine.offer(made.playId, [{ name: '360p', width: 640, height: 360, bitrateBps: 800_000 }]);
    const seen = async () => (await b.call(`/api/rooms/${made.id}`, { headers })).body;
    await expect.poll(seen, SEEN).toMatchObject({
      playUrls: {
        flv: `http://a.example.org:8080/live/${made.playId}.flv`,
        rtmp: expect.stringMatching('//a.example'),
      },
      poster: `/api/rooms/${made.id}/poster?v=1234`,
      renditions: [{ name: '360p', flv: `http://a.example.org:8080/live/${made.playId}_360p.flv` }],
      publishing: { fps: 25 },
    });
    const poster = await fetch(`${b.base}/api/rooms/${made.id}/poster`);
    expect([poster.status, Buffer.from(await poster.arrayBuffer())]).toEqual([200, Buffer.from([0xff, 0xd8, 1, 2])]);
    const policy = (await fetch(`${b.base}/`)).headers.get('content-security-policy');
    expect(policy).toContain('http://a.example.org:8080 ws://a.example.org:8080');
    // By way of b it is fetched from a, by a right that only nodes have, and that only counts where it is published.
    const found = await b.engine.origin(made.playId);
    if (typeof found !== 'object') throw new Error(`the origin is ${found}`);
    const { origin, pathname, search } = new URL(found.url);
    expect([origin, pathname]).toEqual(['http://127.0.0.1:8080', `/live/${made.playId}.flv`]);
    expect((await a.engine.play(made.playId, search)).verdict).toEqual({ action: 'play', passesOn: true });
    expect((await b.engine.play(made.playId, search)).verdict).toMatchObject({
      action: 'deny',
      code: 'not_publishing',
    });
    expect((await a.engine.play(made.playId, search.replace('&', 'x&'))).verdict).not.toHaveProperty('passesOn');
    expect(await a.engine.origin(made.playId)).toBe('none');
    expect(a.log.concat(b.log).join('')).not.toContain(new URLSearchParams(search).get('token'));
    a.engine.finish(made.playId);
    await expect.poll(() => b.engine.origin(made.playId), SEEN).toBe('ended');
  });

  test('one takes over what is silent on the other, by the same right only', async () => {
    const [a, b] = await start();
    const made = await a.create();
    await a.engine.publish(made.playId, keyOf(made));
    await expect.poll(() => b.room(made.id), SEEN).toMatchObject({ status: 'live' });
    expect(await b.engine.publish(made.playId, keyOf(made))).toMatchObject({ code: 'already_publishing' });
    a.engine.silent.add(`${made.playId} room:other`);
    expect(await b.engine.publish(made.playId, keyOf(made))).toMatchObject({ code: 'already_publishing' });
    a.engine.silent.add(`${made.playId} room:${made.id}`);
    expect(await b.engine.publish(made.playId, keyOf(made))).toMatchObject({ action: 'publish' });
    expect((await a.engine.streams())[0]?.state).toBe('interrupted');
    await expect.poll(async () => (await a.room(made.id)).interrupted, SEEN).toBeUndefined();
  });

  test('what one publishes is recorded there, as the other was told, and where it goes on', async () => {
    const [a, b] = await start();
    const made = await a.create({ recording: 'manual' });
    const turn = (node: TestNode, on: boolean): Promise<Answer> =>
      node.call(`/api/rooms/${made.id}/recording`, { method: 'POST', body: { on }, headers: owner(made) });
    const recording = (): number[] => [a, b].map(({ engine }) => engine.recorder.running.size);
    await a.engine.publish(made.playId, keyOf(made));
    await expect.poll(() => b.room(made.id), SEEN).toMatchObject({ status: 'live' });
    expect((await turn(b, true)).status).toBe(200);
    await expect.poll(recording, SEEN).toEqual([1, 0]);
    a.engine.drop(made.playId);
    await expect.poll(() => b.engine.publish(made.playId, keyOf(made)), SEEN).toMatchObject({ action: 'publish' });
    // Who watches on a is shown it from b now.
    a.engine.foreign.add(made.playId);
    await expect.poll(recording, SEEN).toEqual([0, 1]);
    expect((await turn(a, false)).status).toBe(200);
    await expect.poll(recording, SEEN).toEqual([0, 0]);
  });

  test('one drains as the other was told, and works again', async () => {
    const [a, b] = await start();
    const made = await a.create();
    await a.engine.publish(made.playId, keyOf(made));
    const socket = await connect(a.base);
    await expect.poll(async () => (await nodesOf(b)).length, SEEN).toBe(2);
    const id = (await nodesOf(b)).find(({ name }) => name === 'a')?.id ?? '';
    const tell = (what: string): Promise<Answer> =>
      b.call(`/api/nodes/${id}/${what}`, { method: 'POST', body: {}, headers });
    expect(await tell('drain')).toMatchObject({ status: 200, body: { name: 'a', state: 'draining' } });
    expect(await a.call('/readyz')).toMatchObject({ status: 503, body: { checks: { accepting: false } } });
    expect((await b.call('/readyz')).status).toBe(200);
    expect(await socket.next(({ type }) => type === 'reconnect')).toMatchObject({ withinMs: 50 });
    // It knows nothing of that: it is cut, and would resume.
    expect(await socket.closed).toMatchObject({ code: 4008 });
    const other = await b.create();
    expect(await a.engine.publish(other.playId, keyOf(other))).toMatchObject({ status: 503, code: 'node_draining' });
    expect(await b.engine.publish(other.playId, keyOf(other))).toMatchObject({ action: 'publish' });
    expect(await stateOf(a, 'a')).toBe('draining');
    a.engine.finish(made.playId);
    await expect.poll(() => stateOf(b, 'a'), SEEN).toBe('drained');
    expect(await tell('undrain')).toMatchObject({ status: 200, body: { state: 'active' } });
    expect((await a.call('/readyz')).status).toBe(200);
    const audit = await b.call('/api/admin/audit?pageSize=2', { headers });
    expect(audit.text).toContain('node.undrained');
    expect(audit.text).toContain('user:root');
  });

  test('the command line shows and drains them; who is nobody may not', async () => {
    const [a, b] = await start();
    await expect.poll(async () => (await nodesOf(b)).length, SEEN).toBe(2);
    const made = await a.create();
    await a.engine.publish(made.playId, keyOf(made));
    const flags = [`--dataDir=${b.dataDir}`, '--url', b.base];
    const { output } = await kaiboHere(['node', 'list', ...flags]);
    expect(output.split('\n').map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([
      ['active', 'a'],
      ['active', 'b'],
      [],
    ]);
    // Its stream goes on for longer than is waited.
    expect(await kaiboHere(['node', 'drain', 'a', '--timeout', '0', '--wait', ...flags])).toEqual({
      code: 0,
      output: 'a drains\na is drained and may be stopped\n',
    });
    expect((await a.engine.streams())[0]?.state).toBe('interrupted');
    expect(await kaiboHere(['node', 'undrain', 'a', ...flags])).toEqual({ code: 0, output: 'a works again\n' });
    expect(await kaiboHere(['node', 'drain', 'c', ...flags])).toMatchObject({ code: 1 });
    const nowhere = await kaiboHere(['node', 'list', `--dataDir=${b.dataDir}`, '--url', 'http://127.0.0.1:1']);
    expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('does not answer') });
    for (const authorization of [
      '',
      'Bearer x',
      'KaiboNode zzzzzzzz.AAAA',
      `KaiboNode ${(Date.now() + 9e4).toString(36)}.`,
    ])
      expect((await request(`${a.base}/api/internal/nodes`, { headers: { authorization } })).status).toBe(403);
  });
});

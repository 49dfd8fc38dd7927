import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, type Database } from '../src/database/database.ts';
import { experienceFeed } from '../src/modules/level/feed.ts';
import { rankFeed } from '../src/modules/rank/feed.ts';
import { Calendar, rebuildRankings } from '../src/modules/rank/index.ts';
import type { RankEntry, RankFact, RankSnapshot } from '../src/modules/rank/contract.ts';
import { MemoryStateCenter } from '../src/state/memory.ts';
import { connect, startTest, tempFolder, type TestKaibo } from './harness.ts';
import { PASSWORD, personOf, type Person } from './support/accounts.ts';
import { kaiboHere } from './support/kaibo.ts';

const PATIENCE = { timeout: 20_000 };

interface Site {
  /** Of the database, and of the first node. */
  folder: string;
  nodes: TestKaibo[];
  database: Database;
  person(username: string): Promise<Person>;
}

/** Nodes that share a database and a state center. */
async function start(count = 1): Promise<Site> {
  const folder = tempFolder();
  const handle = await openDatabase({
    ...{ folder, poolSize: 1, statementTimeoutMs: 15_000, logger: pino({ level: 'silent' }) },
  });
  onTestFinished(() => handle.close());
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const nodes: TestKaibo[] = [];
  for (let n = 0; n < count; n++)
    nodes.push(
      await startTest({
        ...{ dataDir: n === 0 ? folder : undefined, database: handle.database, state },
        change: (config) => {
          config.limits.loginPerMinute = 10_000;
          config.rank.timeZone = 'Asia/Shanghai';
          config.levels.thresholds = [20, 100];
        },
      }),
    );
  const person = async (username: string): Promise<Person> => {
    const body = { username, password: PASSWORD };
    const answer = await nodes[0]?.call('/api/auth/register', { method: 'POST', body });
    if (answer?.status !== 201) throw new Error(`registering answered ${answer?.text}`);
    return personOf(answer);
  };
  return { folder, nodes, database: handle.database, person };
}

const add = (database: Database, ...facts: RankFact[]): Promise<void> =>
  database.transaction().execute((transaction) => rankFeed.add(transaction, facts));

function nodeOf({ nodes }: Site, index = 0): TestKaibo {
  const node = nodes[index];
  if (node === undefined) throw new Error(`there is no node ${index}`);
  return node;
}

async function listOf(node: TestKaibo, path: string, person?: Person): Promise<[string, number, number][]> {
  const { body } = await node.call(path, { headers: person?.headers });
  return (body['entries'] as RankEntry[]).map(({ username, score, place }) => [username, score, place]);
}

test('follows count in the hour in which they were made, until they are taken back or the follower is gone', async () => {
  const site = await start();
  const [node, boss, ada, ben] = [
    nodeOf(site),
    await site.person('boss'),
    await site.person('ada'),
    await site.person('ben'),
  ];
  const follow = (who: Person, whom: Person, method = 'POST') =>
    node.call(`/api/users/${whom.id}/follow`, { method, headers: who.headers });
  await follow(boss, ada);
  await follow(ben, ada);
  await follow(ada, ben);
  await follow(ada, ben);
  for (const period of ['hour', 'day', 'week', 'all'])
    await expect
      .poll(() => listOf(node, `/api/rank/followers?period=${period}`), PATIENCE)
      .toEqual([
        ['ada', 2, 1],
        ['ben', 1, 2],
      ]);
  const { body } = await node.call('/api/rank/followers?period=all&limit=1', { headers: ben.headers });
  expect(body).toMatchObject({ entries: [{ userId: ada.id }], me: { score: 1, place: 2 } });
  await follow(ben, ada, 'DELETE');
  await follow(ben, ada, 'DELETE');
  await expect.poll(async () => (await listOf(node, '/api/rank/followers'))[0]?.[1], PATIENCE).toBe(1);
  // Of equal scores, who had it first; a day of Shanghai may begin while this runs, so that it is asked of all time.
  expect((await listOf(node, '/api/rank/followers?period=all')).map(([name]) => name)).toEqual(['ada', 'ben']);
  const counted = await site.database
    .selectFrom('rank_scores')
    .selectAll()
    .where('score', '>', 0)
    .orderBy('subject')
    .orderBy('period')
    .execute();
  await node.call('/api/users/me', { method: 'DELETE', body: { password: PASSWORD }, headers: ada.headers });
  await expect.poll(() => listOf(node, '/api/rank/followers?period=all'), PATIENCE).toEqual([]);
  expect(counted.map(({ subject }) => subject)).toContain(ada.id);
  const left = await site.database.selectFrom('rank_scores').select('subject').where('subject', '=', ada.id).execute();
  expect(left).toEqual([]);
  expect(await node.call('/api/rank/followers?period=now')).toMatchObject({ status: 400 });
});

test('those who look are told what changed, on every node; who is banned is not listed', async () => {
  const site = await start(2);
  const boss = await site.person('boss');
  const people = [await site.person('ada'), await site.person('ben'), await site.person('cyd')];
  const [ada, ben, cyd] = people as [Person, Person, Person];
  const now = Date.now();
  await add(site.database, { board: 'revenue', userId: ada.id, amount: 5, at: now });
  const { body: room } = await nodeOf(site).call('/api/rooms', {
    ...{ method: 'POST', body: { title: '应援' }, headers: ada.headers },
  });
  const roomId = String(room['id']);
  await expect.poll(() => listOf(nodeOf(site), '/api/rank/revenue?period=all'), PATIENCE).toEqual([['ada', 5, 1]]);
  const socket = await connect(nodeOf(site, 1).base);
  socket.send({ type: 'subscribe', channel: 'rank' });
  socket.send({ type: 'subscribe', channel: `rank:${roomId}` });
  const { data } = await socket.next(({ type, channel }) => type === 'snapshot' && channel === 'rank');
  expect((data as RankSnapshot).boards['revenue']?.['all']).toMatchObject([{ userId: ada.id, score: 5, place: 1 }]);
  const supporter = (userId: string, amount: number, at: number): RankFact => ({
    ...{ board: 'supporters', channelId: ada.id, roomId, userId, amount, at },
  });
  await add(
    site.database,
    { board: 'revenue', userId: ben.id, amount: 9, at: now },
    ...[supporter(ben.id, 3, now), supporter(cyd.id, 3, now + 1)],
  );
  const entriesOf = (message: { data?: unknown }): RankEntry[] => {
    const { changes, entries } = message.data as { changes?: RankEntry[]; entries?: RankEntry[] };
    return changes ?? entries ?? [];
  };
  const said = (channel: string, name: string): [string, number][] =>
    socket.messages
      .filter((one) => one.type === 'event' && one.channel === channel)
      .filter(({ data: change }) => JSON.stringify(change).startsWith(name))
      .flatMap(entriesOf)
      .map(({ username, place }) => [username, place]);
  const [all, live] = ['{"board":"revenue","period":"all"', '{"board":"supporters","period":"live"'];
  await expect
    .poll(() => said('rank', all), PATIENCE)
    .toEqual(
      expect.arrayContaining([
        ['ben', 1],
        ['ada', 2],
      ]),
    );
  const supporting = expect.arrayContaining([
    ['ben', 1],
    ['cyd', 2],
  ]);
  await expect.poll(() => said(`rank:${roomId}`, live), PATIENCE).toEqual(supporting);
  // The same score, but later.
  const path = `/api/rooms/${roomId}/rank/supporters?period=`;
  for (const period of ['live', 'week', 'all'])
    expect(await listOf(nodeOf(site, 1), path + period)).toEqual([
      ['ben', 3, 1],
      ['cyd', 3, 2],
    ]);
  // What was given in a broadcast stands when it is over.
  await nodeOf(site).call('/api/streams/end', { method: 'POST', body: { roomId }, headers: ada.headers });
  expect(await listOf(nodeOf(site), `${path}live&limit=1`, cyd)).toEqual([['ben', 3, 1]]);
  await add(site.database, supporter(ben.id, -3, now));
  await expect.poll(() => listOf(nodeOf(site), `${path}week`), PATIENCE).toEqual([['cyd', 3, 1]]);
  await nodeOf(site).call(`/api/admin/users/${cyd.id}/ban`, { method: 'POST', body: {}, headers: boss.headers });
  await expect.poll(() => listOf(nodeOf(site), `${path}week`), PATIENCE).toEqual([]);
});

test('a rebuild counts gifts, follows and peaks anew, and finds what the rankings had', async () => {
  const site = await start();
  const [node, ada, ben] = [nodeOf(site), await site.person('ada'), await site.person('ben')];
  await node.call(`/api/users/${ada.id}/follow`, { method: 'POST', headers: ben.headers });
  await expect.poll(() => listOf(node, '/api/rank/followers?period=all'), PATIENCE).toEqual([['ada', 1, 1]]);
  const scores = () =>
    site.database
      .selectFrom('rank_scores')
      .selectAll()
      .orderBy('board')
      .orderBy('scope')
      .orderBy('period')
      .orderBy('subject')
      .execute();
  const at = Date.now();
  const gifts = [
    { id: 'g1', total: 10, at, refunded_at: null },
    { id: 'g2', total: 5, at: at + 1, refunded_at: at + 9 },
    { id: 'g3', total: 7, at: at + 2, refunded_at: null },
  ];
  const facts = gifts.flatMap(({ total: amount, at: given, refunded_at }): RankFact[] =>
    [amount, ...(refunded_at === null ? [] : [-amount])].flatMap((signed): RankFact[] => [
      { board: 'revenue', userId: ada.id, amount: signed, at: given },
      { board: 'supporters', channelId: ada.id, roomId: 'room', userId: ben.id, amount: signed, at: given },
    ]),
  );
  const order = {
    ...{ room_id: 'room', channel_id: ada.id, sender_id: ben.id, receiver_id: ada.id, gift_id: 'rose', name_zh: '花' },
    ...{ name_en: 'Rose', icon: 'rose', price: 1, effect: 'none' as const, animation: null, count: 1, share: 1 },
    ...{ combo_id: 'c', combo_count: 1, refund_transfer_id: null },
  };
  const orders = gifts.map((gift) => ({ ...order, ...gift, transfer_id: gift.id, idem_key: gift.id }));
  await site.database.insertInto('gift_orders').values(orders).execute();
  await add(site.database, ...facts);
  await expect.poll(() => listOf(node, '/api/rank/revenue?period=all'), PATIENCE).toEqual([['ada', 17, 1]]);
  const before = await scores();
  await site.database.updateTable('rank_scores').set({ score: 77 }).execute();
  // Waiting when the rebuild begins: it stands in the books already, and must not count twice.
  await site.database
    .insertInto('gift_orders')
    .values({ ...order, id: 'g4', at, refunded_at: null, total: 1, transfer_id: 'g4', idem_key: 'g4' })
    .execute();
  await add(site.database, ...facts.slice(0, 2).map((fact) => ({ ...fact, amount: 1 })));
  const rebuilt = await rebuildRankings(site.database, new Calendar('Asia/Shanghai'));
  expect(rebuilt).toEqual({ gifts: 4, follows: 1, rooms: 0 });
  const flag = `--dataDir=${site.folder}`;
  // Its database is SQLite, of which a rebuild would be the one writer.
  expect(await kaiboHere(['rank', 'rebuild', flag])).toMatchObject({
    code: 1,
    output: expect.stringContaining('stop the server first') as string,
  });
  const mended = (await scores()).map((row) => (row.board === 'followers' ? row : { ...row, score: row.score - 1 }));
  // Counted by the platform just before, or by the rebuild: either way once.
  expect(mended).toEqual(before);
  await node.kaibo.stop();
  expect(await kaiboHere(['rank', 'rebuild', flag])).toEqual({
    code: 0,
    output: 'counted anew: 4 gifts, 1 follows, 0 broadcasts\n',
  });
});

test('a fan earns by chat up to a limit, by gifts without one, and is told of each level', async () => {
  const site = await start();
  const [node, ada, ben] = [nodeOf(site), await site.person('ada'), await site.person('ben')];
  const { body: room } = await node.call('/api/rooms', {
    method: 'POST',
    body: { title: '粉丝' },
    headers: ada.headers,
  });
  const path = `/api/rooms/${String(room['id'])}/fans`;
  expect((await node.call(`${path}/me`, { headers: ben.headers })).body).toMatchObject({
    level: 0,
    experience: 0,
    nextAt: 20,
  });
  const socket = await connect(node.base, { headers: ben.headers });
  socket.send({ type: 'subscribe', channel: 'user' });
  await socket.next(({ type }) => type === 'snapshot');
  const at = Date.now();
  const fact = (kind: 'chat' | 'gift', amount: number) => ({ channelId: ada.id, userId: ben.id, kind, amount, at });
  const earn = (...facts: ReturnType<typeof fact>[]): Promise<void> =>
    site.database.transaction().execute((transaction) => experienceFeed.add(transaction, facts));
  await earn(...Array.from({ length: 40 }, () => fact('chat', 1)));
  const told = await socket.next(({ event }) => event === 'level.up');
  expect(told.data).toEqual({ channelId: ada.id, level: 1, badge: {} });
  const mine = async () => (await node.call(`${path}/me`, { headers: ben.headers })).body;
  expect(await mine()).toMatchObject({ level: 1, experience: 50, levelAt: 20, nextAt: 100, today: { chat: 50 } });
  await earn(fact('gift', 7));
  await expect.poll(mine, PATIENCE).toMatchObject({ level: 2, experience: 120 });
  await earn(fact('gift', -7));
  await expect.poll(mine, PATIENCE).toMatchObject({ level: 1, experience: 50 });

  const name = (text: string | null, person = ada) =>
    node.call(`${path}/badge`, { method: 'PUT', body: { name: text }, headers: person.headers });
  expect((await name('小橙子', ben)).status).toBe(403);
  for (const bad of ['橙', '一二三四五六七', 'a\u202Eb', 'a\u200Bb'])
    expect((await name(bad)).status, JSON.stringify(bad)).toBe(400);
  expect(await name('小橙👩‍🚀')).toMatchObject({ status: 200, body: { name: '小橙👩‍🚀' } });
  expect((await node.call(path)).body).toMatchObject({
    ...{ badge: { name: '小橙👩‍🚀' }, total: 1 },
    fans: [{ userId: ben.id, level: 1, experience: 50, place: 1 }],
  });
  expect((await name(null)).body).toEqual({});
  const { body: kept } = await node.call('/api/users/me/export', { headers: ben.headers });
  expect(kept['fans']).toMatchObject([{ channel_id: ada.id, experience: 50 }]);
  await node.call('/api/users/me', { method: 'DELETE', body: { password: PASSWORD }, headers: ben.headers });
  expect((await node.call(path)).body).toMatchObject({ fans: [], total: 0 });
});

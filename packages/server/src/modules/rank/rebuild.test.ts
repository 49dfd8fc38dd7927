import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { factsOf, NOW, randomDay, recompute, startOf, users, writeDown, ZONE } from '../../../test/support/rank-day.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import { connectDatabase } from '../../database/database.ts';
import { countBatch } from './counting.ts';
import { Calendar, PERIODS } from './period.ts';
import { rebuildRankings } from './rebuild.ts';
import { RankStore } from './store.ts';

const EVENTS = 4000;
const COMMIT = 50;
const REBUILD_EVERY = 1000;
const calendar = new Calendar(ZONE);

onEveryDatabase('a rebuild', (_open, databases) => {
  test('beside people who give and nodes that count changes nothing', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    await insertUsers(database, ...users.map((id) => userRow(id)));
    const events = randomDay(EVENTS);
    let isOver = false;
    const write = async (): Promise<void> => {
      const rebuilds: Promise<unknown>[] = [];
      for (let from = 0; from < events.length; from += COMMIT) {
        if (from % REBUILD_EVERY === 0) rebuilds.push(rebuildRankings(database, calendar));
        const some = events.slice(from, from + COMMIT);
        await database.transaction().execute((transaction) => writeDown(transaction, some));
      }
      await Promise.all(rebuilds);
      isOver = true;
    };
    const count = async (): Promise<void> => {
      // SQLite has one process; those who work in it share its connection.
      const node = databases.kind === 'sqlite' ? undefined : await connectDatabase(options);
      while (!isOver) {
        await countBatch(node?.database ?? database, calendar);
        await delay(10);
      }
      await node?.close();
    };
    await Promise.all([write(), count(), count()]);
    while ((await countBatch(database, calendar)).hasMore);
    const facts = events.flatMap(factsOf);
    const store = new RankStore(database, () => NOW);
    for (const board of ['revenue', 'followers', 'viewers'] as const)
      for (const period of PERIODS) {
        const listed = await store.top({ board, scope: '', period, start: startOf(period, NOW) });
        const scores = Object.fromEntries(listed.map(({ userId, score }) => [userId, score]));
        const expected = recompute(facts, { board, period }, Infinity).map(([userId, score]) => [userId, score]);
        for (const [userId, score] of Object.entries(scores))
          expect([userId, score], `${board} ${period}`).toEqual(expected.find(([id]) => id === userId));
        expect(listed).toHaveLength(Math.min(100, expected.length));
      }
  }, 120_000);
});

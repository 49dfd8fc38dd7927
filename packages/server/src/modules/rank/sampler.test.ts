import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import { Calendar } from './period.ts';
import { ViewerSampler } from './sampler.ts';
import { RankStore } from './store.ts';

const HOUR_MS = 3_600_000;
const NOON = Date.parse('2026-11-27T12:00:00Z');

onEveryDatabase('viewers', (open) => {
  test('the most at one time is said once an hour, with what rose between two looks, of public rooms alone', async () => {
    const database = await open();
    await insertUsers(database, userRow('ada'), userRow('ben'), userRow('cyd', { banned_at: 1 }));
    const live = { status: 'live', start_time: NOON - 2 * HOUR_MS } as const;
    await database
      .insertInto('rooms')
      .values([
        roomRow('one', { ...live, user_id: 'ada', viewer_count: 5, peak_viewers: 40 }),
        roomRow('two', { ...live, user_id: 'ben', viewer_count: 7, peak_viewers: 7, start_time: NOON }),
        roomRow('three', { ...live, user_id: 'cyd', viewer_count: 9, peak_viewers: 9 }),
        roomRow('secret', { ...live, user_id: 'ben', viewer_count: 99, peak_viewers: 99, is_private: 1 }),
        roomRow('nobody', { ...live, viewer_count: 99, peak_viewers: 99 }),
      ])
      .execute();
    let now = NOON + 1000;
    const sampler = new ViewerSampler({ database, now: () => now, calendar: new Calendar('UTC') });
    const look = async (): Promise<[string, number][]> =>
      (await sampler.facts())
        .map(({ userId, amount }): [string, number] => [userId, amount])
        .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const become = (id: string, viewer_count: number, peak_viewers: number, ended?: number) =>
      database
        .updateTable('rooms')
        .set({ viewer_count, peak_viewers, ...(ended === undefined ? {} : { status: 'ended', end_time: ended }) })
        .where('id', '=', id)
        .execute();
    // The peak of 40 may have been in the hour before.
    expect(await look()).toEqual([
      ['ada', 5],
      ['ben', 7],
      ['cyd', 9],
    ]);
    expect(await look()).toEqual([]);
    await become('one', 6, 45);
    await become('two', 3, 7);
    expect(await look()).toEqual([['ada', 45]]);
    now = NOON + HOUR_MS + 1000;
    expect(await look()).toEqual([
      ['ada', 6],
      ['ben', 3],
      ['cyd', 9],
    ]);
    // What came with the end is said of the end.
    await become('two', 0, 12, now - 500);
    expect(await look()).toEqual([['ben', 12]]);
    const store = new RankStore(database, () => now);
    expect((await store.watchedNow()).map(({ userId, score }) => [userId, score])).toEqual([['ada', 6]]);
  });
});

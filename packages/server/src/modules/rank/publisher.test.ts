import { expect, onTestFinished, test } from 'vitest';
import { onDatabase } from '../../../test/support/databases.ts';
import { randomOf } from '../../../test/support/rank-day.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { rankAccountHolder } from './account.ts';
import { Boards, snapshotOf, type NamedBoard } from './boards.ts';
import type { RankEntry, RankFact, RankSnapshot } from './contract.ts';
import { countBatch } from './counting.ts';
import { rankFeed } from './feed.ts';
import { Calendar } from './period.ts';
import { Publisher } from './publisher.ts';
import { applyFacts } from './scores.ts';
import { RankStore } from './store.ts';
import { watchGroup } from './watching.ts';

const CHANGES = 500;
/** More than a board lists, so that some leave it. */
const USERS = 130;
/** Ten minutes before an hour, a day and a week begin. */
const SUNDAY = Date.parse('2026-11-29T23:50:00Z');
const calendar = new Calendar('UTC');
const users = Array.from({ length: USERS }, (_, n) => `u${String(n).padStart(3, '0')}`);
const HOST = 'u000';

interface Site {
  database: Database;
  state: MemoryStateCenter;
  boards: Boards;
  store: RankStore;
  clock: { now: number };
  publisher(): Publisher;
}

async function siteOn(database: Database): Promise<Site> {
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const clock = { now: SUNDAY };
  const now = (): number => clock.now;
  await insertUsers(database, ...users.map((id) => userRow(id)));
  const live = { status: 'live', start_time: SUNDAY } as const;
  await database
    .insertInto('rooms')
    .values([roomRow('room', { ...live, user_id: HOST }), roomRow('other', { ...live, user_id: 'u001' })])
    .execute();
  const store = new RankStore(database, now);
  const boards = new Boards({ store, calendar, now });
  return { database, state, boards, store, clock, publisher: () => new Publisher({ database, state, boards }) };
}

interface Heard {
  channel: string;
  boards(): NamedBoard[];
}

interface RankChange {
  board: string;
  period: string;
  changes?: RankEntry[];
  removed?: string[];
  entries?: RankEntry[];
}

/** As a client is told to read it; the SDK's own is tested where the browser's types are. */
function withChange(before: readonly RankEntry[], { entries, changes = [], removed = [] }: RankChange): RankEntry[] {
  if (entries !== undefined) return entries;
  const all = new Map(before.map((entry) => [entry.userId, entry]));
  for (const userId of removed) all.delete(userId);
  for (const entry of changes) all.set(entry.userId, entry);
  return [...all.values()].toSorted((a, b) => a.place - b.place).slice(0, 100);
}

/** Somebody who listens, as the page does: a snapshot, then what is told. */
async function listen({ state }: Site, { channel, boards }: Heard) {
  await state.enter(watchGroup(channel), state.nodeId);
  const known: { boards?: RankSnapshot['boards'] } = {};
  const early: RankChange[] = [];
  const take = (change: RankChange): void => {
    if (known.boards === undefined) return void early.push(change);
    const board = (known.boards[change.board] ??= {});
    board[change.period] = withChange(board[change.period] ?? [], change);
  };
  const unsubscribe = await state.subscribe(channel, {
    deliver: ({ data }) => take(data as RankChange),
    reset: () => {},
  });
  known.boards = (await snapshotOf(boards())).boards;
  for (const change of early) take(change);
  return { boards: () => known.boards, leave: unsubscribe };
}

type Listener = Awaited<ReturnType<typeof listen>>;

onDatabase('sqlite', 'what is told', (open) => {
  test(`makes of any snapshot the rankings as they are, through ${CHANGES} random changes`, async () => {
    const site = await siteOn(await open());
    const { database, boards, store, clock } = site;
    const random = randomOf(7);
    const someone = (): string => users[random(USERS)] ?? '';
    const gone = rankAccountHolder({ database, store, now: () => clock.now });
    const channels: Heard[] = [
      { channel: 'rank', boards: () => boards.ofPlatform() },
      { channel: 'rank:room', boards: () => boards.ofRoom('room', HOST) },
    ];
    const listeners: Listener[][] = await Promise.all(channels.map(async (heard) => [await listen(site, heard)]));
    let publisher = site.publisher();
    // As many as are listed, and more.
    const first = users.map((userId): RankFact => ({ board: 'revenue', userId, amount: 2, at: SUNDAY }));
    await database.transaction().execute((transaction) => rankFeed.add(transaction, first));

    const factOf = (): RankFact => {
      const amount = [1, 1, 2, 5][random(4)] ?? 1;
      const at = clock.now - random(2) * random(3_600_000);
      const sign = random(4) === 0 ? -1 : 1;
      if (random(2) === 0)
        return { board: 'supporters', channelId: HOST, roomId: 'room', userId: someone(), amount, at };
      return { board: random(2) === 0 ? 'revenue' : 'followers', userId: someone(), amount: sign * amount, at };
    };
    for (let change = 0; change < CHANGES; change++) {
      clock.now += random(3000);
      const kind = random(20);
      if (kind === 0) {
        const banned_at = random(2) === 0 ? clock.now : null;
        const id = someone();
        await database.updateTable('users').set({ banned_at }).where('id', '=', id).execute();
        await gone.accountGone(id, 'banned');
      } else if (kind === 1) {
        await database
          .updateTable('rooms')
          .set({ viewer_count: random(3) })
          .where('id', '=', 'room')
          .execute();
        const peak: RankFact = { board: 'viewers', userId: someone(), amount: random(9), at: clock.now };
        await database.transaction().execute((transaction) => applyFacts(transaction, [peak], calendar));
        publisher.noteViewers();
      } else {
        const facts = Array.from({ length: 1 + random(4) }, factOf);
        await database.transaction().execute((transaction) => rankFeed.add(transaction, facts));
      }
      const counted = await countBatch(database, calendar);
      publisher.note(counted);
      // It dies between the commit and the telling; another takes over.
      if (random(50) === 0) publisher = site.publisher();
      for (const [n, heard] of channels.entries()) {
        // Who comes between the commit and the telling, and who lost the connection and comes again.
        if (random(15) === 0) listeners[n]?.push(await listen(site, heard));
        if ((listeners[n]?.length ?? 0) > 3) await listeners[n]?.splice(1, 1)[0]?.leave();
      }
      await publisher.tell();
      if (change % 20 !== 0 && change !== CHANGES - 1) continue;
      for (const [n, heard] of channels.entries()) {
        const { boards: actual } = await snapshotOf(heard.boards());
        for (const [which, listener] of (listeners[n] ?? []).entries())
          expect(listener.boards(), `${heard.channel}, listener ${which}, change ${change}`).toEqual(actual);
      }
    }
    const all = await store.top({ board: 'revenue', scope: '', period: 'all', start: 0 });
    expect(all).toHaveLength(100);
    expect(calendar.startsAt(clock.now).week).toBeGreaterThan(calendar.startsAt(SUNDAY).week);
  }, 180_000);
});

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import type { NewNotice } from './contract.ts';
import { Fanout, rememberLive } from './fanout.ts';
import { StoredNotifier } from './notifier.ts';
import { cursorOf, NoticeStore } from './store.ts';

const CHILD = join(import.meta.dirname, '../../../test/support/notice-child.ts');
/** Several batches. */
const FOLLOWERS = 2_000;

function setUp(database: Database, state = new MemoryStateCenter()) {
  const logger = pino({ level: 'silent' });
  const outbox = new Outbox({ database, logger, now: Date.now, state });
  const store = new NoticeStore(database);
  const notifier = new StoredNotifier({ store, now: Date.now, count: () => {} });
  const fanout = new Fanout({ database, outbox, state, notifier, logger, now: Date.now });
  onTestFinished(async () => {
    await fanout.stop();
    await outbox.stop();
    await state.close();
  });
  const notify = (...notices: NewNotice[]): Promise<void> => outbox.transact((work) => notifier.notify(work, notices));
  return { outbox, store, notifier, fanout, notify };
}

const gift = (coins: number, more: Partial<NewNotice> = {}): NewNotice => ({
  ...{ userId: 'ada', kind: 'gift', data: { coins } },
  ...more,
});

onEveryDatabase('notices', (open, databases) => {
  test('of a group the unread one is replaced; once read, another begins', async () => {
    const { store, outbox, notify } = setUp(await open());
    await notify(gift(1, { group: 'room' }), gift(5));
    await notify(gift(2, { group: 'room' }), gift(3, { group: 'room' }));
    const list = () => store.list('ada', { limit: 10 });
    const coins = async () =>
      (await list()).map(({ data }) => (JSON.parse(data) as { coins: number }).coins).toSorted((a, b) => a - b);
    expect(await coins()).toEqual([3, 5]);
    expect(await store.unread('ada')).toBe(2);
    const read = { userId: 'ada', ids: undefined, nowMs: 1 };
    expect(await outbox.transact(({ transaction }) => store.read(transaction, read))).toHaveLength(2);
    await notify(gift(7, { group: 'room' }));
    expect(await coins()).toEqual([3, 5, 7]);
    expect(await store.unread('ada')).toBe(1);
  });

  test('many who tell the same people at once do not stop each other', async () => {
    const { store, notify } = setUp(await open());
    const people = ['ada', 'ben', 'cleo', 'dan'];
    const told = Array.from({ length: 20 }, (_, n) =>
      notify(...(n % 2 === 0 ? people : people.toReversed()).map((userId) => gift(n, { userId, group: 'room' }))),
    );
    await Promise.all(told);
    for (const person of people) expect(await store.unread(person)).toBe(1);
  });

  test('pages go on where the one before ended, and the surplus of a reader goes', async () => {
    const { store, notify } = setUp(await open());
    await notify(...Array.from({ length: 25 }, (_, n) => gift(n)));
    const first = await store.list('ada', { limit: 10 });
    expect(first).toHaveLength(11);
    const last = first[9];
    if (last === undefined) throw new Error('there is a page');
    const second = await store.list('ada', { limit: 100, before: cursorOf(last) });
    expect(new Set([...first.slice(0, 10), ...second].map(({ id }) => id)).size).toBe(25);
    await store.sweepSurplus(20);
    expect(await store.unread('ada')).toBe(20);
    await store.sweepOld(Date.now() + 1, 1000);
    expect(await store.unread('ada')).toBe(0);
  });

  test('thousands of followers are told once, whoever goes on after a kill and however often it is said', async () => {
    const options = await databases.options('migrated');
    const { database } = await databases.handle(options, 'as it is');
    await addFollowers(database, FOLLOWERS);
    await database
      .insertInto('rooms')
      .values({ ...roomRow('room'), user_id: 'star', status: 'live' })
      .execute();
    const data = JSON.stringify({ id: 'room', userId: 'star', title: 'A', isPrivate: false });
    const event = { id: 'e', channel: 'room:room', event: 'room.live', data, created_at: Date.now() };
    for (let n = 0; n < 3; n++)
      await database.transaction().execute((transaction) => rememberLive(transaction, [event, event]));
    const { logger: _logger, ...plain } = options;
    const child = fork(CHILD, [JSON.stringify(plain), 'followers'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await expect.poll(() => countNotices(database), { timeout: 30_000, interval: 2 }).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await countNotices(database)).toBeLessThan(FOLLOWERS);
    const { fanout } = setUp(database);
    const seen = new Set<number>();
    const isDone = async (): Promise<boolean> => {
      const { done_at: at, told } = await database
        .selectFrom('notice_fanouts')
        .select(['done_at', 'told'])
        .executeTakeFirstOrThrow();
      seen.add(Number(told));
      return at !== null;
    };
    await isDone();
    fanout.start();
    await expect.poll(isDone, { timeout: 60_000, interval: 1 }).toBe(true);
    // Others have their turns meanwhile, also where the database never makes anybody wait.
    expect(seen.size).toBeGreaterThan(2);
    expect(seen.has(FOLLOWERS)).toBe(true);
    const { rows } = await sql<{ notices: number; people: number }>`
      select count(*) as notices, count(distinct user_id) as people from notices`.execute(database);
    expect(rows.map((row) => [Number(row.notices), Number(row.people)])).toEqual([[FOLLOWERS, FOLLOWERS]]);
  }, 90_000);

  test('nobody is called to a private room, nor to one that is over', async () => {
    const database = await open();
    const { fanout } = setUp(database);
    await insertUsers(database, userRow('star'), userRow('fan'));
    await database.insertInto('follows').values({ follower_id: 'fan', user_id: 'star', created_at: 1 }).execute();
    await database
      .insertInto('rooms')
      .values({ ...roomRow('over'), user_id: 'star', status: 'ended' })
      .execute();
    const live = (id: string, isPrivate: boolean) => ({
      ...{ id, channel: `room:${id}`, event: 'room.live', created_at: 2 },
      data: JSON.stringify({ id, userId: 'star', title: 'A', isPrivate }),
    });
    await database
      .transaction()
      .execute((transaction) => rememberLive(transaction, [live('over', false), live('hidden', true)]));
    fanout.start();
    await expect
      .poll(
        async () =>
          database.selectFrom('notice_fanouts').select(['room_id', 'told']).where('done_at', 'is not', null).execute(),
        { timeout: 20_000 },
      )
      .toEqual([{ room_id: 'over', told: 0 }]);
    expect(await countNotices(database)).toBe(0);
  });
});

async function countNotices(database: Database): Promise<number> {
  const { count } = await database
    .selectFrom('notices')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** `fan-1` and so on, who follow `star`; eight at a time. */
async function addFollowers(database: Database, count: number): Promise<void> {
  await insertUsers(database, userRow('star'));
  const { id: _id, username: _name, username_key: _key, play_id: _play, ...same } = userRow('fan');
  const columns = sql.join(Object.keys(same).map((name) => sql.ref(name)));
  const values = sql.join(Object.values(same).map((value) => sql.val(value)));
  await sql`insert into users (id, username, username_key, play_id, ${columns})
    with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(count)})
    select 'fan-' || i, 'fan-' || i, 'fan-' || i, 'fan-' || i, ${values} from n`.execute(database);
  await sql`insert into follows (follower_id, user_id, created_at)
    select id, 'star', row_number() over () / 8 from users where id <> 'star'`.execute(database);
}

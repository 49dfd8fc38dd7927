import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { roomRow } from '../../../test/support/room-rows.ts';
import { insertUsers, userRow } from '../../../test/support/user-rows.ts';
import type { Database } from '../../database/database.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { timeKey } from '../interact/chat/contract.ts';
import type { CarriedStream } from '../monitor/contract.ts';
import { Calendar } from '../rank/index.ts';
import { createUserDirectory } from '../user/index.ts';
import { Days } from './days.ts';
import { People } from './people.ts';
import { RoomSampler } from './sampler.ts';
import { InsightStore } from './store.ts';
import { Summaries } from './summaries.ts';
import { SummaryStore } from './summary-store.ts';

const logger = pino({ level: 'silent' });
const ZONE = 'Asia/Shanghai';
const MINUTE_MS = 60_000;
/** 2027-01-15 23:57 in Shanghai. */
const T0 = Date.UTC(2027, 0, 15, 15, 57);
/** After a step, when it is looked at. */
const LOOK_MS = 2000;

/** One broadcast and a clock. */
async function stage(database: Database) {
  let nowMs = T0;
  const now = (): number => nowMs;
  const state = new MemoryStateCenter();
  onTestFinished(() => state.close());
  const carried = new Map<string, CarriedStream>();
  const store = new InsightStore(database);
  const summaryStore = new SummaryStore(database);
  const users = createUserDirectory(database, now);
  const summaries = new Summaries({ database, insight: store, store: summaryStore, users, now });
  const days = new Days({ database, calendar: new Calendar(ZONE), timeZone: ZONE, now });
  const people = new People({ database, logger });
  const sampler = () =>
    new RoomSampler({
      database,
      store,
      state,
      board: { carrier: () => undefined, node: () => undefined, carried: () => carried },
      now,
    });
  await insertUsers(database, userRow('ada'), userRow('bob'), userRow('cat'));
  const liveRoom = { user_id: 'ada', title: '夜谈', status: 'live', start_time: T0, peak_viewers: 0 } as const;
  await database.insertInto('rooms').values(roomRow('room', liveRoom)).execute();
  return {
    ...{ store, summaryStore, summaries, days, people, carried, sampler, state, now },
    /** Time goes on by so many steps; before each `act` is called, after it `look` looks. */
    steps: async (count: number, look: () => Promise<unknown>, act?: (step: number) => Promise<unknown>) => {
      for (let step = 0; step < count; step++) {
        await act?.(step);
        nowMs += 10_000 - LOOK_MS;
        nowMs += LOOK_MS;
        const steppedAt = nowMs;
        nowMs += LOOK_MS;
        await look();
        nowMs = steppedAt;
      }
    },
    wait: (ms: number) => (nowMs += ms),
    viewers: (count: number) =>
      database
        .updateTable('rooms')
        .set({ viewer_count: count, peak_viewers: count })
        .where('id', '=', 'room')
        .execute(),
    end: () =>
      database.updateTable('rooms').set({ status: 'ended', end_time: nowMs }).where('id', '=', 'room').execute(),
    say: (person: string, text: string, at = nowMs, more: object = {}) =>
      database
        .insertInto('chat_messages')
        .values({
          ...{
            id: `${timeKey(at)}${text.padStart(10, '0')}`,
            room_id: 'room',
            channel_id: 'ada',
            person,
            user_id: null,
          },
          ...{ username: null, name: person, avatar: null, kind: 'text', text, style: null, reply_to: null },
          ...{ mentions: null, badge: null, media_at: at, at, state: 'shown', masked: 0, client_id: null },
          ...more,
        })
        .execute(),
    give: (sender: string, { total, count = 1 }: { total: number; count?: number }, at = nowMs) =>
      database
        .insertInto('gift_orders')
        .values({
          ...{ id: `${sender}-${at}-${total}`, room_id: 'room', channel_id: 'ada', sender_id: sender },
          ...{ receiver_id: 'ada', gift_id: 'rose', name_zh: '玫瑰', name_en: 'Rose', icon: 'rose', price: 1 },
          ...{ effect: 'none', animation: null, count, total, share: 0, combo_id: 'c', combo_count: 1 },
          ...{ transfer_id: `${sender}-${at}`, idem_key: `${sender}-${at}-${total}`, at },
          ...{ refunded_at: null, refund_transfer_id: null },
        })
        .execute(),
    summary: async () => {
      const room = await summaryStore.find('room');
      return (await summaries.of(room === undefined ? [] : [room]))[0];
    },
  };
}

/** Killed by the last statement of summing up, before the commit. */
class DyingStore extends SummaryStore {
  override async forgetTraces(...given: Parameters<SummaryStore['forgetTraces']>): Promise<void> {
    await super.forgetTraces(...given);
    throw new Error('killed');
  }
}

onEveryDatabase('how a broadcast went', (open) => {
  test('is sampled, told, made into minutes and summed up, once however often it is done', async () => {
    const database = await open();
    const show = await stage(database);
    const told: unknown[] = [];
    await show.state.subscribe('insight:room', { deliver: ({ data }) => told.push(data), reset: () => {} });
    show.carried.set('play-room', {
      ...{ stream: 'play-room', nodeId: 'node', viewers: 5, outBps: 1 },
      publishing: {
        protocol: 'whip',
        sinceMs: T0,
        recvBps: 2_000_000,
        fps: 29.97,
        keyframeIntervalMs: 2000,
        rttMs: 31,
      },
    });
    const [one, other] = [show.sampler(), show.sampler()];
    await show.viewers(4);
    // Two nodes that both believe that they are to do it.
    await show.steps(
      12,
      () => Promise.all([one.tick(), other.tick()]),
      async (step) => {
        await show.say(step % 2 === 0 ? 'user:bob' : 'viewer:x', `m${step}`);
        if (step === 3) await show.give('bob', { total: 30, count: 3 });
        if (step === 9) await show.give('cat', { total: 50 });
      },
    );
    expect(told[0]).toEqual({
      ...{ at: T0, viewers: 4, bitrateBps: 2_000_000, fps: 29.97, keyframeIntervalMs: 2000, rttMs: 31 },
      ...{ messages: 1, coins: 0 },
    });
    const points = await show.store.pointsOf('room', 0);
    expect(points.map(({ at, messages }) => [at - T0, messages])).toEqual(
      Array.from({ length: 12 }, (_, step) => [step * 10_000, 1]),
    );
    expect(await show.summary()).toMatchObject({
      ...{ roomId: 'room', title: '夜谈', startedAt: T0, durationMs: 120_000, watchMs: 480_000, averageViewers: 4 },
      ...{ messages: 12, chatters: 2, coins: 80, gifts: 4, gifters: 2 },
    });
    expect((await show.summary())?.endedAt).toBeUndefined();

    // It ends in the middle of a step, and something is still said.
    show.wait(4000);
    await show.say('user:cat', 'bye', show.now() - 1);
    await show.say('user:cat', 'no', show.now() - 2, { state: 'deleted' });
    await show.end();
    await show.say('user:cat', 'late', show.now() + 1);
    for (const person of ['user:bob', 'user:cat', 'viewer:x', 'user:bob']) show.people.came({ roomId: 'room', person });
    await show.people.flush();
    await show.people.flush();
    await database
      .insertInto('follows')
      .values({ follower_id: 'bob', user_id: 'ada', created_at: T0 + 5000 })
      .execute();
    await database
      .insertInto('follows')
      .values({ follower_id: 'cat', user_id: 'ada', created_at: T0 - 5000 })
      .execute();
    show.wait(10_000);
    await one.tick();
    await show.summaries.finish();
    expect(await show.store.pointsOf('room', 0)).not.toEqual([]);
    show.wait(10_000);
    await Promise.all([show.summaries.finish(), show.summaries.finish()]).catch(() => show.summaries.finish());
    await show.summaries.finish();
    const summary = {
      ...{ roomId: 'room', title: '夜谈', startedAt: T0, endedAt: T0 + 124_000, durationMs: 124_000 },
      ...{ peakViewers: 4, averageViewers: 4, watchMs: 496_000, viewers: 3, messages: 13, chatters: 3 },
      ...{ newFollowers: 1, coins: 80, gifts: 4, gifters: 2, interruptions: 0 },
      topSupporters: [
        { user: { id: 'cat', username: 'cat', name: 'cat' }, coins: 50 },
        { user: { id: 'bob', username: 'bob', name: 'bob' }, coins: 30 },
      ],
    };
    expect(await show.summary()).toEqual(summary);
    expect(await show.store.pointsOf('room', 0)).toEqual([]);
    const minutes = await show.store.minutesOf('room');
    expect(minutes.map(({ at, watch_ms, messages }) => [at - T0, watch_ms, messages])).toEqual([
      [0, 240_000, 6],
      [MINUTE_MS, 240_000, 6],
      [2 * MINUTE_MS, 16_000, 1],
    ]);
    // What is refunded later is not what was given.
    await database.updateTable('gift_orders').set({ refunded_at: 1 }).where('sender_id', '=', 'cat').execute();
    expect(await show.summary()).toMatchObject({ coins: 30, gifters: 1, topSupporters: [{ coins: 30 }] });
  });

  test('a node that dies while it sums up has changed nothing, and the next one does it', async () => {
    const database = await open();
    const show = await stage(database);
    const sampler = show.sampler();
    await show.viewers(3);
    await show.steps(3, () => sampler.tick());
    show.people.came({ roomId: 'room', person: 'user:bob' });
    await show.people.flush();
    await show.end();
    show.wait(20_000);
    const points = await show.store.pointsOf('room', 0);
    const deps = { database, insight: show.store, users: createUserDirectory(database, show.now), now: show.now };
    await expect(new Summaries({ ...deps, store: new DyingStore(database) }).finish()).rejects.toThrow('killed');
    expect(await show.store.pointsOf('room', 0)).toEqual(points);
    expect(await show.store.minutesOf('room')).toEqual([]);
    expect(await show.summaryStore.stored(['room'])).toEqual(new Map());
    await show.summaries.finish();
    expect(await show.summary()).toMatchObject({ watchMs: 90_000, viewers: 1, endedAt: T0 + 30_000 });
  });

  test('goes on where another node takes over, and nothing is lost in the gap', async () => {
    const database = await open();
    const show = await stage(database);
    await show.viewers(10);
    const first = show.sampler();
    await show.steps(3, () => first.tick());
    // Dead for two steps: the last point speaks for them.
    await show.steps(2, async () => {});
    const second = show.sampler();
    await show.steps(7, () => second.tick());
    expect(await show.summary()).toMatchObject({ watchMs: 10 * 120_000, averageViewers: 10 });
  });

  test('a broadcast over midnight counts for both days, and begins on the first', async () => {
    const database = await open();
    const show = await stage(database);
    const sampler = show.sampler();
    await show.viewers(2);
    // From three to midnight until three past.
    await show.steps(
      36,
      () => sampler.tick(),
      async (step) => {
        if (step === 17 || step === 18) await show.say('user:bob', `m${step}`);
        if (step === 18) await show.give('bob', { total: 7 });
      },
    );
    await show.end();
    show.wait(20_000);
    await show.summaries.finish();
    const spans = show.days.spans(7);
    expect(spans.map(({ day }) => day).slice(-3)).toEqual(['2027-01-14', '2027-01-15', '2027-01-16']);
    const rooms = await show.summaryStore.ofUser('ada', { fromMs: spans[0]?.fromMs ?? 0, toMs: show.now() }, 100);
    const sums = await show.days.sums('ada', spans, rooms);
    const half = { durationMs: 180_000, watchMs: 360_000, peakViewers: 2, messages: 1, newFollowers: 0 };
    expect(sums.slice(-3)).toEqual([
      ...[{ day: '2027-01-14', broadcasts: 0, durationMs: 0, watchMs: 0, peakViewers: 0, messages: 0 }].map((day) => ({
        ...day,
        ...{ coins: 0, newFollowers: 0 },
      })),
      { day: '2027-01-15', broadcasts: 1, coins: 0, ...half },
      { day: '2027-01-16', broadcasts: 0, coins: 7, ...half },
    ]);
  });

  test('what is older than it is kept goes, and what is said of an account with it', async () => {
    const database = await open();
    const show = await stage(database);
    const sampler = show.sampler();
    await show.viewers(1);
    await show.steps(12, () => sampler.tick());
    await show.store.sweep({ pointsSinceMs: T0 + 60_000, keptSinceMs: T0 + 60_000 });
    expect((await show.store.pointsOf('room', 0)).length).toBe(6);
    expect((await show.store.minutesOf('room')).map(({ at }) => at)).toEqual([T0 + MINUTE_MS]);
    show.people.came({ roomId: 'room', person: 'user:bob' });
    await show.people.flush();
    await show.end();
    show.wait(20_000);
    await show.summaries.finish();
    // Somebody who was written down late.
    new Set(['user:late']).forEach((person) => show.people.came({ roomId: 'room', person }));
    await show.people.flush();
    await show.store.sweep({ pointsSinceMs: 0, keptSinceMs: undefined });
    expect(await database.selectFrom('room_people').selectAll().execute()).toEqual([]);
    expect(await show.summary()).toMatchObject({ viewers: 1 });
    await database.transaction().execute((transaction) => show.store.forgetUser(transaction, 'ada'));
    expect(await database.selectFrom('room_summaries').selectAll().execute()).toEqual([]);
    expect(await show.store.minutesOf('room')).toEqual([]);
  });
});

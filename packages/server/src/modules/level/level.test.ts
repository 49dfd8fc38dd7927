import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { onEveryDatabase } from '../../../test/support/databases.ts';
import { connectDatabase, type Database } from '../../database/database.ts';
import { Outbox } from '../../database/outbox.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import type { LevelRules } from './contract.ts';
import { countExperience } from './counting.ts';
import { addExperience, type CountedFact } from './feed.ts';
import { advance, levelOf, levelsOf, NOTHING } from './rules.ts';
import { FanStore } from './store.ts';

const DAY_MS = 86_400_000;
const DAY = 20_000 * DAY_MS;
const RULES: LevelRules = {
  ...{ watchPerMinute: 1, watchPerDay: 3, chatPerMessage: 2, chatPerDay: 5, giftPerCoin: 10 },
  thresholds: [10, 20, 300],
  titles: { zh: ['新', '老'], en: ['New', 'Old', 'Older', 'Oldest'] },
};
const calendar = {
  startsAt: (at: number) => ({ hour: 0, day: Math.floor(at / DAY_MS) * DAY_MS, week: 0, all: 0 }),
};

test.each([
  [0, 0],
  [9, 0],
  [10, 1],
  [19, 1],
  [20, 2],
  [299, 2],
  [300, 3],
  [1e9, 3],
])('%i experience is level %i', (experience, level) => expect(levelOf(experience, RULES)).toBe(level));

test('titles are spread over the levels, in each language', () => {
  expect(levelsOf(RULES).levels).toEqual([
    { level: 1, from: 10, title: { zh: '新', en: 'New' } },
    { level: 2, from: 20, title: { zh: '新', en: 'Old' } },
    { level: 3, from: 300, title: { zh: '老', en: 'Older' } },
  ]);
  const of = (count: number) => ({ ...RULES, thresholds: Array.from({ length: count }, (_, n) => n + 1) });
  expect(
    levelsOf(of(20))
      .levels.map(({ title }) => title.zh)
      .join(''),
  ).toBe('新'.repeat(10) + '老'.repeat(10));
});

test('a day earns up to its limits, each of them apart; the next one begins anew; what comes late does not', () => {
  const days: ['chat' | 'watch' | 'gift', number, number][] = [
    ['chat', 1, 0],
    ['chat', 9, 0],
    ['watch', 5, 0],
    ['gift', 4, 0],
    ['chat', 1, 1],
    ['chat', 1, 0],
  ];
  let progress = NOTHING;
  const seen = days.map(([kind, amount, day]) => {
    progress = advance(progress, { kind, amount, day: DAY + day * DAY_MS }, RULES);
    return progress.experience;
  });
  expect(seen).toEqual([2, 5, 8, 48, 50, 52]);
  expect(progress).toMatchObject({ day: DAY + DAY_MS, dayChat: 4, dayWatch: 0, level: 2 });
  expect(advance(progress, { kind: 'gift', amount: -100, day: DAY }, RULES)).toMatchObject({ experience: 0, level: 0 });
});

onEveryDatabase('experience', (_open, databases) => {
  test('is counted once by two that count at a time, and each level is told once', async () => {
    const options = await databases.options();
    const { database } = await databases.handle(options);
    const state = new MemoryStateCenter();
    onTestFinished(() => state.close());
    const fans = Array.from({ length: 20 }, (_, n) => `fan${n}`);
    const facts = fans.flatMap((userId, n): CountedFact[] =>
      Array.from({ length: 60 }, (_, k) => ({
        channelId: 'host',
        userId,
        kind: 'gift',
        amount: n === 0 ? 0 : 1,
        at: DAY + k,
      })),
    );
    // A channel is no fan of itself.
    facts.push({ channelId: 'host', userId: 'host', kind: 'chat', amount: 1, at: DAY });
    await database.transaction().execute((transaction) => addExperience(transaction, facts));
    const counters = await Promise.all(
      [1, 2].map(async () => {
        // SQLite has one process; two that count in it share its connection.
        const own = databases.kind === 'sqlite' ? undefined : await connectDatabase(options);
        onTestFinished(() => own?.close());
        const outbox = new Outbox({
          database: own?.database ?? database,
          logger: pino({ level: 'silent' }),
          now: () => DAY,
        });
        return { outbox, calendar, rules: RULES, now: () => DAY };
      }),
    );
    const count = async (deps: (typeof counters)[number]): Promise<void> => {
      while ((await database.selectFrom('level_feed').select('seq').limit(1).execute()).length > 0)
        await countExperience(deps);
    };
    await Promise.all(counters.map(count));
    const { fans: listed, total } = await fansOf(database);
    expect(total).toBe(0);
    expect(listed).toEqual(
      fans
        .slice(1)
        .toSorted()
        .map((userId) => [userId, 600, 3]),
    );
    const told = await database.selectFrom('outbox').select(['channel', 'data']).execute();
    const tops = told.filter(({ data }) => (JSON.parse(data) as { level: number }).level === 3);
    expect(tops.map(({ channel }) => channel).toSorted()).toEqual(
      fans
        .slice(1)
        .map((id) => `user:${id}`)
        .toSorted(),
    );
    const badges = await new FanStore(database, () => DAY).levelsOf('host', ['fan0', 'fan1', 'host']);
    expect([...badges]).toEqual([['fan1', 3]]);
  }, 60_000);
});

/** As they are counted; the list shows accounts only, of which there are none here. */
async function fansOf(database: Database): Promise<{ fans: [string, number, number][]; total: number }> {
  const rows = await database.selectFrom('fan_levels').selectAll().orderBy('user_id').execute();
  const { total } = await new FanStore(database, () => DAY).list('host', 10);
  return { fans: rows.map(({ user_id, experience, level }) => [user_id, experience, level]), total };
}

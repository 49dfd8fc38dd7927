import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../src/database/database.ts';
import { experienceFeed } from '../src/modules/level/feed.ts';
import { RedisStateCenter } from '../src/state/redis/index.ts';
import { connect, keyOf, startTest, tempFolder, type OwnedRoom, type TestKaibo } from './harness.ts';
import { PASSWORD, personOf, type Person } from './support/accounts.ts';
import { RedisServer } from './support/redis-server.ts';

const logger = pino({ level: 'silent' });

const PATIENCE = { timeout: 20_000 };
const MINUTE_MS = 60_000;
const MOST = 4;
/** When a day of Shanghai begins. */
const MIDNIGHT = Date.parse('2026-11-27T16:00:00Z');

test('each minute watched counts once over all nodes, up to what a day earns, also when the node that counts is gone', async () => {
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const options = { folder: tempFolder(), poolSize: 1, statementTimeoutMs: 15_000, logger };
  const { database, close } = await openDatabase(options);
  onTestFinished(() => close());
  let now = MIDNIGHT - 7.5 * MINUTE_MS;
  const node = async (): Promise<TestKaibo> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
    onTestFinished(() => state.close());
    return startTest({
      ...{ database, state, now: () => now },
      change: (config) => {
        config.limits.loginPerMinute = 10_000;
        config.rank.timeZone = 'Asia/Shanghai';
        config.auth.tokenKeys = ['a secret of both nodes, long enough to sign'];
        config.levels.watchPerDay = MOST;
      },
    });
  };
  // The first one is the one that counts, until it is gone.
  const [first, second] = [await node(), await node()];
  const person = async (username: string): Promise<Person> =>
    personOf(await second.call('/api/auth/register', { method: 'POST', body: { username, password: PASSWORD } }));
  const [host, fan, late] = [await person('host'), await person('fan'), await person('late')];
  const room: OwnedRoom = await second.create({}, host.headers);
  await second.engine.publish(room.playId, keyOf(room));

  const watch = async (where: TestKaibo, who?: Person): Promise<void> => {
    const socket = await connect(where.base, who === undefined ? {} : { headers: who.headers });
    socket.send({ type: 'subscribe', channel: `live:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');
  };
  // On both nodes is one person; of the host and of somebody without account nothing is counted.
  await watch(first, fan);
  await watch(second, fan);
  await watch(second, host);
  await watch(second);
  const minutesOf = async (who: Person): Promise<unknown> =>
    (await second.call(`/api/rooms/${room.id}/fans/me`, { headers: who.headers })).body['today'];
  const counted = (watched: number) => ({ watch: watched, watchMost: MOST });
  const minute = async (who: Person, watched: number): Promise<void> => {
    now += MINUTE_MS;
    await expect.poll(() => minutesOf(who), PATIENCE).toMatchObject(counted(watched));
  };
  // The minute in which the platform began may be counted or not, by whether the room was there yet.
  now += MINUTE_MS;
  await expect.poll(() => minutesOf(fan), PATIENCE).toMatchObject({ watch: expect.any(Number) as number });
  await expect.poll(async () => ((await minutesOf(fan)) as { watch: number }).watch, PATIENCE).toBeGreaterThan(0);
  const { watch: begun } = (await minutesOf(fan)) as { watch: number };
  await minute(fan, begun + 1);
  await watch(second, late);
  await first.kaibo.stop();
  // Who takes over within the minute that the other one counted has looked at it when it counts this, and left it.
  const said = { channelId: host.id, userId: late.id, kind: 'chat', amount: 1, at: now } as const;
  await database.transaction().execute((transaction) => experienceFeed.add(transaction, [said]));
  await expect.poll(() => minutesOf(late), PATIENCE).toMatchObject({ chat: 2 });
  expect(await minutesOf(late)).toMatchObject(counted(0));
  await minute(fan, begun + 2);
  await expect.poll(() => minutesOf(late), PATIENCE).toMatchObject(counted(1));
  for (let more = begun + 3; more <= MOST; more++) await minute(fan, more);
  const so = (await minutesOf(late)) as { watch: number };
  await minute(late, so.watch + 1);
  expect(await minutesOf(fan)).toMatchObject(counted(MOST));
  const fans = await database.selectFrom('fan_levels').select(['user_id', 'experience']).execute();
  expect(Object.fromEntries(fans.map(({ user_id: id, experience }) => [id, experience]))).toEqual({
    [late.id]: so.watch + 1 + 2,
    [fan.id]: MOST,
  });
  // Minutes in which nobody looked are one, and another day has minutes of its own.
  now = MIDNIGHT + MINUTE_MS / 2;
  await expect.poll(() => minutesOf(fan), PATIENCE).toMatchObject(counted(1));
}, 120_000);

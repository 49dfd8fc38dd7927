import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { isPublicAddress } from '@kaibo/media';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { roomRow } from '../../../../test/support/room-rows.ts';
import { userRow } from '../../../../test/support/user-rows.ts';
import { startReceiver, type Receiver } from '../../../../test/support/receiver.ts';
import type { Database } from '../../../database/database.ts';
import { Outbox } from '../../../database/outbox.ts';
import { MemoryStateCenter } from '../../../state/memory.ts';
import { StoredNotifier } from '../notifier.ts';
import { Outbound } from '../../../http/outbound.ts';
import { NoticeStore } from '../store.ts';
import { DeliveryBound } from './bound.ts';
import { Courier } from './courier.ts';
import { WebhookStore } from './store.ts';
import { WebhookTap } from './tap.ts';

const CHILD = join(import.meta.dirname, '../../../../test/support/notice-child.ts');
const KILLS = 2;
const HOUR_MS = 3_600_000;

interface Platform {
  outbox: Outbox;
  store: WebhookStore;
  courier: Courier;
  tap: WebhookTap;
  outbound: Outbound;
  notifier: StoredNotifier;
  /** Turns its clock. */
  wait(ms: number): void;
  emit(room: string, ...numbers: number[]): Promise<void>;
  states(): Promise<Record<string, number>>;
}

function setUp(database: Database, state = new MemoryStateCenter()): Platform {
  let lead = 0;
  const now = (): number => Date.now() + lead;
  const logger = pino({ level: 'silent' });
  const outbox = new Outbox({ database, logger, now, state });
  const store = new WebhookStore(database);
  const tap = new WebhookTap({ store, now });
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 30_000 });
  const notifier = new StoredNotifier({ store: new NoticeStore(database), now, count: () => {} });
  const courier = new Courier({ store, outbox, state, outbound, notifier, logger, now, count: () => {} });
  outbox.tap({
    write: async (...events) => void (await tap.write(...events)),
    wants: (...about) => tap.wants(...about),
    committed: () => courier.nudge(),
  });
  onTestFinished(async () => {
    await courier.stop();
    await outbox.stop();
    await state.close();
  });
  return {
    ...{ outbox, store, courier, tap, outbound, notifier },
    wait: (ms) => {
      lead += ms;
      courier.nudge();
    },
    emit: (room, ...numbers) =>
      outbox.transact(({ emit }) =>
        emit(...numbers.map((n) => ({ channel: `room:${room}`, event: 'gift.sent', data: { n } }))),
      ),
    states: async () => {
      const rows = await database.selectFrom('webhook_deliveries').select('state').execute();
      return Object.fromEntries([...Map.groupBy(rows, ({ state: is }) => is)].map(([is, of]) => [is, of.length]));
    },
  };
}

async function addHook(database: Database, url: string, owner = 'platform', events = '["gift.*"]'): Promise<void> {
  await database
    .insertInto('webhooks')
    .values({
      ...{ id: 'hook', owner, url, secret: 'whsec_test', events, enabled: 1 },
      ...{ failing_since: null, given_up_at: null, created_at: 1, updated_at: 1 },
    })
    .execute();
}

const numbersOf = ({ taken }: Receiver, room: string): number[] =>
  taken.filter(({ channel }) => channel === `room:${room}`).map(({ data }) => (data as { n: number }).n);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

onEveryDatabase('webhooks', (open, databases) => {
  test('are told everything of a room in order; two nodes share the work', async () => {
    const database = await open();
    const receiver = await startReceiver();
    await addHook(database, receiver.url);
    const state = new MemoryStateCenter();
    const [first, second] = [setUp(database, state), setUp(database, state)];
    first.courier.start();
    second.courier.start();
    for (const n of upTo(40)) await (n % 2 === 0 ? first : second).emit(n % 3 === 0 ? 'a' : 'b', n);
    await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(40);
    expect(numbersOf(receiver, 'a')).toEqual(upTo(40).filter((n) => n % 3 === 0));
    expect(numbersOf(receiver, 'b')).toEqual(upTo(40).filter((n) => n % 3 !== 0));
  });

  test('a room whose delivery fails waits, the others go on; what was given up is delivered when it is replayed', async () => {
    const database = await open();
    const receiver = await startReceiver();
    await addHook(database, receiver.url);
    const { courier, store, outbox, emit, wait, states } = setUp(database);
    const isPoison = ({ body }: { body: string }): boolean => /room:bad.*"n":13/.test(body);
    receiver.answer = (request) => (isPoison(request) ? 500 : 204);
    courier.start();
    await emit('bad', 12, 13, 14);
    await emit('good', ...upTo(20));
    await expect.poll(() => numbersOf(receiver, 'good').length, { timeout: 20_000 }).toBe(20);
    await expect.poll(() => numbersOf(receiver, 'bad'), { timeout: 20_000 }).toEqual([12]);
    // The one behind it has not been tried.
    const pending = await store.list('hook', { state: 'pending', limit: 10, before: undefined });
    expect(pending.find(({ order_key: key }) => key === 'room:bad')).toMatchObject({ attempts: 0 });
    // A day later the next failure is the last one, and the room goes on.
    wait(25 * HOUR_MS);
    await expect.poll(() => numbersOf(receiver, 'bad'), { timeout: 20_000 }).toEqual([12, 14]);
    await expect.poll(states, { timeout: 20_000 }).toEqual({ delivered: 22, dead: 1 });
    receiver.answer = () => 204;
    const when = { nowMs: Date.now(), deadlineAtMs: Date.now() + 48 * HOUR_MS };
    const replayed = await outbox.transact(({ transaction }) =>
      store.replay(transaction, { webhookId: 'hook', ids: undefined, ...when }),
    );
    expect(replayed).toBe(1);
    courier.nudge();
    await expect.poll(() => numbersOf(receiver, 'bad'), { timeout: 20_000 }).toEqual([12, 14, 13]);
  });

  test('a receiver that was down gets everything once it is back, and one that stays away is switched off', async () => {
    const database = await open();
    const down = await startReceiver();
    await down.close();
    await addHook(database, down.url);
    const { courier, emit, wait, store } = setUp(database);
    courier.start();
    await emit('a', 1, 2, 3);
    const attempts = async (): Promise<number> =>
      Math.max(
        ...(await store.list('hook', { limit: 10, state: undefined, before: undefined })).map((row) => row.attempts),
      );
    await expect.poll(attempts, { timeout: 20_000 }).toBeGreaterThan(0);
    const back = await startReceiver({ port: down.port });
    wait(2000);
    await expect.poll(() => numbersOf(back, 'a'), { timeout: 20_000 }).toEqual([1, 2, 3]);
    await expect.poll(() => store.find('hook'), { timeout: 20_000 }).toMatchObject({ failing_since: null, enabled: 1 });
    await back.close();
    await emit('a', 4);
    await expect.poll(async () => (await store.find('hook'))?.failing_since, { timeout: 20_000 }).not.toBeNull();
    await emit('b', 5);
    wait(73 * HOUR_MS);
    await expect.poll(async () => (await store.find('hook'))?.enabled, { timeout: 20_000 }).toBe(0);
    expect((await database.selectFrom('audit_log').select('action').execute()).map(({ action }) => action)).toEqual([
      'webhook.given_up',
    ]);
  });

  test('of what waits beyond the bound the oldest is given up, and the owner is told once', async () => {
    const database = await open();
    await addHook(database, 'http://127.0.0.1:9/', 'user:ada');
    await database.insertInto('users').values(userRow('ada')).execute();
    await database
      .insertInto('rooms')
      .values({ ...roomRow('a'), user_id: 'ada' })
      .execute();
    const { outbox, store, notifier, emit, states } = setUp(database);
    const dropped: number[] = [];
    const bound = new DeliveryBound({
      ...{ store, outbox, notifier, logger: pino({ level: 'silent' }), now: Date.now, maxWaiting: 5 },
      count: (count) => dropped.push(count),
    });
    await emit('a', ...upTo(5));
    await bound.enforce();
    expect(dropped).toEqual([]);
    await emit('a', 6, 7, 8);
    await Promise.all([bound.enforce(), bound.enforce()]);
    await emit('a', 9);
    await bound.enforce();
    expect(dropped).toEqual([3, 1]);
    expect(await states()).toEqual({ pending: 5, dead: 4 });
    const [oldest] = await store.next('hook', Date.now(), 1);
    expect(oldest?.body).toContain('"n":5');
    const notices = await database.selectFrom('notices').select(['user_id', 'data']).execute();
    expect(notices.map(({ user_id: id, data }) => [id, JSON.parse(data)])).toEqual([
      ['ada', { code: 'webhook_overfull', webhookId: 'hook', host: '127.0.0.1:9' }],
    ]);
  });

  test('the chat is told to whoever asks for it by name', async () => {
    const database = await open();
    await addHook(database, 'http://127.0.0.1:9/', 'platform', '["*"]');
    const { outbox, store, tap } = setUp(database);
    let made = 0;
    const say = (): Promise<void> =>
      outbox.transact(async ({ note }) => {
        await note('chat.message', () => {
          made++;
          return [{ channel: 'chat:a', event: 'chat.message', data: { text: '嗨' } }];
        });
      });
    await say();
    expect(made).toBe(0);
    await store.change(undefined, 'hook', { events: '["chat.message"]' });
    tap.forget();
    await say();
    const rows = await store.next('hook', Date.now() + 1, 10);
    expect(rows).toMatchObject([{ order_key: 'chat:a', event: 'chat.message' }]);
    expect(rows[0]?.body).toContain('嗨');
    // It went to the webhook alone: its channel has it from elsewhere.
    expect(await database.selectFrom('outbox').selectAll().execute()).toEqual([]);
  });

  test('a stop does not wait for who is slow, and what was under way comes again', async () => {
    const database = await open();
    const receiver = await startReceiver();
    receiver.holds = true;
    await addHook(database, receiver.url);
    const { courier, emit, outbound, states } = setUp(database);
    courier.start();
    await emit('a', 1);
    await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1);
    outbound.stop();
    await courier.stop();
    expect(await states()).toEqual({ pending: 1 });
    receiver.holds = false;
    const next = setUp(database);
    next.courier.start();
    await expect.poll(next.states, { timeout: 20_000 }).toEqual({ delivered: 1 });
    const [first, again] = receiver.received.map(({ headers }) => headers['x-kaibo-delivery']);
    expect(again).toBe(first);
  });

  test(`killed ${KILLS} times while it delivers: everything arrives, in order, at least once`, async () => {
    const options = await databases.options('migrated');
    const { database } = await databases.handle(options);
    const receiver = await startReceiver();
    await addHook(database, receiver.url);
    const numbers = upTo(50);
    const writer = setUp(database);
    for (const room of ['a', 'b', 'c']) await writer.emit(room, ...numbers);
    const { logger: _logger, ...plain } = options;
    for (let kill = 1; kill <= KILLS; kill++) {
      const before = receiver.taken.length;
      const child = fork(CHILD, [JSON.stringify(plain), 'webhooks'], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      const exit = once(child, 'exit');
      await expect.poll(() => receiver.taken.length, { timeout: 30_000, interval: 5 }).toBeGreaterThan(before + 20);
      child.kill('SIGKILL');
      await exit;
    }
    writer.courier.start();
    await expect.poll(writer.states, { timeout: 30_000 }).toEqual({ delivered: 150 });
    for (const room of ['a', 'b', 'c']) {
      const got = numbersOf(receiver, room);
      expect([...new Set(got)]).toEqual(numbers);
      // A delivery whose end was not written down is repeated at once, before the next one.
      expect(got).toEqual(got.toSorted((a, b) => a - b));
    }
    const ids = receiver.received.map(({ headers }) => headers['x-kaibo-delivery']);
    expect(new Set(ids).size).toBe(150);
    expect(ids.length).toBeLessThanOrEqual(150 + KILLS * 4);
  }, 90_000);
});

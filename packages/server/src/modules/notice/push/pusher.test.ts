import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { isPublicAddress } from '@kaibo/media';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { startPushService, type PushService } from '../../../../test/support/push-service.ts';
import type { Database } from '../../../database/database.ts';
import { Outbox } from '../../../database/outbox.ts';
import { MemoryStateCenter } from '../../../state/memory.ts';
import { StoredNotifier } from '../notifier.ts';
import { Outbound } from '../../../http/outbound.ts';
import { NoticeStore } from '../store.ts';
import { Pusher, type PushOutcome } from './pusher.ts';
import { endpointHash, PushStore } from './store.ts';
import { loadVapidKeys } from './vapid.ts';

async function setUp(database: Database, { ca, endpoint, keys }: PushService) {
  let lead = 0;
  const now = (): number => Date.now() + lead;
  const logger = pino({ level: 'silent' });
  const state = new MemoryStateCenter();
  const outbox = new Outbox({ database, logger, now, state });
  const store = new PushStore(database);
  const notices = new NoticeStore(database);
  const notifier = new StoredNotifier({ store: notices, now, count: () => {} });
  const vapid = await loadVapidKeys(database, now);
  const outcomes: PushOutcome[] = [];
  const outbound = new Outbound({ isPublic: isPublicAddress, allowPrivate: ['127.0.0.1'], timeoutMs: 5000, ca });
  const pusher = new Pusher({
    ...{ store, state, outbound, keys: vapid, subject: 'mailto:operator@example.org', logger, now },
    count: (outcome) => void outcomes.push(outcome),
  });
  onTestFinished(async () => {
    await pusher.stop();
    await outbox.stop();
    await state.close();
  });
  const subscribe = (userId: string, at = endpoint): Promise<void> =>
    outbox.transact(({ transaction }) =>
      store.subscribe(transaction, {
        ...{
          id: `${userId}-${endpointHash(at)}`,
          user_id: userId,
          endpoint: at,
          endpoint_hash: endpointHash(at),
          ...keys,
        },
        ...{ user_agent: 'test', created_at: now() },
      }),
    );
  const notify = (title: string): Promise<void> =>
    outbox.transact((work) => notifier.notify(work, [{ userId: 'ada', kind: 'live', data: { title } }]));
  const wait = (ms: number): void => {
    lead += ms;
    pusher.nudge();
  };
  return { store, notices, outbox, pusher, vapid, outcomes, subscribe, notify, wait };
}

onEveryDatabase('pushes', (open) => {
  test('the platform makes its keys once, whoever begins at the same time', async () => {
    const database = await open();
    const made = await Promise.all([1, 2, 3].map(() => loadVapidKeys(database, () => 1)));
    expect(new Set(made.map(({ privateKey }) => privateKey)).size).toBe(1);
    expect(Buffer.from(made[0]?.publicKey ?? '', 'base64url')).toHaveLength(65);
  });

  test('a browser gets what was told, encrypted for it alone and signed by the platform', async () => {
    const service = await startPushService();
    const { pusher, vapid, subscribe, notify } = await setUp(await open(), service);
    await subscribe('ada');
    await notify('晚间直播');
    pusher.start();
    await expect.poll(() => service.received.length, { timeout: 20_000 }).toBe(1);
    expect(service.received[0]).toMatchObject({
      message: { kind: 'live', data: { title: '晚间直播' } },
      claims: { aud: new URL(service.endpoint).origin, sub: 'mailto:operator@example.org', key: vapid.publicKey },
      headers: { 'content-encoding': 'aes128gcm', ttl: '86400' },
    });
  });

  test('what fails is tried again; what was read meanwhile does not ring; a browser that is gone is forgotten', async () => {
    const service = await startPushService();
    const { pusher, store, notices, outbox, outcomes, subscribe, notify, wait } = await setUp(await open(), service);
    await subscribe('ada');
    service.answer = () => 503;
    await notify('first');
    pusher.start();
    await expect.poll(() => outcomes, { timeout: 20_000 }).toEqual(['failed']);
    service.answer = () => 201;
    wait(11_000);
    await expect.poll(() => outcomes, { timeout: 20_000 }).toEqual(['failed', 'delivered']);
    service.answer = () => 503;
    await notify('second');
    pusher.nudge();
    await expect.poll(() => outcomes.length, { timeout: 20_000 }).toBe(3);
    await outbox.transact(({ transaction }) => notices.read(transaction, { userId: 'ada', ids: undefined, nowMs: 1 }));
    service.answer = () => 410;
    wait(11_000);
    await expect.poll(() => store.due(Date.now() + 86_400_000, 10), { timeout: 20_000 }).toEqual([]);
    expect(outcomes).toHaveLength(3);
    await notify('third');
    pusher.nudge();
    await expect.poll(() => store.ofUser('ada'), { timeout: 20_000 }).toEqual([]);
    expect(outcomes.at(-1)).toBe('gone');
  });

  test('an endpoint belongs to whoever subscribed last; the oldest of too many makes room', async () => {
    const service = await startPushService();
    const { store, subscribe, wait } = await setUp(await open(), service);
    await subscribe('ada');
    await subscribe('ben');
    expect([await store.ofUser('ada'), await store.ofUser('ben')].map((rows) => rows.length)).toEqual([0, 1]);
    for (let n = 0; n < 12; n++) {
      wait(1000);
      await subscribe('ben', `https://127.0.0.1/${n}`);
    }
    const kept = (await store.ofUser('ben')).map(({ endpoint }) => endpoint);
    expect(kept).toHaveLength(10);
    expect(kept).not.toContain(service.endpoint);
  });
});

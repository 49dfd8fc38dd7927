import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Database } from '../src/database/database.ts';
import { LedgerBooks } from '../src/modules/wallet/ledger.ts';
import { connect, request, startTest, type Answer } from './harness.ts';
import { People, type Person } from './rooms-people.ts';
import { onEveryDatabase } from './support/databases.ts';
import { insertUsers, userRow } from './support/user-rows.ts';

interface Owned {
  id: string;
  token: string;
  settings: Record<string, unknown>;
}

async function startStudio(database: Database) {
  const people = new People();
  const [streamer, fan, admin] = [people.add('streamer'), people.add('fan'), people.add('admin', 'admin')];
  const kaibo = await startTest({
    ...{ database, authenticator: people, users: people },
    change: (config) => void (config.access = 'open'),
  });
  const as = (who: Person, method: string, path: string, body?: unknown): Promise<Answer> =>
    kaibo.call(path, { method, body, headers: { ...who.headers, 'idempotency-key': randomUUID() } });
  const show = (token: string, etag = '') =>
    kaibo.call('/api/overlay', { headers: { authorization: `Bearer ${token}`, 'if-none-match': etag } });
  const overlay = async (): Promise<Owned> => (await as(streamer, 'POST', '/api/overlays')).body as unknown as Owned;
  const books = new LedgerBooks(database, Date.now);
  await database.transaction().execute((transaction) =>
    books.post(transaction, {
      ...{ kind: 'credit', key: 'credit:test', actor: 'operator', details: {} },
      entries: [
        { account: 'mint', amount: -1000 },
        { account: 'user:fan', amount: 1000 },
      ],
    }),
  );
  return { ...kaibo, people, streamer, fan, admin, as, show, overlay };
}

onEveryDatabase('overlays', (open) => {
  test('a token shows the broadcast of now, also a private one, and nothing once it is taken', async () => {
    const { call, create, streamer, fan, as, show, overlay, base, log } = await startStudio(await open());
    const made = await overlay();
    expect(made.token).toMatch(/^kov_[\w-]{43}$/);
    const idle = await show(made.token);
    expect(idle).toMatchObject({ status: 200, body: { room: null, goal: null, settings: { danmaku: true } } });
    expect((await show(made.token, idle.headers.get('etag') ?? '')).status).toBe(304);
    const room = await create({ isPrivate: true }, streamer.headers);
    const { body } = await show(made.token);
    expect(body).toMatchObject({ room: { id: room.id, isPrivate: true } });
    expect(body['room']).not.toHaveProperty('streamKey');
    const socket = await connect(base);
    const subscribe = { type: 'subscribe', channel: `room:${room.id}` };
    socket.send({ ...subscribe, id: 1 });
    expect(await socket.next(({ id }) => id === 1)).toMatchObject({ code: 'room_private' });
    socket.send({ ...subscribe, token: body['playToken'] });
    expect(await socket.next(({ type }) => type === 'snapshot')).toMatchObject({ data: { id: room.id } });

    await call(`/api/rooms/${room.id}/close`, { method: 'POST', headers: streamer.headers });
    expect((await show(made.token)).body).toMatchObject({ room: null });
    const settings = { minCoins: 50, language: 'en' };
    expect((await as(streamer, 'PUT', `/api/overlays/${made.id}`, { settings })).body).toMatchObject({ settings });
    expect((await show(made.token)).body).toMatchObject({ settings: { ...settings, danmaku: true, scale: 1 } });
    expect((await as(fan, 'PUT', `/api/overlays/${made.id}`, { settings })).body.code).toBe('overlay_not_found');
    expect((await as(fan, 'DELETE', `/api/overlays/${made.id}`)).body.code).toBe('overlay_not_found');
    expect(await as(streamer, 'GET', '/api/overlays')).not.toMatchObject({ text: expect.stringContaining('kov_') });
    expect((await as(streamer, 'DELETE', `/api/overlays/${made.id}`)).status).toBe(200);
    for (const token of [made.token, 'kov_', 'nonsense', ''])
      expect(await show(token), token).toMatchObject({ status: 401, body: { code: 'invalid_overlay_token' } });
    expect(log.join('')).not.toContain(made.token);
  });

  test('an account has so many overlays, and none of somebody else', async () => {
    const database = await open();
    const { overlay, as, streamer, fan } = await startStudio(database);
    await database.insertInto('users').values(userRow('streamer')).execute();
    const made = await Promise.all(Array.from({ length: 12 }, overlay));
    expect(made.filter(({ token }) => token !== undefined)).toHaveLength(10);
    expect((await as(streamer, 'POST', '/api/overlays', {})).body.code).toBe('too_many_overlays');
    expect((await as(fan, 'GET', '/api/overlays')).text).toBe('[]');
    expect((await as(streamer, 'POST', '/api/overlays', { settings: { scale: 9 } })).status).toBe(400);
  });

  test('a goal counts what is given from its start, is told in the room, and takes refunds back', async () => {
    const { create, streamer, fan, admin, as, show, overlay, base } = await startStudio(await open());
    const room = await create({}, streamer.headers);
    const path = `/api/rooms/${room.id}/goal`;
    const give = async (giftId: string) =>
      (await as(fan, 'POST', `/api/rooms/${room.id}/gifts`, { giftId })).body as { id?: string };
    await give('cake');
    const goal = { title: '新麦克风', kind: 'coins', target: 100 };
    expect((await as(fan, 'PUT', path, goal)).body.code).toBe('forbidden');
    const set = await as(streamer, 'PUT', path, goal);
    expect(set.body).toMatchObject({ goal: { ...goal, progress: 0 } });
    const socket = await connect(base);
    socket.send({ type: 'subscribe', channel: `room:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');
    const told = async (progress: number): Promise<void> => {
      await expect
        .poll(() => socket.messages.findLast(({ event }) => event === 'goal.updated')?.data, { timeout: 20_000 })
        .toMatchObject({ goal: { progress } });
    };
    const { id } = await give('bouquet');
    await give('rose');
    await told(104);
    expect((await show((await overlay()).token)).body).toMatchObject({ goal: { ...goal, progress: 104 } });
    await as(admin, 'POST', `/api/admin/gifts/orders/${id}/refund`);
    await told(5);
    expect((await as(streamer, 'PUT', path, { ...goal, target: 200 })).body).toMatchObject({
      ...{ goal: { target: 200, progress: 5 } },
    });
    expect((await as(streamer, 'PUT', path, { ...goal, kind: 'followers' })).body).toMatchObject({
      ...{ goal: { kind: 'followers', progress: 0 } },
    });
    await as(streamer, 'DELETE', path);
    await expect
      .poll(() => socket.messages.findLast(({ event }) => event === 'goal.updated')?.data, { timeout: 10_000 })
      .toEqual({ goal: null });
    expect((await request(base + path)).body).toEqual({ goal: null });
    const times = socket.messages.filter(({ event }) => event === 'goal.updated').map((message) => atOf(message));
    for (const [n, at] of times.entries()) if (n > 0) expect(at - (times[n - 1] ?? 0)).toBeGreaterThan(800);
  });
});

onEveryDatabase('a goal of followers', (open) => {
  test('is told in the room when somebody follows, and when they do no longer', async () => {
    const database = await open();
    const { create, streamer, fan, admin, as, base } = await startStudio(database);
    await insertUsers(database, userRow('streamer'), userRow('fan'), userRow('admin'));
    const room = await create({}, streamer.headers);
    await as(admin, 'POST', '/api/users/streamer/follow');
    const socket = await connect(base);
    socket.send({ type: 'subscribe', channel: `room:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');
    const goal = { title: '一百', kind: 'followers', target: 100 };
    const set = await as(streamer, 'PUT', `/api/rooms/${room.id}/goal`, goal);
    expect(set.body).toMatchObject({ goal: { ...goal, progress: 1 } });
    // At once, when nobody has counted yet.
    await as(fan, 'POST', '/api/users/streamer/follow');
    const told = async (progress: number): Promise<void> => {
      await expect
        .poll(() => socket.messages.findLast(({ event }) => event === 'goal.updated')?.data, { timeout: 20_000 })
        .toMatchObject({ goal: { ...goal, progress } });
    };
    await told(2);
    await as(fan, 'DELETE', '/api/users/streamer/follow');
    await told(1);
  });
});

function atOf(message: object): number {
  return (message as { at: number }).at;
}

import { expect, test } from 'vitest';
import type { SentGift } from '../src/modules/interact/gift/contract.ts';
import { connect, request, startTest } from './harness.ts';
import { People } from './rooms-people.ts';
import { onEveryDatabase } from './support/databases.ts';
import { credit, gift, payOut, refusal, startParty } from './support/gift-party.ts';

onEveryDatabase('gifts', (open) => {
  test('a gift moves coins, once for each key, and everybody in the room hears it', async () => {
    const party = await startParty({
      database: await open(),
      change: (config) => void (config.gifts.sharePercent = 33),
    });
    const { room, give, balance, streamer } = party;
    const fan = await party.rich('fan', 1000);
    const socket = await connect(party.base);
    socket.send({ type: 'subscribe', channel: `room:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');
    const key = 'once-and-only-once';
    const sent = await give(fan, { giftId: 'rose', count: 4 }, { key });
    expect(sent).toMatchObject({ status: 201, body: { count: 4, total: 20, balance: 980, combo: { count: 4 } } });
    const { data } = await socket.next(({ event }) => event === 'gift.sent');
    const { balance: _balance, ...event } = gift(sent);
    expect(data).toEqual(event);
    expect(data).toMatchObject({
      sender: { id: 'fan', name: fan.name },
      receiver: { id: streamer.id },
      gift: { id: 'rose', name: { zh: '玫瑰', en: 'Rose' }, price: 5, effect: 'none' },
    });
    const again = await give(fan, { giftId: 'rose', count: 4 }, { key });
    expect(gift(again)).toEqual(gift(sent));
    expect(await give(fan, { giftId: 'rose', count: 5 }, { key })).toMatchObject({
      ...{ status: 409, body: { code: 'idempotency_key_reused' } },
    });
    expect([await balance('user:fan'), await balance('revenue:streamer'), await balance('house')]).toEqual([
      980, 6, 14,
    ]);
    const { text } = await party.call(`/api/rooms/${room.id}/gifts`);
    expect(JSON.parse(text)).toEqual([event]);

    const own = await connect(party.base, { headers: fan.headers });
    own.send({ type: 'gift', id: 1, roomId: room.id, giftId: 'cake', key: 'by-the-socket' });
    expect(await own.next(({ id }) => id === 1)).toMatchObject({ type: 'ack', data: { total: 52, balance: 928 } });
    const notices = await party.database.selectFrom('notices').select(['user_id', 'kind', 'data']).execute();
    expect(notices).toMatchObject([{ user_id: streamer.id, kind: 'gift' }]);
    expect(JSON.parse(notices[0]?.data ?? '')).toMatchObject({
      sender: { id: 'fan' },
      gift: { id: 'cake' },
      coins: 72,
    });
    const metrics = (await request(`http://127.0.0.1:${party.kaibo.ports.metrics}/metrics`)).text;
    for (const line of ['{outcome="given"} 2', '{outcome="repeated"} 1', '{outcome="idempotency_key_reused"} 1'])
      expect(metrics).toContain(`kaibo_gifts_total${line}`);
    expect(metrics).toContain('kaibo_gift_coins_total 72');
    expect(metrics).toContain('kaibo_gifts_waiting 0');
  });

  test('what cannot be given is refused, and nothing of it remains', async () => {
    const party = await startParty({ database: await open() });
    const { give, room, streamer, balance } = party;
    const fan = await party.rich('fan', 10);
    await credit(party.database, 'streamer', 10);
    expect(await refusal(give(fan, { giftId: 'rose' }, { key: '' }))).toBe('400 idempotency_key_required');
    expect(await refusal(give(fan, { giftId: 'rose' }, { key: 'short' }))).toBe('400 idempotency_key_required');
    expect(await refusal(give(fan, { giftId: 'moon' }))).toBe('404 gift_not_found');
    expect(await refusal(give(fan, { giftId: 'rose', count: 0 }))).toBe('400 invalid_request');
    expect(await refusal(give(fan, { giftId: 'rose', count: 10_000 }))).toBe('400 invalid_request');
    expect(await refusal(give(fan, { giftId: 'rose', count: 1.5 }))).toBe('400 invalid_request');
    expect(await refusal(give(fan, { giftId: 'rose', price: 4 }))).toBe('409 gift_price_changed');
    expect(await refusal(give(fan, { giftId: 'rose', count: 3 }))).toBe('409 insufficient_balance');
    expect(await refusal(give(streamer, { giftId: 'rose' }))).toBe('400 cannot_gift_self');
    expect(await refusal(give({ ...fan, headers: {} }, { giftId: 'rose' }))).toBe('401 login_required');
    expect(await refusal(give(fan, { giftId: 'rose' }, { roomId: 'nowhere' }))).toBe('404 room_not_found');
    const ownerless = await party.create();
    expect(await refusal(give(fan, { giftId: 'rose' }, { roomId: ownerless.id }))).toBe('409 room_takes_no_gifts');
    const hidden = await party.create({ isPrivate: true }, streamer.headers);
    expect(await refusal(give(fan, { giftId: 'rose' }, { roomId: hidden.id }))).toBe('403 room_private');
    await party.call(`/api/rooms/${room.id}/close`, { method: 'POST', headers: streamer.headers });
    expect(await refusal(give(fan, { giftId: 'rose' }))).toBe('409 room_ended');
    expect(await balance('user:fan')).toBe(10);
    const { database } = party;
    for (const table of ['gift_orders', 'gift_combos'] as const)
      expect(await database.selectFrom(table).select('room_id').execute(), table).toEqual([]);
  });

  test('gifts that follow each other are one combo, counted exactly', async () => {
    const party = await startParty({ database: await open() });
    const { give, wait } = party;
    const fan = await party.rich('fan', 1_000_000);
    const combo = async (giftId: string, count = 1): Promise<SentGift['combo']> =>
      gift(await give(fan, { giftId, count })).combo;
    const first = await combo('rose', 3);
    wait(4000);
    expect(await combo('rose')).toEqual({ id: first.id, count: 4 });
    expect(await combo('heart')).toMatchObject({ count: 1 });
    const many = await Promise.all(Array.from({ length: 20 }, () => combo('rose', 2)));
    expect(many.map(({ count }) => count).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => 6 + 2 * n),
    );
    expect(new Set(many.map(({ id }) => id))).toEqual(new Set([first.id]));
    wait(5001);
    const next = await combo('rose');
    expect(next.count).toBe(1);
    expect(next.id).not.toBe(first.id);
    expect([(await combo('rocket')).count, (await combo('rocket')).count]).toEqual([1, 1]);
  });

  test('a refund takes everything back once, also what the streamer no longer has', async () => {
    const party = await startParty({ database: await open() });
    const { give, refund, balance, admin, call, database, room } = party;
    const fan = await party.rich('fan', 1000);
    const [one, two] = [gift(await give(fan, { giftId: 'bouquet' })), gift(await give(fan, { giftId: 'cake' }))];
    const socket = await connect(party.base);
    socket.send({ type: 'subscribe', channel: `room:${room.id}` });
    await socket.next(({ type }) => type === 'snapshot');
    expect((await Promise.all([refund(one), refund(one), refund(one)])).map(({ status }) => status)).toEqual([
      ...[200, 200, 200],
    ]);
    expect((await socket.next(({ event }) => event === 'gift.refunded')).data).toEqual({ id: one.id, total: 99 });
    expect([await balance('user:fan'), await balance('revenue:streamer'), await balance('house')]).toEqual([
      948, 26, 26,
    ]);
    const earned = async (query = ''): Promise<unknown> =>
      (await call(`/api/gifts/earned${query}`, { headers: party.streamer.headers })).body;
    expect(await earned()).toEqual({ coins: 26, gifts: 1 });
    expect(await earned(`?roomId=${room.id}`)).toEqual({ coins: 26, gifts: 1 });
    expect(await earned('?roomId=another')).toEqual({ coins: 0, gifts: 0 });
    expect(await earned(`?from=${two.at + 1}`)).toEqual({ coins: 0, gifts: 0 });
    await payOut(database, 'streamer', 20);
    await payOut(database, 'streamer', 0, 16);
    expect((await refund(two)).body).toMatchObject({ id: two.id, refundedAt: expect.any(Number) });
    expect([await balance('user:fan'), await balance('revenue:streamer'), await balance('house')]).toEqual([
      1000, 0, 0,
    ]);
    expect(await balance('mint')).toBe(-1000 - 36);
    expect((await refund({ id: 'nothing' })).status).toBe(404);
    expect((await call(`/api/rooms/${room.id}/gifts`)).text).toBe('[]');
    const noted = await database
      .selectFrom('audit_log')
      .select('subject')
      .where('action', '=', 'gift.refunded')
      .execute();
    expect(noted.map(({ subject }) => subject)).toEqual([`gift-order:${one.id}`, `gift-order:${two.id}`]);
    const { text } = await call('/api/admin/gifts/orders?userId=fan&pageSize=1', { headers: admin.headers });
    expect(JSON.parse(text)).toMatchObject([{ senderId: 'fan', receiverId: 'streamer' }]);
  });

  test('administrators change the catalogue; what was given stays as it was', async () => {
    const party = await startParty({ database: await open() });
    const { call, admin, give } = party;
    const fan = await party.rich('fan', 1000);
    const as = (method: string, path: string, body?: object) =>
      call(`/api/admin/gifts${path}`, { method, body, headers: admin.headers });
    const offered = async () =>
      (JSON.parse((await call('/api/gifts')).text) as { id: string; price: number }[]).map(
        ({ id, price }) => `${id} ${price}`,
      );
    expect(await offered()).toHaveLength(12);
    const tea = { id: 'tea', name: { zh: '奶茶', en: 'Milk tea' }, icon: 'bubble-tea', price: 15, sort: 0 };
    expect((await as('POST', '', tea)).status).toBe(201);
    expect((await as('POST', '', tea)).body.code).toBe('gift_exists');
    expect((await offered())[0]).toBe('tea 15');
    const given = gift(await give(fan, { giftId: 'tea' }));
    expect((await as('PUT', '/tea', { price: 16, name: { zh: '茶', en: 'Tea' } })).body).toMatchObject({ price: 16 });
    expect((await as('DELETE', '/tea')).body).toEqual({ success: true, deleted: false });
    expect((await as('DELETE', '/cake')).body).toEqual({ success: true, deleted: true });
    expect((await as('DELETE', '/cake')).body.code).toBe('gift_not_found');
    expect(await offered()).toHaveLength(11);
    expect((await give(fan, { giftId: 'tea' })).body.code).toBe('gift_not_found');
    const { text } = await call(`/api/rooms/${party.room.id}/gifts`);
    expect(JSON.parse(text)).toMatchObject([{ id: given.id, gift: { name: { en: 'Milk tea' }, price: 15 } }]);
    expect((await call('/api/admin/gifts', { headers: fan.headers })).status).toBe(403);
    expect((await as('POST', '', { ...tea, id: 'Bad id' })).status).toBe(400);
  });
});

test('a gift by the socket is refused as by REST', async () => {
  const people = new People();
  const kaibo = await startTest({ authenticator: people, users: people });
  const [streamer, fan] = [people.add('streamer'), people.add('fan')];
  const room = await kaibo.create({}, streamer.headers);
  const socket = await connect(kaibo.base, { headers: fan.headers });
  const body = { type: 'gift', roomId: room.id, giftId: 'heart', count: 1, key: 'by-the-socket' };
  socket.send({ ...body, id: 1 });
  expect(await socket.next(({ id }) => id === 1)).toMatchObject({ type: 'error', code: 'insufficient_balance' });
  socket.send({ ...body, id: 2, key: 'x' });
  expect(await socket.next(({ id }) => id === 2)).toMatchObject({ code: 'idempotency_key_required' });
  const stranger = await connect(kaibo.base);
  stranger.send({ ...body, id: 3 });
  expect(await stranger.next(({ id }) => id === 3)).toMatchObject({ code: 'login_required' });
});

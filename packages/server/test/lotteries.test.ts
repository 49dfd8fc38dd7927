import { expect, test, vi } from 'vitest';
import { verifyLottery } from '../../../docs/lottery-verify.mjs';
import type { Lottery, LotteryProof } from '../src/modules/interact/lottery/contract.ts';
import { connect, type Answer, type TestSocket } from './harness.ts';
import { PASSWORD, startAccounts, type Person } from './support/accounts.ts';

const INPUT = { prize: '签名海报', winners: 2 };
const LONG = { timeout: 60_000, interval: 50 };
/** People with passwords take their time where much else runs. */
vi.setConfig({ testTimeout: 120_000 });

async function startRoom(input: Record<string, unknown> = {}) {
  const platform = await startAccounts((config) => {
    config.lottery.delayIterations = 6400;
  });
  await platform.person('admin');
  const host = await platform.person('host');
  const room = await platform.create(input, host.headers);
  const start = (body: Record<string, unknown> = INPUT, headers = host.headers) =>
    platform.post(`/api/rooms/${room.id}/lotteries`, body, headers);
  const begin = async (body?: Record<string, unknown>): Promise<string> => {
    const answer = await start(body);
    expect(answer).toMatchObject({ status: 201, body: { status: 'open', entries: 0 } });
    return String(answer.body['id']);
  };
  const join = (id: string, person: Person, query = '') =>
    platform.post(`/api/lotteries/${id}/join${query}`, {}, person.headers);
  const ended = async (id: string): Promise<Lottery> => {
    const get = () => platform.get(`/api/lotteries/${id}`, host.headers);
    await expect.poll(async () => (await get()).body['status'], LONG).toBe('drawn');
    return (await get()).body as unknown as Lottery;
  };
  return { ...platform, host, room, start, begin, join, ended };
}

async function listenTo({ base }: { base: string }, roomId: string): Promise<TestSocket> {
  const socket = await connect(base);
  for (const name of ['room', 'live']) socket.send({ type: 'subscribe', channel: `${name}:${roomId}` });
  for (const name of ['room', 'live'])
    await socket.next(({ type, channel }) => type === 'snapshot' && channel === `${name}:${roomId}`);
  return socket;
}

const eventOf = (socket: TestSocket, name: string) => socket.next(({ event }) => event === name);
const code = ({ status, body }: Answer) => ({ status, code: body.code });

test('a lottery from its commitment to winners that anybody can recompute, and its seed nowhere before', async () => {
  const kaibo = await startRoom();
  const socket = await listenTo(kaibo, kaibo.room.id);
  const id = await kaibo.begin();
  const started = (await eventOf(socket, 'lottery.started')).data as Lottery;
  expect(started).toMatchObject({ id, ...INPUT, condition: { type: 'anyone' }, beacon: { kind: 'delay' } });
  expect(code(await kaibo.start())).toEqual({ status: 409, code: 'lottery_open' });
  expect(code(await kaibo.join(id, kaibo.host))).toEqual({ status: 403, code: 'lottery_own' });
  const people = await Promise.all(['a-person', 'b-person', 'c-person'].map((name) => kaibo.person(name)));
  const entries = await Promise.all(people.map((person) => kaibo.join(id, person)));
  for (const { status } of entries) expect(status).toBe(200);
  const progress = (await eventOf(socket, 'lottery.progress')).data as Lottery;
  expect(progress).toMatchObject({ id, head: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown });
  const [person = kaibo.host] = people;
  expect((await kaibo.join(id, person)).body['entry']).toEqual(entries[0]?.body['entry']);
  expect((await kaibo.get(`/api/lotteries/${id}`, person.headers)).body).toMatchObject({ entries: 3, entry: {} });
  expect(code(await kaibo.get(`/api/lotteries/${id}/proof`))).toEqual({ status: 409, code: 'lottery_not_drawn' });
  const before = [...kaibo.log, ...socket.messages.map((message) => JSON.stringify(message))].join('\n');

  expect((await kaibo.post(`/api/lotteries/${id}/draw`, {}, kaibo.host.headers)).status).toBe(200);
  const closed = (await eventOf(socket, 'lottery.closed')).data as Lottery;
  expect(closed).toMatchObject({ status: 'closed', entries: 3 });
  expect(closed.result).toBeUndefined();
  const drawn = await kaibo.ended(id);
  const told = (await eventOf(socket, 'lottery.ended')).data as Lottery;
  expect(told).toEqual(drawn);
  expect(drawn.result?.winners).toHaveLength(2);
  const seed = drawn.result?.seed ?? '';
  expect(seed).toMatch(/^[0-9a-f]{64}$/);
  for (const text of [before, JSON.stringify([started, progress, closed, entries])]) expect(text).not.toContain(seed);
  const written = await kaibo.get(`/api/lotteries/${id}/proof`);
  const proof = JSON.parse(written.text) as LotteryProof;
  const etag = written.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"[\w-]{43}"$/);
  expect((await kaibo.get(`/api/lotteries/${id}/proof`, { 'if-none-match': etag })).status).toBe(304);
  expect(proof).toMatchObject({ head: closed.head, commitment: started.commitment });
  expect(verifyLottery(proof).map(({ n }) => n)).toEqual(drawn.result?.winners.map(({ n }) => n));
  expect(code(await kaibo.join(id, person))).toEqual({ status: 409, code: 'lottery_closed' });
  const trail = (await kaibo.audit(await kaibo.login('admin').then(({ body }) => adminOf(body)))).map(
    ({ action }) => action,
  );
  expect(trail).toEqual(expect.arrayContaining(['lottery.started', 'lottery.closed', 'lottery.drawn']));
});

const adminOf = (body: Answer['body']): Person => {
  const token = String(body['accessToken']);
  return { id: '', username: 'admin', token, headers: { authorization: `Bearer ${token}` } };
};

test('it ends when its time has come, with the broadcast, or called off', async () => {
  const kaibo = await startRoom();
  const person = await kaibo.person('somebody');
  const timed = await kaibo.begin({ ...INPUT, durationSeconds: 60 });
  await kaibo.join(timed, person);
  kaibo.wait(60_000);
  expect(code(await kaibo.join(timed, await kaibo.person('too-late')))).toEqual({
    status: 409,
    code: 'lottery_closed',
  });
  expect((await kaibo.ended(timed)).result?.winners).toMatchObject([{ n: 1, userId: person.id, name: 'somebody' }]);

  const socket = await listenTo(kaibo, kaibo.room.id);
  const off = await kaibo.begin();
  await kaibo.join(off, person);
  expect((await kaibo.post(`/api/lotteries/${off}/cancel`, {}, kaibo.host.headers)).body['status']).toBe('cancelled');
  expect((await eventOf(socket, 'lottery.ended')).data).toMatchObject({ id: off, status: 'cancelled' });
  for (const what of ['cancel', 'draw'])
    expect(code(await kaibo.post(`/api/lotteries/${off}/${what}`, {}, kaibo.host.headers))).toMatchObject({
      status: 409,
    });

  const left = await kaibo.begin();
  await kaibo.join(left, person);
  await kaibo.post(`/api/rooms/${kaibo.room.id}/close`, {}, kaibo.host.headers);
  await kaibo.ended(left);
  expect(code(await kaibo.start())).toEqual({ status: 409, code: 'room_ended' });
  const list = JSON.parse((await kaibo.get(`/api/rooms/${kaibo.room.id}/lotteries`)).text) as Lottery[];
  expect(new Set(list.map(({ id }) => id))).toEqual(new Set([timed, off, left]));
});

test('whoever says the phrase has entered, once; the winner is told', async () => {
  const kaibo = await startRoom();
  const [person, other] = [await kaibo.person('talker'), await kaibo.person('silent')];
  const say = ({ headers }: Person, text: string) => kaibo.post(`/api/rooms/${kaibo.room.id}/chat`, { text }, headers);
  await say(person, '我要抽奖 Kaibo');
  const id = await kaibo.begin({ ...INPUT, condition: { type: 'phrase', phrase: '我要抽奖 kaibo' } });
  // The clock of the test stands; what was said before is before.
  kaibo.wait(1000);
  expect(code(await kaibo.join(id, other))).toEqual({ status: 403, code: 'lottery_needs_phrase' });
  for (const text of ['别的话', '我要抽奖  ＫＡＩＢＯ']) expect((await say(person, text)).status).toBe(200);
  await say(kaibo.host, '我要抽奖 kaibo');
  const entries = async () => (await kaibo.get(`/api/lotteries/${id}/entries`)).text;
  await expect
    .poll(async () => JSON.parse(await entries()) as unknown, LONG)
    .toMatchObject([{ n: 1, userId: person.id }]);
  expect((await kaibo.join(id, person)).body['entry']).toMatchObject({ n: 1 });
  await kaibo.post(`/api/lotteries/${id}/draw`, {}, kaibo.host.headers);
  expect((await kaibo.ended(id)).result?.winners).toMatchObject([{ userId: person.id }]);
  const notices = async () => (await kaibo.get('/api/notices', person.headers)).text;
  await expect.poll(notices, LONG).toContain(id);
  expect(JSON.parse(await entries())).toHaveLength(1);
});

test('followers only, by a gift since it began, and terms that make no sense', async () => {
  const kaibo = await startRoom();
  const person = await kaibo.person('giver');
  for (const change of [
    { winners: 0 },
    { winners: 101 },
    { prize: ' ' },
    { durationSeconds: 9 },
    { condition: { type: 'phrase' } },
    { condition: { type: 'gift', minCoins: 0 } },
  ])
    expect((await kaibo.start({ ...INPUT, ...change })).status, JSON.stringify(change)).toBe(400);

  const followers = await kaibo.begin({ ...INPUT, condition: { type: 'follower' } });
  expect(code(await kaibo.join(followers, person))).toEqual({ status: 403, code: 'lottery_needs_follow' });
  await kaibo.post(`/api/users/${kaibo.host.id}/follow`, {}, person.headers);
  expect((await kaibo.join(followers, person)).status).toBe(200);
  await kaibo.post(`/api/lotteries/${followers}/cancel`, {}, kaibo.host.headers);

  const admin = adminOf((await kaibo.login('admin')).body);
  const gifts = JSON.parse((await kaibo.get('/api/gifts')).text) as { id: string; price: number }[];
  const [gift = { id: '', price: 0 }] = gifts.toSorted((one, two) => one.price - two.price);
  const credit = { ...admin.headers, 'idempotency-key': 'credit-of-the-test' };
  const amount = { amount: gift.price * 10 };
  expect((await kaibo.post(`/api/admin/wallets/${person.id}/credit`, amount, credit)).status).toBe(200);
  const give = (key: string, count: number) =>
    kaibo.post(
      `/api/rooms/${kaibo.room.id}/gifts`,
      { giftId: gift.id, count },
      { ...person.headers, 'idempotency-key': key },
    );
  expect((await give('before-it-began', 3)).status).toBe(201);
  kaibo.wait(1000);
  const condition = { type: 'gift', giftId: gift.id, minCoins: gift.price * 3 };
  const id = await kaibo.begin({ ...INPUT, condition });
  kaibo.wait(1000);
  await give('too-little-yet', 2);
  expect(code(await kaibo.join(id, person))).toEqual({ status: 403, code: 'lottery_needs_gift' });
  await give('enough-with-it', 1);
  expect((await kaibo.join(id, person)).status).toBe(200);
});

test('what a private room raffles is for those who may see it', async () => {
  const kaibo = await startRoom({ isPrivate: true });
  const person = await kaibo.person('stranger');
  const id = await kaibo.begin();
  const paths = [`/api/lotteries/${id}`, `/api/lotteries/${id}/entries`, `/api/rooms/${kaibo.room.id}/lotteries`];
  for (const path of paths) expect((await kaibo.get(path, person.headers)).status).toBe(403);
  expect((await kaibo.join(id, person)).status).toBe(403);
  const { body } = await kaibo.post(`/api/rooms/${kaibo.room.id}/play-token`, {}, kaibo.host.headers);
  expect((await kaibo.join(id, person, `?token=${String(body['token'])}`)).status).toBe(200);
});

test('an account that is closed before the draw keeps its number, which may win; its name goes at once', async () => {
  const kaibo = await startRoom();
  const [goer, stayer] = [await kaibo.person('goer'), await kaibo.person('stayer')];
  const before = await kaibo.begin();
  for (const person of [goer, stayer]) await kaibo.join(before, person);
  await kaibo.post(`/api/lotteries/${before}/draw`, {}, kaibo.host.headers);
  await kaibo.ended(before);
  const proofOf = async (id: string) =>
    JSON.parse((await kaibo.get(`/api/lotteries/${id}/proof`)).text) as LotteryProof;
  // The proof is kept from here on, with the name.
  expect((await proofOf(before)).entries).toMatchObject([{ name: 'goer' }, { name: 'stayer' }]);
  const open = await kaibo.begin();
  for (const person of [goer, stayer]) await kaibo.join(open, person);

  const exported = async ({ headers }: Person) =>
    JSON.parse((await kaibo.get('/api/users/me/export', headers)).text) as Record<string, unknown>;
  expect(await exported(goer)).toMatchObject({
    lotteries: {
      ...{
        entered: [
          { lotteryId: before, n: 1, won: true },
          { lotteryId: open, n: 1, won: false },
        ],
        held: [],
      },
    },
  });
  expect(await exported(kaibo.host)).toMatchObject({
    lotteries: {
      entered: [],
      held: [
        { lotteryId: before, ...INPUT },
        { lotteryId: open, ...INPUT },
      ],
    },
  });
  expect((await kaibo.delete('/api/users/me', goer.headers, { password: PASSWORD })).status).toBe(200);
  await kaibo.post(`/api/lotteries/${open}/draw`, {}, kaibo.host.headers);
  for (const id of [before, open]) {
    const { result } = await kaibo.ended(id);
    expect(result?.winners.toSorted((one, other) => one.n - other.n)).toMatchObject([
      { n: 1, userId: goer.id, name: '' },
      { n: 2, userId: stayer.id, name: 'stayer' },
    ]);
    const proof = await proofOf(id);
    expect(proof.entries).toMatchObject([{ n: 1, name: '' }, { n: 2 }]);
    expect(verifyLottery(proof)).toHaveLength(2);
  }
  expect((await kaibo.get('/api/notices', stayer.headers)).text).toContain(open);
});

test('whoever is muted enters all the same, by the button; whoever is banned from the room does not', async () => {
  const kaibo = await startRoom();
  const [muted, banned] = [await kaibo.person('muted'), await kaibo.person('banned')];
  const room = `/api/rooms/${kaibo.room.id}`;
  const ofHost = (path: string, body: object) => kaibo.post(path, body, kaibo.host.headers);
  expect((await ofHost(`${room}/mutes`, { userId: muted.id })).status).toBe(200);
  expect((await ofHost(`${room}/bans`, { userId: banned.id })).status).toBe(200);
  const id = await kaibo.begin();
  expect((await kaibo.join(id, muted)).status).toBe(200);
  expect((await kaibo.join(id, banned)).status).toBe(403);
  await ofHost(`/api/lotteries/${id}/cancel`, {});
  const byPhrase = await kaibo.begin({ ...INPUT, condition: { type: 'phrase', phrase: '我来了' } });
  kaibo.wait(1000);
  expect(code(await kaibo.post(`${room}/chat`, { text: '我来了' }, muted.headers))).toMatchObject({ code: 'muted' });
  expect(code(await kaibo.join(byPhrase, muted))).toEqual({ status: 403, code: 'lottery_needs_phrase' });
});

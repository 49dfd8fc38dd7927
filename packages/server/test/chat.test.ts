import { expect, test } from 'vitest';
import type { ChatMessage } from '../src/modules/interact/chat/contract.ts';
import type { Recording } from '../src/modules/recording/contract.ts';
import { connect, keyOf, owner, type Answer, type Message, type TestSocket } from './harness.ts';
import { gifOf, pngOf, webpOf } from './support/pictures.ts';
import { startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';

const isSnapshot = ({ type }: Message): boolean => type === 'snapshot';
const isEvent =
  (event: string) =>
  (message: Message): boolean =>
    message.event === event;

async function setUp(): Promise<{ kaibo: AccountsKaibo; ada: Person; bob: Person; room: string }> {
  const kaibo = await startAccounts();
  const ada = await kaibo.person('ada');
  const bob = await kaibo.person('bob');
  const { id: room } = await kaibo.create({}, ada.headers);
  return { kaibo, ada, bob, room };
}

const say = (kaibo: AccountsKaibo, room: string, person: Person, input: object | string): Promise<Answer> =>
  kaibo.post(`/api/rooms/${room}/chat`, typeof input === 'string' ? { text: input } : input, person.headers);

const messageOf = ({ body }: Answer): ChatMessage => body['message'] as ChatMessage;
const textsOf = ({ body }: Answer): string[] => (body['messages'] as ChatMessage[]).map(({ text }) => text);

async function listen(kaibo: AccountsKaibo, channel: string, person?: Person): Promise<TestSocket> {
  const socket = await connect(kaibo.base, person === undefined ? {} : { headers: person.headers });
  socket.send({ type: 'subscribe', channel });
  return socket;
}

test('what somebody says is answered, told, kept and shown to those who come', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const reader = await listen(kaibo, `chat:${room}`);
  expect((await reader.next(isSnapshot)).data).toEqual({
    messages: [],
    settings: { slowModeSeconds: 0, followersOnlyMinutes: null, links: 'trusted', danmaku: true, guests: false },
  });
  const first = await say(kaibo, room, bob, 'Hello <b>there</b> 你好');
  expect(first).toMatchObject({
    status: 200,
    body: { message: { roomId: room, person: `user:${bob.id}`, user: { id: bob.id, username: 'bob', name: 'bob' } } },
  });
  expect((await reader.next(isEvent('chat.message'))).data).toEqual(messageOf(first));
  const socket = await listen(kaibo, `chat:${room}`, ada);
  expect((await socket.next(isSnapshot)).data).toMatchObject({ messages: [messageOf(first)] });
  const replyTo = messageOf(first).id;
  socket.send({ type: 'chat', id: 7, roomId: room, text: '  @bob   hi ', replyTo, danmaku: { color: '#FF0000' } });
  const ack = await socket.next(({ type }) => type === 'ack');
  expect(ack).toMatchObject({ id: 7, data: { message: { text: '@bob hi', badge: { role: 'owner' } } } });
  const { message } = ack.data as { message: ChatMessage };
  expect(message.replyTo).toEqual({ id: replyTo, name: 'bob', text: 'Hello <b>there</b> 你好' });
  expect(message.mentions).toEqual([{ userId: bob.id, username: 'bob', name: 'bob' }]);
  expect(message.danmaku).toEqual({ color: '#ff0000', position: 'scroll' });
  const history = await kaibo.get(`/api/rooms/${room}/chat`);
  expect(textsOf(history)).toEqual(['Hello <b>there</b> 你好', '@bob hi']);
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat?before=${message.id}`))).toHaveLength(1);
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat?after=${replyTo}`))).toEqual(['@bob hi']);
  expect((await kaibo.get(`/api/rooms/${room}/chat?limit=1`)).body).toMatchObject({ more: true });
});

test('danmaku flies over the picture of those who watch', async () => {
  const { kaibo, bob, room } = await setUp();
  const viewer = await listen(kaibo, `live:${room}`);
  await viewer.next(isSnapshot);
  const sent = messageOf(await say(kaibo, room, bob, { text: 'wow', danmaku: true }));
  const { data } = await viewer.next(isEvent('danmaku'));
  const { id, text, mediaAt, person } = sent;
  expect(data).toEqual({ items: [{ id, text, mediaAt, person, color: '#ffffff', position: 'scroll' }] });
});

test('the same sent again is said once', async () => {
  const { kaibo, bob, room } = await setUp();
  const input = { text: 'once', clientId: 'c-1' };
  const answers = await Promise.all([say(kaibo, room, bob, input), say(kaibo, room, bob, input)]);
  const again = await say(kaibo, room, bob, input);
  expect(new Set([...answers, again].map((answer) => messageOf(answer).id)).size).toBe(1);
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat`))).toEqual(['once']);
});

test('who may not write is told why', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const refusal = async (text: string, person = bob) => (await say(kaibo, room, person, text)).body.code;
  expect((await kaibo.post(`/api/rooms/${room}/chat`, { text: 'hi' })).body.code).toBe('login_required');
  expect(await refusal('\u200b \u202e')).toBe('message_empty');
  expect(await refusal('x'.repeat(501))).toBe('message_too_long');
  expect(await refusal('😀'.repeat(31))).toBe('too_many_emoji');
  expect((await say(kaibo, 'nowhere', bob, 'hi')).body.code).toBe('room_not_found');
  await kaibo.post(`/api/rooms/${room}/bans`, { userId: bob.id }, ada.headers);
  expect(await refusal('hi')).toBe('banned_from_room');
  await kaibo.put(`/api/rooms/${room}`, { status: 'ended' }, ada.headers);
  expect(await refusal('hi', ada)).toBe('room_ended');
});

test('floods, repetitions and slow mode wait; the owner is exempt from the last two', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const code = async (text: string, person = bob) => (await say(kaibo, room, person, text)).body.code ?? 'said';
  expect([await code('Same'), await code('same '), await code('SAME')]).toEqual(['said', 'said', 'message_repeated']);
  kaibo.wait(31_000);
  const many = [1, 2, 3, 4, 5, 6].map((n) => code(`line ${n}`));
  expect((await Promise.all(many)).toSorted()).toEqual(['rate_limited', ...Array.from({ length: 5 }, () => 'said')]);
  kaibo.wait(31_000);
  const settings = `/api/rooms/${room}/chat/settings`;
  const changed = await kaibo.call(settings, { method: 'PATCH', body: { slowModeSeconds: 20 }, headers: ada.headers });
  expect(changed.body).toMatchObject({ slowModeSeconds: 20, danmaku: true });
  const both = await Promise.all([code('a'), code('b')]);
  expect(both.toSorted()).toEqual(['said', 'slow_mode']);
  kaibo.wait(15_000);
  const socket = await connect(kaibo.base, { headers: bob.headers });
  socket.send({ type: 'chat', id: 1, roomId: room, text: 'c' });
  expect(await socket.next(({ type }) => type === 'error')).toMatchObject({ code: 'slow_mode', retryAfter: 5 });
  const early = await say(kaibo, room, bob, 'c');
  expect(early).toMatchObject({ status: 429, body: { code: 'slow_mode' } });
  expect(early.headers.get('retry-after')).toBe('5');
  kaibo.wait(5000);
  // Being refused did not move the clock.
  expect(await code('d')).toBe('said');
  expect([await code('e', ada), await code('f', ada)]).toEqual(['said', 'said']);
});

test('followers only: those who have followed for long enough, and moderators', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const change = (body: object, { headers } = ada) =>
    kaibo.call(`/api/rooms/${room}/chat/settings`, { method: 'PATCH', body, headers });
  expect((await change({ followersOnlyMinutes: 0 }, bob)).body.code).toBe('forbidden');
  const reader = await listen(kaibo, `chat:${room}`);
  await reader.next(isSnapshot);
  await change({ followersOnlyMinutes: 10 });
  expect((await reader.next(isEvent('chat.settings'))).data).toMatchObject({ followersOnlyMinutes: 10 });
  const code = async () => (await say(kaibo, room, bob, `now ${Math.random()}`)).body.code ?? 'said';
  expect(await code()).toBe('followers_only');
  await kaibo.post(`/api/users/${ada.id}/follow`, {}, bob.headers);
  expect(await code()).toBe('followers_only');
  kaibo.wait(600_000);
  expect(await code()).toBe('said');
});

test('messages are deleted by their author and by moderators, one or all of a person', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const carl = await kaibo.person('carl');
  const reader = await listen(kaibo, `chat:${room}`);
  await reader.next(isSnapshot);
  const ids: string[] = [];
  for (const text of ['one', 'two', 'three']) ids.push(messageOf(await say(kaibo, room, bob, text)).id);
  await say(kaibo, room, carl, { text: 'answer', replyTo: ids[0] });
  const remove = (id: string | undefined, { headers }: Person) =>
    kaibo.delete(`/api/rooms/${room}/chat/${id}`, headers);
  expect((await remove(ids[0], carl)).body.code).toBe('forbidden');
  expect((await remove(ids[0], bob)).status).toBe(200);
  expect((await reader.next(isEvent('chat.deleted'))).data).toEqual({ id: ids[0] });
  expect((await remove(ids[0], bob)).body.code).toBe('message_not_found');
  expect((await remove(ids[1], ada)).status).toBe(200);
  const clear = (headers: Person['headers']) =>
    kaibo.post(`/api/rooms/${room}/chat/clear`, { person: `user:${bob.id}` }, headers);
  expect((await clear(bob.headers)).body.code).toBe('forbidden');
  expect((await clear(ada.headers)).body).toEqual({ deleted: 1 });
  expect((await reader.next(isEvent('chat.cleared'))).data).toEqual({ person: `user:${bob.id}` });
  const left = (await kaibo.get(`/api/rooms/${room}/chat`)).body['messages'] as ChatMessage[];
  expect(left.map(({ text, replyTo }) => [text, replyTo])).toEqual([['answer', undefined]]);
  const done = (await kaibo.audit(ada)).map(({ action }) => action);
  expect(done.filter((action) => String(action).startsWith('chat.'))).toEqual(['chat.cleared', 'chat.message_deleted']);
});

test('one message stands above the chat, until it is unpinned or gone', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const path = `/api/rooms/${room}/chat/pinned`;
  const pin = (messageId: string, { headers } = ada) => kaibo.put(path, { messageId }, headers);
  const reader = await listen(kaibo, `chat:${room}`);
  await reader.next(isSnapshot);
  const pinned = async () => (await reader.next(isEvent('chat.pinned'))).data as { message: ChatMessage | null };
  const shownFirst = async () => {
    const { data } = await (await listen(kaibo, `chat:${room}`)).next(isSnapshot);
    return (data as { pinned?: ChatMessage }).pinned;
  };
  const said = [];
  for (const text of ['rules', 'link', 'third']) said.push(messageOf(await say(kaibo, room, bob, text)));
  const [rules, link, third] = said as [ChatMessage, ChatMessage, ChatMessage];
  expect((await pin(rules.id, bob)).body.code).toBe('forbidden');
  expect((await pin('0000000000')).body.code).toBe('message_not_found');
  expect((await pin(rules.id)).body).toEqual({ message: rules });
  expect(await pinned()).toEqual({ message: rules });
  // Another takes its place.
  await pin(link.id);
  expect([await pinned(), await shownFirst()]).toEqual([{ message: link }, link]);
  expect((await kaibo.delete(path, bob.headers)).body.code).toBe('forbidden');
  for (let n = 0; n < 2; n++) expect((await kaibo.delete(path, ada.headers)).status).toBe(200);
  expect([await pinned(), await shownFirst()]).toEqual([{ message: null }, undefined]);
  await pin(rules.id);
  expect(await pinned()).toEqual({ message: rules });
  // What is deleted elsewhere leaves it where it is; what is pinned takes itself away.
  await kaibo.delete(`/api/rooms/${room}/chat/${third.id}`, bob.headers);
  await kaibo.delete(`/api/rooms/${room}/chat/${rules.id}`, bob.headers);
  expect(await pinned()).toEqual({ message: null });
  expect((await pin(rules.id)).body.code).toBe('message_not_found');
  await pin(link.id);
  expect(await pinned()).toEqual({ message: link });
  await kaibo.post(`/api/rooms/${room}/chat/clear`, { person: `user:${bob.id}` }, ada.headers);
  expect([await pinned(), await shownFirst()]).toEqual([{ message: null }, undefined]);
  const pins = (await kaibo.audit(ada))
    .map(({ action }) => String(action))
    .filter((action) => action.includes('pinned'));
  expect(pins.toReversed()).toEqual(['pinned', 'pinned', 'unpinned', 'pinned', 'pinned'].map((one) => `chat.${one}`));
});

test('an account takes what it said with it, and had it all in its export', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const { id: messageId } = messageOf(await say(kaibo, room, bob, 'remember me'));
  await kaibo.put(`/api/rooms/${room}/chat/pinned`, { messageId }, ada.headers);
  const reader = await listen(kaibo, `chat:${room}`);
  await reader.next(isSnapshot);
  const exported = await kaibo.get('/api/users/me/export', bob.headers);
  expect(exported.text).toContain('remember me');
  const gone = await kaibo.delete('/api/users/me', bob.headers, { password: 'correct horse battery' });
  expect(gone.status).toBe(200);
  expect((await reader.next(isEvent('chat.cleared'))).data).toEqual({ person: `user:${bob.id}` });
  expect((await reader.next(isEvent('chat.pinned'))).data).toEqual({ message: null });
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat`))).toEqual([]);
});

test('a private room is read by those who may see it, and left by the others when it becomes one', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const reader = await listen(kaibo, `chat:${room}`, bob);
  await reader.next(isSnapshot);
  await kaibo.call(`/api/rooms/${room}`, { method: 'PUT', body: { isPrivate: true }, headers: ada.headers });
  expect(await reader.next(({ type }) => type === 'error')).toMatchObject({ code: 'room_private' });
  expect((await kaibo.get(`/api/rooms/${room}/chat`, bob.headers)).body.code).toBe('room_private');
  expect((await say(kaibo, room, bob, 'hi')).body.code).toBe('room_private');
  const late = await listen(kaibo, `chat:${room}`, bob);
  expect(await late.next(({ type }) => type === 'error')).toMatchObject({ code: 'room_private' });
});

test('emotes are small pictures that a channel adds', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const path = `/api/rooms/${room}/emotes`;
  const png = pngOf(112, 112).toString('base64');
  const add = (input: object, { headers } = ada) => kaibo.post(path, input, headers);
  expect((await add({ code: 'hype', image: png }, bob)).body.code).toBe('forbidden');
  const bombs = [pngOf(1025, 1), gifOf(1, 1, { width: 9000, height: 9000 }), webpOf('VP8X', 16_384, 16_384)];
  for (const image of [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), ...bombs])
    expect((await add({ code: 'hype', image: image.toString('base64') })).body.code).toBe('emote_invalid');
  expect((await add({ code: 'heart', image: png })).body.code).toBe('emote_taken');
  const reader = await listen(kaibo, `chat:${room}`, bob);
  await reader.next(isSnapshot);
  const told = async () => (await reader.next(isEvent('chat.emotes'))).data;
  const added = await add({ code: 'hype', image: png });
  expect(added).toMatchObject({ status: 201, body: { code: 'hype' } });
  expect(await told()).toEqual({ own: [added.body] });
  expect((await add({ code: 'hype', image: png })).body.code).toBe('emote_taken');
  const list = JSON.parse((await kaibo.get(path)).text) as { code: string }[];
  expect(list.length).toBeGreaterThan(24);
  expect(list[0]).toEqual(added.body);
  const picture = await kaibo.get(String(added.body['url']));
  expect(picture.headers.get('content-type')).toBe('image/png');
  expect(picture.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await kaibo.delete(`${path}/${String(added.body['id'])}`, ada.headers)).status).toBe(200);
  expect(await told()).toEqual({ own: [] });
  expect((await kaibo.get(String(added.body['url']))).body.code).toBe('emote_not_found');
});

/** When it was that the picture at this position of a replay was made, as a page reckons it. */
function epochAt(timeBase: readonly { mediaMs: number; epochMs: number }[], mediaMs: number): number {
  const base = timeBase.findLast((stretch) => stretch.mediaMs <= mediaMs);
  return base === undefined ? 0 : base.epochMs + mediaMs - base.mediaMs;
}

test('a replay has what was said, by the time of the picture, over a drop of the publisher too', async () => {
  const kaibo = await startAccounts();
  const ada = await kaibo.person('ada');
  const bob = await kaibo.person('bob');
  const room = await kaibo.create({ recording: 'always' }, ada.headers);
  const { recorder } = kaibo.engine;
  recorder.gapMs = 20_000;
  await kaibo.engine.publish(room.playId, keyOf(room));
  await expect.poll(() => recorder.running.size, { timeout: 15_000 }).toBe(1);
  const [[id, { startedAtMs: beganMs }] = ['', { startedAtMs: 0 }]] = recorder.running;
  let { at: nowMs } = messageOf(await say(kaibo, room.id, bob, 'before it began'));
  const said = async (afterMs: number, input: { text: string; mediaAt?: number }): Promise<void> => {
    kaibo.wait(beganMs + afterMs - nowMs);
    nowMs = beganMs + afterMs;
    const { at, mediaAt } = messageOf(await say(kaibo, room.id, bob, input));
    // Who does not say what they saw speaks of now.
    expect([at, mediaAt]).toEqual([nowMs, Math.max(input.mediaAt ?? nowMs, nowMs - 60_000)]);
  };
  await said(6000, { text: 'of the sixth second' });
  await said(8000, { text: 'of the third', mediaAt: beganMs + 3000 });
  // The publisher drops at 10 s and is back at 30 s.
  recorder.closeFile(id);
  kaibo.engine.drop(room.playId);
  await said(20_000, { text: 'are you there?' });
  await kaibo.engine.publish(room.playId, keyOf(room));
  await said(33_000, { text: 'back' });
  await said(34_000, { text: 'of before the drop', mediaAt: beganMs + 9500 });
  await said(70_000, { text: 'far too late', mediaAt: 1 });
  kaibo.engine.finish(room.playId);
  const get = async () => (await kaibo.get(`/api/recordings/${id}`, ada.headers)).body as Partial<Recording>;
  await expect.poll(async () => (await get()).state, { timeout: 15_000 }).toBe('ready');
  const { timeBase = [] } = await get();
  expect(timeBase).toEqual([
    { mediaMs: 0, epochMs: beganMs },
    { mediaMs: 10_000, epochMs: beganMs + 30_000 },
  ]);
  const path = `/api/recordings/${id}/chat`;
  expect((await kaibo.get(path, bob.headers)).body.code).toBe('recording_not_found');
  const all = (await kaibo.get(path, ada.headers)).body['messages'] as ChatMessage[];
  const shownAt = (mediaMs: number): string[] =>
    all.filter(({ mediaAt }) => mediaAt <= epochAt(timeBase, mediaMs)).map(({ text }) => text);
  const order = ['before it began', 'of the third', 'of the sixth second', 'of before the drop'];
  expect(shownAt(2900)).toEqual(order.slice(0, 1));
  expect(shownAt(3000)).toEqual(order.slice(0, 2));
  expect(shownAt(9000)).toEqual(order.slice(0, 3));
  expect(shownAt(9999)).toEqual(order);
  // What was said of a picture that was not there stands where it went on.
  expect(shownAt(10_000)).toEqual([...order, 'far too late', 'are you there?']);
  expect(shownAt(13_000)).toEqual([...order, 'far too late', 'are you there?', 'back']);
  await kaibo.call(`/api/recordings/${id}`, { method: 'PATCH', body: { published: true }, headers: ada.headers });
  const from = `${path}?from=${beganMs + 9500}&to=${beganMs + 30_000}&limit=2`;
  const page = await kaibo.get(from);
  expect(textsOf(page)).toEqual(['of before the drop', 'far too late']);
  const next = await kaibo.get(`${from}&after=${String(page.body['next'])}`);
  expect([textsOf(next), next.body['next']]).toEqual([['are you there?'], undefined]);
});

test('without account people write where they may, with a name that stays theirs', async () => {
  const kaibo = await startAccounts((config) => (config.access = 'open'));
  const { id: room, ...made } = await kaibo.create();
  const vid = String((await kaibo.post('/api/viewers', {})).body['vid']);
  const said = messageOf(await kaibo.post(`/api/rooms/${room}/chat`, { text: 'hi', vid }));
  expect(said).toMatchObject({
    person: expect.stringMatching(/^viewer:/),
    user: { name: expect.stringMatching(/^#\w{4}$/) },
  });
  const mine = owner({ id: room, ...made });
  expect(messageOf(await kaibo.post(`/api/rooms/${room}/chat`, { text: 'welcome' }, mine))).toMatchObject({
    ...{ person: `owner:${room}`, badge: { role: 'owner' } },
  });
  const remove = (query = '') => kaibo.delete(`/api/rooms/${room}/chat/${said.id}${query}`);
  expect((await remove()).body.code).toBe('forbidden');
  expect((await remove(`?vid=${encodeURIComponent(vid)}`)).status).toBe(200);
  const change = { method: 'PATCH', body: { guests: false }, headers: mine };
  await kaibo.call(`/api/rooms/${room}/chat/settings`, change);
  expect((await kaibo.post(`/api/rooms/${room}/chat`, { text: 'again', vid })).body.code).toBe('login_required');
});

test('an API key speaks with its scope only', async () => {
  const { kaibo, bob, room } = await setUp();
  const key = async (scope: string) => {
    const { body } = await kaibo.post('/api/auth/keys', { name: scope, scopes: [scope] }, bob.headers);
    return { ...bob, headers: { authorization: `Bearer ${String(body['key'])}` } };
  };
  expect((await say(kaibo, room, await key('rooms:write'), 'hi')).body.code).toBe('key_scope');
  expect((await say(kaibo, room, await key('chat:write'), 'hi')).status).toBe(200);
});

test('who is named hears of it when it concerns them', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const carl = await kaibo.person('carl');
  await say(kaibo, room, bob, '@ada @carl look');
  await say(kaibo, room, carl, 'here');
  await say(kaibo, room, bob, '@carl again @bob');
  const mentions = async ({ headers }: Person): Promise<unknown[]> => {
    const { body } = await kaibo.get('/api/notices', headers);
    return (body['notices'] as { kind: string; data: { text: string } }[])
      .filter(({ kind }) => kind === 'mention')
      .map(({ data }) => data.text);
  };
  expect(await mentions(ada)).toEqual(['@ada @carl look']);
  expect(await mentions(carl)).toEqual(['@carl again @bob']);
  expect(await mentions(bob)).toEqual([]);
});

test('markup in messages, names and emotes is text everywhere', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const hostile = [
    ...['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '<svg/onload=alert(1)>', '${alert(1)}'],
    ...["'; DROP TABLE chat_messages; --", '[fire](javascript:alert(1))', '\\u003cscript\\u003e', '{{constructor}}'],
  ];
  for (const text of hostile) {
    expect(messageOf(await say(kaibo, room, ada, text)).text).toBe(text);
    kaibo.wait(2000);
  }
  const history = await kaibo.get(`/api/rooms/${room}/chat`, bob.headers);
  expect(textsOf(history)).toEqual(hostile);
  expect(history.headers.get('content-type')).toBe('application/json; charset=utf-8');
  for (const body of [
    { text: 7 },
    { text: null },
    {},
    { text: 'x'.repeat(5000) },
    { text: 'a', danmaku: { color: 'red' } },
  ])
    expect((await kaibo.post(`/api/rooms/${room}/chat`, body, bob.headers)).status).toBe(400);
  const large = await kaibo.post(`/api/rooms/${room}/chat`, { text: 'x'.repeat(2_000_000) }, bob.headers);
  expect(large.status).toBe(413);
});

test('what has to be looked at first is seen by nobody until it is shown, in its place', async () => {
  const { kaibo, ada, bob, room } = await setUp();
  const word = await kaibo.post(`/api/rooms/${room}/words`, { word: '可疑', action: 'hold' }, ada.headers);
  expect(word.status).toBeLessThan(300);
  const reader = await listen(kaibo, `chat:${room}`);
  await reader.next(isSnapshot);
  const held = messageOf(await say(kaibo, room, bob, '可疑的话'));
  expect(held).toMatchObject({ held: true });
  await say(kaibo, room, bob, 'after');
  expect((await reader.next(isEvent('chat.message'))).data).toMatchObject({ text: 'after' });
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat`, bob.headers))).toEqual(['after']);
  const decided = await kaibo.post(`/api/rooms/${room}/held/${held.id}`, { action: 'show' }, ada.headers);
  expect(decided.status).toBe(200);
  const { held: _held, ...shown } = held;
  expect((await reader.next(isEvent('chat.message'))).data).toEqual(shown);
  expect(textsOf(await kaibo.get(`/api/rooms/${room}/chat`))).toEqual(['可疑的话', 'after']);
});

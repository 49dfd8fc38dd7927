import { expect, test } from 'vitest';
import type { Held, Mute, Report, Word } from '../src/modules/moderation/contract.ts';
import { connect, type Answer, type Message, type TestSocket } from './harness.ts';
import type { Headers, Person } from './support/accounts.ts';
import { listOf, messageOf, must, setUp, type Scene } from './support/moderation-scene.ts';

async function listen(
  { kaibo, room }: Scene,
  person: Person,
  channel: 'chat' | 'moderation' = 'chat',
): Promise<TestSocket> {
  const socket = await connect(kaibo.base, { headers: person.headers });
  socket.send({ type: 'subscribe', channel: `${channel}:${room}` });
  await socket.next(({ type }) => type === 'snapshot');
  return socket;
}

const isEvent =
  (event: string) =>
  (message: Message): boolean =>
    message.event === event;

test('words are kept by the channel and by administrators, and what is said goes by them at once', async () => {
  const scene = await setUp();
  const { kaibo, root, ada, mod, bob, path } = scene;
  // The pace of one person is the chat's, and has tests there.
  const say = async (text: string, person = bob): Promise<Answer> => {
    kaibo.wait(5000);
    return kaibo.post(`${path}/chat`, { text }, person.headers);
  };
  const add = (body: object, person = ada) => kaibo.post(`${path}/words`, body, person.headers);
  expect((await add({ word: '词' }, bob)).status).toBe(403);
  expect(await add({ word: '笨蛋', note: '不友好' }, mod)).toMatchObject({
    status: 201,
    body: { word: '笨蛋', action: 'mask', note: '不友好' },
  });
  expect(messageOf(await say('你这个笨*蛋！'))).toMatchObject({ text: '你这个***！', masked: true });
  await must(kaibo.post('/api/admin/words', { word: 'evil', action: 'block' }, root.headers));
  expect((await say('ｅ v i l')).body.code).toBe('words_blocked');
  expect((await say('evil', ada)).body.code).toBe('words_blocked');
  const imported = await kaibo.post('/api/admin/words/import', { text: 'evil\tmask\n坏人\tblock' }, root.headers);
  expect(imported.body).toEqual({ words: 2, total: 2 });
  expect(messageOf(await say('evil')).text).toBe('****');
  const tried = (text: string, person = root) => kaibo.post('/api/admin/words/test', { text }, person.headers);
  expect((await tried('好人', ada)).status).toBe(403);
  expect((await tried('e v i l')).body).toMatchObject({ verdict: 'shown', text: '*******' });
  expect((await tried('坏人 evil')).body).toMatchObject({
    verdict: 'blocked',
    words: [{ word: '坏人' }, { word: 'evil' }],
  });
  expect((await tried('好人')).body).toEqual({ verdict: 'shown', text: '好人', words: [] });
  const everywhere = listOf<Word>(await kaibo.get('/api/admin/words?q=坏', root.headers));
  expect(everywhere).toMatchObject([{ word: '坏人', action: 'block' }]);
  await must(kaibo.delete(`/api/admin/words/${everywhere[0]?.id}`, root.headers));
  expect(messageOf(await say('坏人')).text).toBe('坏人');
  const [word] = listOf<Word>(await kaibo.get(`${path}/words`, mod.headers));
  await must(kaibo.delete(`${path}/words/${word?.id}`, mod.headers));
  expect(messageOf(await say('笨蛋')).text).toBe('笨蛋');
  expect((await say('来 example。com 看')).body.code).toBe('links_forbidden');
  expect(messageOf(await say('来 example.com 看', mod)).text).toBe('来 example.com 看');
  expect((await add({ word: '😀' })).body.code).toBe('word_empty');
  expect((await kaibo.post('/api/admin/words/import', { text: 'a\tb' }, root.headers)).body.code).toBe(
    'invalid_word_line',
  );
  const log = await kaibo.audit(root, '?limit=500');
  const done = log.map(({ action }) => action).filter((action) => /^words?\./.test(String(action)));
  expect(done.toReversed()).toEqual(['word.added', 'word.added', 'words.imported', 'word.removed', 'word.removed']);
  expect(log.find(({ action, actor }) => action === 'word.added' && actor === `user:${mod.id}`)).toMatchObject({
    details: { word: '笨蛋', action: 'mask', as: 'moderator' },
  });
});

test('what is held is seen by nobody until a moderator shows it', async () => {
  const scene = await setUp();
  const { kaibo, root, ada, mod, bob, eve, path } = scene;
  await must(kaibo.post(`${path}/words`, { word: '加微信', action: 'hold' }, ada.headers));
  const reader = await listen(scene, eve);
  const say = async (text: string): Promise<Answer> => {
    kaibo.wait(5000);
    return must(kaibo.post(`${path}/chat`, { text }, bob.headers));
  };
  const first = messageOf(await say('加 微 信 一'));
  expect(first.held).toBe(true);
  const second = messageOf(await say('加微信 二'));
  await say('三');
  expect((await reader.next(isEvent('chat.message'))).data).toMatchObject({ text: '三' });
  const held = async (person = mod) => listOf<Held>(await kaibo.get(`${path}/held`, person.headers));
  expect(await held()).toMatchObject([
    { id: first.id, text: '加 微 信 一', person: `user:${bob.id}` },
    { id: second.id },
  ]);
  expect((await kaibo.get(`${path}/held`, bob.headers)).status).toBe(403);
  const decide = (id: string, action: string, person = mod) =>
    kaibo.post(`${path}/held/${id}`, { action }, person.headers);
  expect((await decide(first.id, 'show', bob)).status).toBe(403);
  await must(decide(first.id, 'show'));
  expect((await reader.next(isEvent('chat.message'))).data).toMatchObject({ id: first.id, text: '加 微 信 一' });
  expect((await decide(first.id, 'delete')).body.code).toBe('message_not_held');
  await must(decide(second.id, 'delete', ada));
  expect(await held()).toEqual([]);
  expect((await decide('nothing', 'show')).body.code).toBe('message_not_found');
  const shown = (await kaibo.get(`${path}/chat`)).text;
  expect(shown).toContain(first.id);
  expect(shown).not.toContain(second.id);
  const log = await kaibo.audit(root, '?limit=500');
  expect(log.filter(({ action }) => String(action).startsWith('chat.message_'))).toHaveLength(2);
});

test('moderators are told what waits as it comes and goes, and nobody else, not who was one', async () => {
  const scene = await setUp();
  const { kaibo, ada, mod, bob, eve, room, path } = scene;
  await must(kaibo.post(`${path}/words`, { word: '加微信', action: 'hold' }, ada.headers));
  const say = async (text: string, person = bob): Promise<{ id: string }> => {
    kaibo.wait(5000);
    return messageOf(await must(kaibo.post(`${path}/chat`, { text }, person.headers)));
  };
  const before = await say('加微信 零');
  const subscribe = async (person: Person): Promise<Message> => {
    const socket = await connect(kaibo.base, { headers: person.headers });
    socket.send({ type: 'subscribe', channel: `moderation:${room}` });
    return socket.next(({ type }) => type === 'snapshot' || type === 'error');
  };
  expect((await subscribe(bob)).code).toBe('forbidden');
  expect((await subscribe(ada)).data).toMatchObject({ held: [{ id: before.id, text: '加微信 零' }], openReports: 0 });
  const [desk, other] = [await listen(scene, ada, 'moderation'), await listen(scene, mod, 'moderation')];
  const first = await say('加微信 一');
  const message = { id: first.id, person: `user:${bob.id}`, name: 'bob', text: '加微信 一' };
  for (const socket of [desk, other])
    expect((await socket.next(isEvent('held.added'))).data).toMatchObject({ message });
  await must(kaibo.post(`${path}/held/${first.id}`, { action: 'show' }, mod.headers));
  expect((await desk.next(isEvent('held.resolved'))).data).toEqual({ id: first.id, state: 'shown' });
  const report = { subject: 'message', messageId: first.id, reason: 'abuse' };
  const { body: reported } = await must(kaibo.post(`${path}/reports`, report, eve.headers));
  const { data } = await desk.next(isEvent('report.added'));
  expect(data).toMatchObject({ report: { id: reported['id'], subjectId: first.id, evidence: { text: '加微信 一' } } });
  expect(JSON.stringify(data)).not.toContain(eve.id);
  expect((await subscribe(ada)).data).toMatchObject({ openReports: 1 });
  await must(kaibo.post(`${path}/reports/${reported['id']}`, { action: 'dismiss' }, mod.headers));
  expect((await desk.next(isEvent('report.decided'))).data).toEqual({
    ...{ id: reported['id'], state: 'dismissed', decision: 'dismiss' },
  });
  await must(kaibo.post(`${path}/chat/clear`, { person: `user:${bob.id}` }, ada.headers));
  expect((await desk.next(isEvent('held.cleared'))).data).toEqual({ person: `user:${bob.id}` });
  expect((await subscribe(ada)).data).toMatchObject({ held: [] });
  // Who moderates no more hears no more.
  await must(kaibo.delete(`${path}/moderators/${mod.id}`, ada.headers));
  expect(await other.next(({ type }) => type === 'error')).toMatchObject({ code: 'forbidden' });
  const last = await say('加微信 二');
  expect((await desk.next(isEvent('held.added'))).data).toMatchObject({ message: { id: last.id } });
  expect(other.messages.filter(isEvent('held.added'))).toEqual([]);
});

test('who is muted reads on and says nothing, in any room of the channel, until it is over', async () => {
  const scene = await setUp();
  const { kaibo, ada, mod, bob, eve, path } = scene;
  const reader = await listen(scene, bob);
  const mute = (body: object, person = mod) => kaibo.post(`${path}/mutes`, body, person.headers);
  expect((await mute({ userId: eve.id }, bob)).status).toBe(403);
  expect((await mute({ userId: ada.id })).status).toBe(403);
  expect((await mute({ userId: mod.id })).status).toBe(403);
  expect((await mute({ userId: 'nobody' })).body.code).toBe('user_not_found');
  const { body } = await must(mute({ userId: bob.id, seconds: 60, reason: '刷屏' }));
  const mutes = async () => listOf<Mute>(await kaibo.get(`${path}/mutes`, ada.headers));
  expect(await mutes()).toEqual([body]);
  const standing = async ({ headers }: { headers?: Headers }) => (await kaibo.get(`${path}/standing`, headers)).body;
  expect(await standing(bob)).toEqual({
    ...{ person: `user:${bob.id}`, isOwner: false, isModerator: false, muted: { until: body['until'] } },
  });
  expect(await standing(mod)).toMatchObject({ isOwner: false, isModerator: true });
  expect(await standing(ada)).toEqual({ person: `user:${ada.id}`, isOwner: true, isModerator: false });
  expect(await standing({})).toEqual({ isOwner: false, isModerator: false });
  expect(body).toMatchObject({ person: `user:${bob.id}`, userId: bob.id, name: 'bob', reason: '刷屏' });
  const until = body['until'];
  expect((await reader.next(isEvent('chat.muted'))).data).toEqual({ person: `user:${bob.id}`, until });
  const say = (at = path) => kaibo.post(`${at}/chat`, { text: '嗨' }, bob.headers);
  expect((await say()).body.code).toBe('muted');
  await must(kaibo.post(`${path}/close`, {}, ada.headers));
  const next = `/api/rooms/${(await kaibo.create({}, ada.headers)).id}`;
  expect((await say(next)).body.code).toBe('muted');
  kaibo.wait(61_000);
  await must(say(next));
  expect(await mutes()).toEqual([]);
  await must(kaibo.post(`${next}/mutes`, { person: `user:${bob.id}` }, ada.headers));
  expect((await say(next)).body.code).toBe('muted');
  await must(kaibo.delete(`${next}/mutes/user:${bob.id}`, ada.headers));
  kaibo.wait(5000);
  await must(say(next));
  expect((await kaibo.delete(`${next}/mutes/user:${bob.id}`, ada.headers)).body.code).toBe('mute_not_found');
});

test('of two who decide at once one has their way, and who may no longer does no more', async () => {
  const scene = await setUp();
  const { kaibo, root, ada, mod, bob, eve, room, path } = scene;
  await must(kaibo.post(`${path}/words`, { word: '加微信', action: 'hold' }, ada.headers));
  const reader = await listen(scene, eve);
  const post = (text: string, person = bob) => kaibo.post(`${path}/chat`, { text }, person.headers);
  const say = async (text: string): Promise<string> => {
    kaibo.wait(5000);
    return messageOf(await must(post(text))).id;
  };
  const decide = (id: string, action: string, person: Person) =>
    kaibo.post(`${path}/held/${id}`, { action }, person.headers);
  const codesOf = (answers: Answer[]): string[] =>
    answers.map(({ status, body }) => body.code ?? String(status)).toSorted((a, b) => a.localeCompare(b));

  // Shown by two moderators: once.
  const [shown, torn] = [await say('加微信 一'), await say('加微信 二')];
  const both = await Promise.all([mod, ada, root, mod].map((person) => decide(shown, 'show', person)));
  expect(codesOf(both)).toEqual(['200', 'message_not_held', 'message_not_held', 'message_not_held']);
  const either = await Promise.all([decide(torn, 'show', mod), decide(torn, 'delete', ada)]);
  expect(codesOf(either)).toEqual(['200', 'message_not_held']);
  const last = await say('完了');
  await reader.next(({ event, data }) => event === 'chat.message' && (data as { id: string }).id === last);
  const { text } = await kaibo.get(`${path}/chat`);
  expect(text.split(`"${shown}"`)).toHaveLength(2);
  expect(text.includes(torn)).toBe(either[0]?.status === 200);
  const log = await kaibo.audit(root, `?subject=room:${room}&limit=500`);
  expect(log.filter(({ action }) => String(action).startsWith('chat.message_'))).toHaveLength(2);

  // What is deleted already is reported all the same by who saw it.
  await must(kaibo.delete(`${path}/chat/${last}`, bob.headers));
  const report = { subject: 'message', messageId: last, reason: 'abuse' };
  const { body: reported } = await must(kaibo.post(`${path}/reports`, report, eve.headers));
  const [found] = listOf<Report>(await kaibo.get(`${path}/reports`, mod.headers));
  expect(found).toMatchObject({ id: reported['id'], evidence: { text: '完了' } });
  await must(kaibo.post(`${path}/reports/${found?.id}`, { action: 'delete' }, mod.headers));

  // Said while the mute is on its way: kept or refused, and nothing is said once it was answered.
  kaibo.wait(60_000);
  const sent = [1, 2, 3].map((n) => post(`在路上 ${n}`));
  const muting = kaibo.post(`${path}/mutes`, { userId: bob.id }, mod.headers);
  await must(muting);
  expect((await post('之后')).body.code).toBe('muted');
  const answers = await Promise.all(sent);
  const kept = answers.filter(({ status }) => status === 200).map((answer) => messageOf(answer).id);
  expect(codesOf(answers).filter((code) => code !== '200' && code !== 'muted')).toEqual([]);
  const { text: after } = await kaibo.get(`${path}/chat`);
  expect(after.split('在路上')).toHaveLength(kept.length + 1);
  expect(after).not.toContain('之后');
  await must(kaibo.delete(`${path}/mutes/user:${bob.id}`, mod.headers));
  await say('又来了');

  // A moderator who is removed meanwhile: what they did in time holds, from the answer on they do nothing.
  const waiting = await say('加微信 三');
  const [removed, decided] = await Promise.all([
    kaibo.delete(`${path}/moderators/${mod.id}`, ada.headers),
    decide(waiting, 'show', mod),
  ]);
  expect(removed.status).toBe(200);
  expect([200, 403]).toContain(decided.status);
  const { text: then } = await kaibo.get(`${path}/chat`);
  expect(then.includes(waiting)).toBe(decided.status === 200);
  const refused = await Promise.all([
    kaibo.post(`${path}/mutes`, { userId: bob.id }, mod.headers),
    kaibo.post(`${path}/words`, { word: '词' }, mod.headers),
    kaibo.get(`${path}/held`, mod.headers),
    kaibo.get(`${path}/reports`, mod.headers),
    kaibo.post(`${path}/chat/clear`, { person: `user:${bob.id}` }, mod.headers),
    decide(waiting, 'delete', mod),
  ]);
  expect(codesOf(refused)).toEqual(refused.map(() => 'forbidden'));
});

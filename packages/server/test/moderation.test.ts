import { expect, test } from 'vitest';
import type { Held, Mute, Report, Word } from '../src/modules/moderation/contract.ts';
import { connect, type Answer, type Message, type TestSocket } from './harness.ts';
import { startAccounts, type AccountsKaibo, type Headers, type Person } from './support/accounts.ts';

interface Scene {
  kaibo: AccountsKaibo;
  /** The administrator. */
  root: Person;
  /** Whose room it is, who moderates it, and two who watch. */
  ada: Person;
  mod: Person;
  bob: Person;
  eve: Person;
  room: string;
  /** The path of the room's own things. */
  path: string;
}

async function setUp(): Promise<Scene> {
  const kaibo = await startAccounts();
  const [root, ada, mod] = [await kaibo.person('root'), await kaibo.person('ada'), await kaibo.person('mod')];
  const [bob, eve] = [await kaibo.person('bob'), await kaibo.person('eve')];
  const { id: room } = await kaibo.create({}, ada.headers);
  const path = `/api/rooms/${room}`;
  await must(kaibo.put(`${path}/moderators/${mod.id}`, {}, ada.headers));
  return { kaibo, root, ada, mod, bob, eve, room, path };
}

async function must(answer: Promise<Answer>): Promise<Answer> {
  const found = await answer;
  if (found.status >= 300) throw new Error(`${found.status} ${found.text}`);
  return found;
}

const listOf = <Item>({ text }: Answer): Item[] => JSON.parse(text) as Item[];
const messageOf = ({ body }: Answer): { id: string; text: string; held?: true; masked?: true } =>
  body['message'] as { id: string; text: string; held?: true; masked?: true };

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
  const codesOf = (answers: Answer[]): unknown[] => answers.map(({ status, body }) => body.code ?? status).toSorted();

  // Shown by two moderators: once.
  const [shown, torn] = [await say('加微信 一'), await say('加微信 二')];
  const both = await Promise.all([mod, ada, root, mod].map((person) => decide(shown, 'show', person)));
  expect(codesOf(both)).toEqual([200, 'message_not_held', 'message_not_held', 'message_not_held']);
  const either = await Promise.all([decide(torn, 'show', mod), decide(torn, 'delete', ada)]);
  expect(codesOf(either)).toEqual([200, 'message_not_held']);
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
  expect(codesOf(answers).filter((code) => code !== 200 && code !== 'muted')).toEqual([]);
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

test('a report keeps what it is about, is decided once, and its reporter is told', async () => {
  const scene = await setUp();
  const { kaibo, root, ada, mod, bob, eve, room, path } = scene;
  const said = messageOf(await must(kaibo.post(`${path}/chat`, { text: '骂人的话' }, bob.headers)));
  const report = (body: object, person?: Person) =>
    kaibo.post(`${path}/reports`, { reason: 'abuse', ...body }, person?.headers);
  const message = { subject: 'message', messageId: said.id };
  expect((await report(message)).body.code).toBe('login_required');
  expect((await report(message, bob)).body.code).toBe('cannot_report_self');
  expect((await report({ subject: 'message', messageId: 'nothing' }, eve)).body.code).toBe('message_not_found');
  const { status, body } = await report({ ...message, text: '请看一下' }, eve);
  expect(status).toBe(201);
  expect((await report(message, eve)).body.code).toBe('already_reported');
  kaibo.wait(1);
  await must(report({ subject: 'user', userId: bob.id }, eve));
  kaibo.wait(1);
  await must(report({ subject: 'room' }, eve));
  // Its author deletes it, and the evidence is there.
  await must(kaibo.delete(`${path}/chat/${said.id}`, bob.headers));
  const queue = async (person: Person, at = `${path}/reports`) => listOf<Report>(await kaibo.get(at, person.headers));
  expect((await kaibo.get(`${path}/reports`, eve.headers)).status).toBe(403);
  const [found, ...rest] = await queue(mod);
  expect(rest).toEqual([]);
  expect(found).toMatchObject({
    id: body['id'],
    subjectId: said.id,
    accused: `user:${bob.id}`,
    evidence: { text: '骂人的话', name: 'bob' },
    text: '请看一下',
  });
  expect(found?.reporter).toBeUndefined();
  const all = await queue(root, '/api/admin/reports');
  expect(all.map(({ subject, reporter }) => `${subject} ${reporter}`)).toEqual([
    `message user:${eve.id}`,
    `user user:${eve.id}`,
    `room user:${eve.id}`,
  ]);
  const decide = (id: unknown, decision: object, person = mod) =>
    kaibo.post(`${path}/reports/${id}`, decision, person.headers);
  expect((await decide(all[1]?.id, { action: 'ban' })).body.code).toBe('report_not_found');
  const answers = await Promise.all([
    decide(found?.id, { action: 'mute', seconds: 600, note: '骂人' }),
    decide(found?.id, { action: 'dismiss' }, ada),
    decide(found?.id, { action: 'mute', seconds: 600, note: '骂人' }, ada),
  ]);
  expect(answers.filter(({ status: code }) => code === 200)).toHaveLength(1);
  expect(answers.filter(({ body: { code } }) => code === 'report_decided')).toHaveLength(2);
  const admin = (id: unknown, decision: object) => kaibo.post(`/api/admin/reports/${id}`, decision, root.headers);
  expect((await admin(all[2]?.id, { action: 'mute' })).body.code).toBe('report_action_invalid');
  expect((await admin(all[1]?.id, { action: 'delete' })).body.code).toBe('report_action_invalid');
  expect((await admin(all[1]?.id, { action: 'ban' })).body).toMatchObject({ state: 'done', decision: 'ban' });
  expect((await kaibo.post(`${path}/chat`, { text: '嗨' }, bob.headers)).body.code).toBe('banned_from_room');
  await must(admin(all[2]?.id, { action: 'resolve' }));
  expect(await queue(root, '/api/admin/reports')).toEqual([]);
  expect(await queue(root, '/api/admin/reports?state=done')).not.toEqual([]);
  const log = await kaibo.audit(root, `?subject=room:${room}&limit=500`);
  expect(log.filter(({ action }) => action === 'report.decided')).toHaveLength(3);
  const { body: told } = await must(kaibo.get('/api/notices', eve.headers));
  const outcomes = (told['notices'] as { kind: string; data: Record<string, unknown> }[]).map(({ kind, data }) => [
    kind,
    data,
  ]);
  expect(outcomes).toContainEqual([
    'moderation',
    expect.objectContaining({ what: 'report', reportId: all[1]?.id, outcome: 'done' }),
  ]);
});

test('one person makes no more than twenty reports an hour, refused ones counted', async () => {
  const { kaibo, root, eve, path } = await setUp();
  const codes: unknown[] = [];
  for (let count = 0; count < 25; count++) {
    const body = { subject: 'user', userId: root.id, reason: 'spam' };
    codes.push((await kaibo.post(`${path}/reports`, body, eve.headers)).body.code);
  }
  expect(codes[0]).toBeUndefined();
  expect(codes.slice(1, 20)).toEqual(Array.from({ length: 19 }, () => 'already_reported'));
  expect(codes.slice(20)).toEqual(Array.from({ length: 5 }, () => 'rate_limited'));
});

test('an account takes along what it asked for and leaves nothing of itself', async () => {
  const { kaibo, root, ada, bob, eve, path } = await setUp();
  await must(kaibo.post(`${path}/mutes`, { userId: bob.id, reason: '刷屏' }, ada.headers));
  await must(
    kaibo.post(`${path}/reports`, { subject: 'user', userId: eve.id, reason: 'spam', text: '私' }, bob.headers),
  );
  await must(kaibo.post(`${path}/reports`, { subject: 'user', userId: bob.id, reason: 'spam' }, eve.headers));
  const { body } = await must(kaibo.get('/api/users/me/export', bob.headers));
  expect(body['moderation']).toMatchObject({
    mutedIn: [{ channelId: ada.id, reason: '刷屏' }],
    reports: [{ subject: 'user', subjectId: eve.id, text: '私' }],
  });
  await must(kaibo.delete('/api/users/me', bob.headers, { password: 'correct horse battery' }));
  const { text } = await kaibo.get('/api/admin/reports', root.headers);
  for (const trace of [bob.id, '"bob"', '私']) expect(text).not.toContain(trace);
  expect(listOf(await kaibo.get(`${path}/mutes`, ada.headers))).toEqual([]);
});

test('somebody without account is muted by their viewer id, and reports by it', async () => {
  const kaibo = await startAccounts((config) => {
    config.access = 'open';
  });
  const ada = await kaibo.person('ada');
  const { id } = await kaibo.create({}, ada.headers);
  const path = `/api/rooms/${id}`;
  const viewer = async (): Promise<string> => String((await must(kaibo.post('/api/viewers', {}))).body['vid']);
  const [vid, other] = [await viewer(), await viewer()];
  const { body } = await must(kaibo.post(`${path}/chat`, { text: '嗨', vid }));
  const { id: messageId, person } = body['message'] as { id: string; person: string };
  expect(person).toMatch(/^viewer:/);
  const report = (by?: string) =>
    kaibo.post(`${path}/reports`, { subject: 'message', messageId, reason: 'spam', vid: by });
  expect((await report()).body.code).toBe('login_required');
  expect((await report(vid)).body.code).toBe('cannot_report_self');
  const { body: reported } = await must(report(other));
  await must(kaibo.post(`${path}/reports/${reported['id']}`, { action: 'mute' }, ada.headers));
  kaibo.wait(5000);
  expect((await kaibo.post(`${path}/chat`, { text: '嗨', vid })).body.code).toBe('muted');
  await must(kaibo.post(`${path}/chat`, { text: '嗨', vid: other }));
});

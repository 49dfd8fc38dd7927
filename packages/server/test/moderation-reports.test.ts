import { expect, test } from 'vitest';
import type { Report } from '../src/modules/moderation/contract.ts';
import { startAccounts, type Person } from './support/accounts.ts';
import { listOf, messageOf, must, setUp } from './support/moderation-scene.ts';

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

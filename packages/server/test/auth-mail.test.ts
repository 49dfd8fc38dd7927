import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PASSWORD, startAccounts, type AccountsKaibo } from './support/accounts.ts';
import { startMailSink, subjectOf, textOf } from './support/mail-sink.ts';

const NEW_PASSWORD = 'a quite different one';

const start = (url: string): Promise<AccountsKaibo> =>
  startAccounts((config) => {
    config.mail = { url, from: 'Kaibo <kaibo@example.org>' };
    config.publicUrl = 'https://live.example.org';
  });

const tokenOf = (mail = ''): string =>
  /https:\/\/live\.example\.org\/reset\?token=([\w-]+)/.exec(textOf(mail))?.[1] ?? 'no link';

test.each([
  ['zh-CN', '重置密码', '请在一小时内'],
  ['en', 'Set a new password', 'within an hour'],
])('a reset by mail in %s sets the password once and ends every login', async (language, subject, words) => {
  const sink = await startMailSink();
  const kaibo = await start(sink.url);
  const ada = await kaibo.person('ada', { email: 'Ada@Example.org', name: '艾达' });
  const other = await kaibo.login('ada');
  await kaibo.post('/api/auth/reset', { email: 'ada@example.ORG' }, { 'accept-language': language });
  await expect.poll(() => sink.mails.length).toBe(1);
  const [mail = ''] = sink.mails;
  expect(subjectOf(mail)).toContain(subject);
  expect(textOf(mail)).toContain(words);
  expect(textOf(mail)).toContain('艾达');
  expect(mail).toMatch(/^To: Ada@Example.org/im);
  const confirm = () => kaibo.post('/api/auth/reset/confirm', { token: tokenOf(mail), password: NEW_PASSWORD });
  expect((await confirm()).status).toBe(200);
  expect(await confirm()).toMatchObject({ status: 400, body: { code: 'reset_invalid' } });
  for (const token of [ada.token, String(other.body['accessToken'])])
    expect((await kaibo.get('/api/users/me', { authorization: `Bearer ${token}` })).status).toBe(401);
  expect((await kaibo.login('ada')).body.code).toBe('bad_credentials');
  expect((await kaibo.login('ada', NEW_PASSWORD)).status).toBe(200);
  expect(kaibo.log.join('')).not.toContain(tokenOf(mail));
});

test('a link is good for an hour, and only the newest one', async () => {
  const sink = await startMailSink();
  const kaibo = await start(sink.url);
  await kaibo.person('ada', { email: 'ada@example.org' });
  const ask = async (count: number): Promise<string> => {
    await kaibo.post('/api/auth/reset', { username: 'ada' });
    await expect.poll(() => sink.mails.length).toBe(count);
    return tokenOf(sink.mails[count - 1]);
  };
  const confirm = (token: string) => kaibo.post('/api/auth/reset/confirm', { token, password: NEW_PASSWORD });
  const first = await ask(1);
  const second = await ask(2);
  expect((await confirm(first)).body.code).toBe('reset_invalid');
  kaibo.wait(3_600_000);
  expect((await confirm(second)).body.code).toBe('reset_invalid');
  const third = await ask(3);
  kaibo.wait(3_599_000);
  expect((await confirm(third)).status).toBe(200);
});

test('an account that does not exist is answered the same and sent nothing; mails to one that does are few', async () => {
  const sink = await startMailSink();
  const kaibo = await start(sink.url);
  await kaibo.person('ada', { email: 'ada@example.org' });
  await kaibo.person('mailless');
  const answer = async (body: object): Promise<unknown[]> => {
    const { status, text, headers } = await kaibo.post('/api/auth/reset', body);
    return [status, text, [...headers.keys()].toSorted()];
  };
  const known = await answer({ username: 'ada' });
  for (const body of [{ username: 'nobody' }, { username: 'mailless' }, { email: 'nobody@example.org' }])
    expect(await answer(body)).toEqual(known);
  for (let ask = 0; ask < 6; ask++) await answer({ username: 'ada' });
  // All that was asked for is sent before the platform has stopped.
  await kaibo.kaibo.stop();
  expect(sink.mails.map((mail) => /^To: (.*)$/m.exec(mail)?.[1]?.trim())).toEqual(
    Array.from({ length: 3 }, () => 'ada@example.org'),
  );
});

test('while the mail server is away everybody is answered at once, and after a few it is not tried', async () => {
  let tried = 0;
  const deaf = createServer((socket) => {
    tried++;
    socket.destroy();
  });
  deaf.listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  onTestFinished(() => void deaf.close());
  const kaibo = await start(`smtp://127.0.0.1:${(deaf.address() as AddressInfo).port}`);
  const people = Array.from({ length: 8 }, (_, index) => `person${index}`);
  for (const name of people) await kaibo.person(name, { email: `${name}@example.org` });
  const mailState = async (): Promise<unknown> => (await kaibo.get('/readyz')).body['breakers'];
  expect(await mailState()).toMatchObject({ mail: 'closed' });
  const ask = async (username: string): Promise<void> => {
    const before = tried;
    expect(await kaibo.post('/api/auth/reset', { username })).toMatchObject({ status: 200, body: { success: true } });
    const failures = (): number => kaibo.log.filter((line) => line.includes('was not sent')).length;
    await expect.poll(failures).toBe(people.indexOf(username) + 1);
    expect(tried - before).toBeLessThanOrEqual(1);
  };
  for (const name of people) await ask(name);
  expect(await mailState()).toMatchObject({ mail: 'open' });
  expect(tried).toBeLessThan(people.length);
  expect((await kaibo.get('/readyz')).status).toBe(200);
  expect((await kaibo.login('person0', PASSWORD)).status).toBe(200);
});

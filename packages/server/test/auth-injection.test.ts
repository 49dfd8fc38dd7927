import { expect, test } from 'vitest';
import { PASSWORD, startAccounts, type AccountsKaibo, type Person } from './support/accounts.ts';
import { onEveryDatabase } from './support/databases.ts';
import type { Answer } from './harness.ts';

const ATTEMPTS = {
  SQL: `'; drop table users; --`,
  'SQL in a comment': `x"/**/or/**/1=1`,
  CRLF: 'x\r\nSet-Cookie: kaibo_access=evil',
  NUL: 'before\0after',
  HTML: '<img src=x onerror=alert(1)>',
  'an entity': '&lt;b&gt;&amp;',
  'right to left': 'abc\u202Etxt.exe',
  confusable: 'аdа',
  'a pattern': '%_\\%',
  'a template': '${7*7}{{7*7}}',
  'a prototype': '__proto__',
  'a path': '../../etc/passwd',
  'very long': 'x'.repeat(10_000),
};

interface Scene {
  kaibo: AccountsKaibo;
  boss: Person;
  ada: Person;
}

/** Every text that is kept, and where it is shown afterwards. */
const KEPT: Record<string, (scene: Scene, text: string) => Promise<[Answer, unknown]>> = {
  'user name': async ({ kaibo }, username) => {
    const answer = await kaibo.post('/api/auth/register', { username, password: PASSWORD });
    return [answer, (answer.body['user'] as { username?: string } | undefined)?.username];
  },
  'shown name at registration': async ({ kaibo }, name) => {
    const username = `new-${Math.random().toString(36).slice(2)}`;
    const answer = await kaibo.post('/api/auth/register', { username, password: PASSWORD, name });
    return [answer, (answer.body['user'] as { name?: string } | undefined)?.name];
  },
  'name of an API key': async ({ kaibo, ada }, name) => {
    const answer = await kaibo.post('/api/auth/keys', { name, scopes: ['rooms:read'] }, ada.headers);
    return [answer, answer.body['name']];
  },
  'reason of a ban': async ({ kaibo, boss }, reason) => {
    const { id } = await kaibo.person(`ban-${Math.random().toString(36).slice(2)}`);
    const banned = await kaibo.post(`/api/admin/users/${id}/ban`, { reason }, boss.headers);
    return [banned, banned.body['banReason']];
  },
  ...Object.fromEntries(
    ['name', 'bio', 'avatar', 'email'].map((field) => [
      field,
      async ({ kaibo, ada }: Scene, text: string): Promise<[Answer, unknown]> => {
        const answer = await kaibo.put('/api/users/me', { [field]: text }, ada.headers);
        return [answer, (await kaibo.get('/api/users/me', ada.headers)).body[field]];
      },
    ]),
  ),
};

/** What is looked for only. */
const ASKED: Record<string, (scene: Scene, text: string) => Promise<Answer>> = {
  'login name': ({ kaibo }, text) => kaibo.login(text),
  'login by a mail address': ({ kaibo }, text) => kaibo.login(`${text}@example.org`),
  password: ({ kaibo }, text) => kaibo.login('ada', text, { 'x-forwarded-for': '198.51.100.1' }),
  'set-up token': ({ kaibo }, setupToken) =>
    kaibo.post('/api/auth/register', { username: 'ada', password: PASSWORD, setupToken }),
  'reset by name': ({ kaibo }, username) => kaibo.post('/api/auth/reset', { username }),
  'reset by mail': ({ kaibo }, email) => kaibo.post('/api/auth/reset', { email }),
  'reset token': ({ kaibo }, token) => kaibo.post('/api/auth/reset/confirm', { token, password: PASSWORD }),
  'refresh token': ({ kaibo }, text) => kaibo.post('/api/auth/refresh', { refreshToken: `${text}.${text}` }),
  'refresh cookie': ({ kaibo }, text) =>
    kaibo.post('/api/auth/refresh', {}, { cookie: `kaibo_refresh=${encodeURIComponent(text.slice(0, 3000))}.x` }),
  'logout cookie': ({ kaibo }, text) =>
    kaibo.post('/api/auth/logout', {}, { cookie: `kaibo_refresh=${encodeURIComponent(text.slice(0, 3000))}.x` }),
  profile: ({ kaibo }, text) => kaibo.get(`/api/users/${encodeURIComponent(text.slice(0, 3000))}`),
  follow: ({ kaibo, ada }, text) =>
    kaibo.post(`/api/users/${encodeURIComponent(text.slice(0, 3000))}/follow`, {}, ada.headers),
  session: ({ kaibo, ada }, text) =>
    kaibo.delete(`/api/auth/sessions/${encodeURIComponent(text.slice(0, 3000))}`, ada.headers),
  'key id': ({ kaibo, ada }, text) =>
    kaibo.delete(`/api/auth/keys/${encodeURIComponent(text.slice(0, 3000))}`, ada.headers),
  'search for users': ({ kaibo, boss }, text) =>
    kaibo.get(`/api/admin/users?q=${encodeURIComponent(text.slice(0, 3000))}`, boss.headers),
  ...Object.fromEntries(
    ['actor', 'action', 'subject'].map((field) => [
      `audit by ${field}`,
      ({ kaibo, boss }: Scene, text: string): Promise<Answer> =>
        kaibo.get(`/api/admin/audit?${field}=${encodeURIComponent(text.slice(0, 3000))}`, boss.headers),
    ]),
  ),
};

onEveryDatabase('text that would like to be something else', (_, databases) => {
  test('is kept as it is or refused, everywhere, and does nothing', async () => {
    const { url } = await databases.options();
    const kaibo = await startAccounts((config) => (config.database.url = url));
    const scene = { kaibo, boss: await kaibo.person('boss'), ada: await kaibo.person('ada') };
    for (const [how, text] of Object.entries(ATTEMPTS)) {
      for (const [field, keep] of Object.entries(KEPT)) {
        const [answer, shown] = await keep(scene, text);
        const place = `${how} as ${field}: ${answer.status} ${answer.text.slice(0, 200)}`;
        // What turns the direction of the rest is left out.
        if (answer.status < 300) expect([place, shown]).toEqual([place, text.replace('\u202E', '')]);
        else expect([place, answer.status, answer.body.error]).toEqual([place, 400, expect.any(String)]);
        expect(answer.headers.get('content-type')).toContain('application/json');
      }
      for (const [field, ask] of Object.entries(ASKED)) {
        const answer = await ask(scene, text);
        const place = `${how} as ${field}: ${answer.status} ${answer.text.slice(0, 200)}`;
        expect([place, [200, 400, 401, 404, 409, 414, 429].includes(answer.status)]).toEqual([place, true]);
        expect(answer.headers.getSetCookie().join()).not.toContain('evil');
      }
      kaibo.wait(60_000);
      const renewed = await kaibo.login('boss');
      scene.boss.headers['authorization'] = `Bearer ${String(renewed.body['accessToken'])}`;
      const adas = await kaibo.login('ada', PASSWORD, { 'x-forwarded-for': '203.0.113.9' });
      scene.ada.headers['authorization'] = `Bearer ${String(adas.body['accessToken'])}`;
    }
    expect((await kaibo.get('/api/users/ada')).status).toBe(200);
    expect(kaibo.log.filter((line) => line.includes('request failed'))).toEqual([]);
  }, 60_000);
});

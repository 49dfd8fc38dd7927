import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from '@node-rs/argon2';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { connectDatabase } from '../src/database/database.ts';
import { connect, tempFolder } from './harness.ts';
import { cookiesOf, PASSWORD, personOf, startAccounts, type AccountsKaibo } from './support/accounts.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(part = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
}

function sign(header: object, claims: object, key: Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

/** How each door answers a token: the API, and the sockets before they are opened. */
async function doors(kaibo: AccountsKaibo, token: string): Promise<unknown[]> {
  const { status, body, text } = await kaibo.get('/api/users/me', { authorization: `Bearer ${token}` });
  expect(text).not.toMatch(/\bat .+:\d+:\d+/);
  const upgrade = (path: string): Promise<string> =>
    connect(kaibo.base, {}, `${path}?token=${encodeURIComponent(token)}`).then(
      () => 'open',
      (error: Error) => /\d{3}/.exec(error.message)?.[0] ?? error.message,
    );
  return [status, body.code, await upgrade('/ws'), await upgrade('/signaling')];
}

const refusedAs = (code: string): unknown[] => [401, code, '401', '401'];

test('forged tokens open no door', async () => {
  const dataDir = tempFolder();
  const kaibo = await startAccounts(undefined, dataDir);
  const { token } = await kaibo.person('ada');
  const [head, middle, tail] = token.split('.');
  const [header, claims] = [decode(head), decode(middle)];
  const [own] = JSON.parse(readFileSync(join(dataDir, 'token-keys.json'), 'utf8')) as { value: string }[];
  const key = Buffer.from(own?.value ?? '', 'base64url');
  // The test signs as the platform does, so that what is refused below is refused for what it says.
  expect(await doors(kaibo, sign(header, claims, key))).toEqual([200, undefined, 'open', 'open']);
  const forged = {
    unsigned: `${encode({ ...header, alg: 'none' })}.${middle}.`,
    'unsigned in capitals': `${encode({ ...header, alg: 'NONE' })}.${middle}.`,
    'another key': sign(header, claims, Buffer.alloc(32, 1)),
    'an empty key': sign(header, claims, Buffer.alloc(0)),
    'an unknown key': sign({ ...header, kid: 'nobody' }, claims, key),
    'another algorithm': sign({ ...header, alg: 'HS512' }, claims, key),
    'another subject': `${head}.${encode({ ...claims, sub: 'somebody' })}.${tail}`,
    'another subject, signed': sign(header, { ...claims, sub: 'somebody' }, key),
    'another type': sign({ ...header, typ: 'JWT' }, claims, key),
    'another issuer': sign(header, { ...claims, iss: 'evil' }, key),
    'another audience': sign(header, { ...claims, aud: 'evil' }, key),
    'no end': sign(header, { ...claims, exp: undefined }, key),
    'no login': sign(header, { ...claims, sid: 'x' }, key),
    'SQL for a login': sign(header, { ...claims, sid: "' or 1=1 --" }, key),
    'not JSON': `${Buffer.from('{').toString('base64url')}.${middle}.${tail}`,
    'cut off': token.slice(0, -4),
    'an API key': `kbk_${'x'.repeat(43)}`,
  };
  for (const [how, value] of Object.entries(forged))
    expect([how, await doors(kaibo, value)]).toEqual([how, refusedAs('invalid_token')]);
});

test('a token that is over is told apart, so that clients renew it', async () => {
  const kaibo = await startAccounts();
  const { token } = await kaibo.person('ada');
  expect(await doors(kaibo, token)).toEqual([200, undefined, 'open', 'open']);
  kaibo.wait(15 * 60_000 + 1000);
  expect(await doors(kaibo, token)).toEqual(refusedAs('token_expired'));
});

test('the token of a login that has ended is refused when it is played again', async () => {
  const kaibo = await startAccounts();
  await kaibo.person('ada');
  const login = await kaibo.login('ada');
  const { token, headers } = personOf(login);
  expect(await doors(kaibo, token)).toEqual([200, undefined, 'open', 'open']);
  await kaibo.post('/api/auth/logout', {}, headers);
  expect(await doors(kaibo, token)).toEqual(refusedAs('invalid_token'));
  expect((await kaibo.post('/api/auth/refresh', {}, { cookie: cookiesOf(login) })).status).toBe(401);
});

test('tokens stay good while the key is replaced, and one of a key that is gone is refused', async () => {
  const kaibo = await startAccounts();
  const boss = await kaibo.person('boss');
  await kaibo.post('/api/admin/token-keys/rotate', {}, boss.headers);
  expect(await doors(kaibo, boss.token)).toEqual([200, undefined, 'open', 'open']);
  const renewed = personOf(await kaibo.login('boss'));
  expect(decode(renewed.token.split('.')[0])['kid']).not.toBe(decode(boss.token.split('.')[0])['kid']);
  expect(await doors(kaibo, renewed.token)).toEqual([200, undefined, 'open', 'open']);
  const audit = await kaibo.audit(renewed, '?action=token_key.rotated');
  expect(audit).toMatchObject([{ actor: `user:${boss.id}`, subject: 'token-keys', details: {} }]);
});

test('a login makes a password that was hashed weakly as strong as a new one', async () => {
  const dataDir = tempFolder();
  const kaibo = await startAccounts(undefined, dataDir);
  const ada = await kaibo.person('ada');
  await kaibo.kaibo.stop();
  const options = { folder: dataDir, poolSize: 1, statementTimeoutMs: 5000, logger: pino({ level: 'silent' }) };
  const open = async () => {
    const { database, close } = await connectDatabase(options);
    onTestFinished(close);
    return { users: database, close };
  };
  const before = await open();
  const weak = await hash(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
  await before.users.updateTable('users').set({ password_hash: weak }).where('id', '=', ada.id).execute();
  await before.close();
  const again = await startAccounts(undefined, dataDir);
  expect((await again.login('ada', 'not the password')).status).toBe(401);
  expect((await again.login('ada')).status).toBe(200);
  expect((await again.login('ada')).status).toBe(200);
  await again.kaibo.stop();
  const after = await open();
  const row = await after.users.selectFrom('users').select('password_hash').executeTakeFirstOrThrow();
  expect(row.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

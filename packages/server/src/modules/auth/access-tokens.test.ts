import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { AccessTokens } from './access-tokens.ts';
import type { KeySource } from './key-sources.ts';
import { KeyRing, type SecretKey } from './keyring.ts';

const LIFE_S = 900;
const START_MS = 1_800_000_000_000;

/** What several nodes would share. */
function sharedKeys(): KeySource {
  let keys: SecretKey[] = [];
  return {
    canRotate: true,
    load: async (make) => (keys = keys.length === 0 ? [make()] : keys),
    add: async (key, { retires }) => {
      keys = [key, ...keys.map((old) => (old.id === retires ? { ...old, retiredAtMs: key.createdAtMs } : old))];
      return true;
    },
  };
}

async function node(source: KeySource, now: () => number): Promise<{ keys: KeyRing; tokens: AccessTokens }> {
  const keys = new KeyRing({ source, keepRetiredMs: LIFE_S * 1000, now, onRotated: async () => {} });
  await keys.start(() => {});
  keys.stop();
  return { keys, tokens: new AccessTokens({ keys, lifeSeconds: LIFE_S, now }) };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part = ''): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;

/** Changes a good token's parts and signs the result with `key`, or leaves the signature as it was. */
function forge(
  token: string,
  { header = {}, claims = {}, key }: { header?: object; claims?: object; key?: Buffer },
): string {
  const [head, body, signature] = token.split('.');
  const content = `${encode({ ...decode(head), ...header })}.${encode({ ...decode(body), ...claims })}`;
  return `${content}.${key === undefined ? signature : createHmac('sha256', key).update(content).digest('base64url')}`;
}

test('a good token says who and in which login, until it ends', async () => {
  let nowMs = START_MS;
  const { tokens } = await node(sharedKeys(), () => nowMs);
  const { token, expiresIn } = await tokens.issue({ userId: 'u1', sessionId: 's1' });
  const claims = { userId: 'u1', sessionId: 's1', expiresAtMs: START_MS + LIFE_S * 1000 };
  expect(expiresIn).toBe(LIFE_S);
  expect(await tokens.verify(token)).toEqual(claims);
  nowMs += LIFE_S * 1000 - 1000;
  expect(await tokens.verify(token)).toEqual(claims);
  nowMs += 1000;
  // Remembered here, new to the other node: over for both.
  await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
});

test.each<[string, (good: string, key: Buffer) => string, string?]>([
  [
    'alg none',
    (good) =>
      `${forge(good, { header: { alg: 'none' } })
        .split('.')
        .slice(0, 2)
        .join('.')}.`,
  ],
  ['alg none with the old signature', (good) => forge(good, { header: { alg: 'none' } })],
  ['another algorithm', (good, key) => forge(good, { header: { alg: 'HS512' }, key })],
  ['another key', (good) => forge(good, { key: Buffer.alloc(32, 7) })],
  ['an empty key', (good) => forge(good, { key: Buffer.alloc(0) })],
  ['a changed user', (good) => forge(good, { claims: { sub: 'admin' } })],
  ['another audience', (good, key) => forge(good, { claims: { aud: 'elsewhere' }, key })],
  ['another issuer', (good, key) => forge(good, { claims: { iss: 'elsewhere' }, key })],
  ['another type', (good, key) => forge(good, { header: { typ: 'JWT' }, key })],
  ['a key id that nobody knows', (good, key) => forge(good, { header: { kid: 'nobody' }, key })],
  ['no key id', (good, key) => forge(good, { header: { kid: undefined }, key })],
  ['a path as key id', (good, key) => forge(good, { header: { kid: '../../etc/passwd' }, key })],
  ['a key in its header', (good) => forge(good, { header: { jwk: { kty: 'oct', k: 'AAAA' } }, key: Buffer.alloc(3) })],
  ['no login', (good, key) => forge(good, { claims: { sid: undefined }, key })],
  ['a login that is a number', (good, key) => forge(good, { claims: { sid: 7 }, key })],
  ['no user', (good, key) => forge(good, { claims: { sub: undefined }, key })],
  ['no end', (good, key) => forge(good, { claims: { exp: undefined }, key })],
  ['an end that was', (good, key) => forge(good, { claims: { exp: START_MS / 1000 - 1 }, key }), 'token_expired'],
  ['a cut signature', (good) => good.slice(0, -4)],
  ['no signature', (good) => `${good.split('.').slice(0, 2).join('.')}.`],
  ['two parts', (good) => good.split('.').slice(0, 2).join('.')],
  ['four parts', (good) => `${good}.x`],
  ['garbage', () => 'garbage'],
  ['dots', () => '..'],
  ['nothing', () => ''],
])('a token with %s is refused', async (_name, change, code = 'invalid_token') => {
  const { keys, tokens } = await node(sharedKeys(), () => START_MS);
  const { token } = await tokens.issue({ userId: 'u1', sessionId: 's1' });
  await expect(tokens.verify(change(token, keys.current().value))).rejects.toMatchObject({ code });
});

test('the forger of the table forges well: with the right key and nothing changed its tokens are good', async () => {
  const { keys, tokens } = await node(sharedKeys(), () => START_MS);
  const { token } = await tokens.issue({ userId: 'u1', sessionId: 's1' });
  const forged = forge(token, { claims: { sub: 'u2' }, key: keys.current().value });
  expect(await tokens.verify(forged)).toMatchObject({ userId: 'u2' });
});

test('after a rotation old tokens live on, new ones are believed by nodes that did not hear of it, and the old key ends', async () => {
  let nowMs = START_MS;
  const source = sharedKeys();
  const one = await node(source, () => nowMs);
  const two = await node(source, () => nowMs);
  const old = await one.tokens.issue({ userId: 'u1', sessionId: 's1' });
  nowMs += 3000;
  expect(await one.keys.rotate('operator')).toBe(true);
  const fresh = await one.tokens.issue({ userId: 'u1', sessionId: 's1' });
  expect(decode(fresh.token.split('.')[0])['kid']).not.toBe(decode(old.token.split('.')[0])['kid']);
  expect(await two.tokens.verify(fresh.token)).toMatchObject({ userId: 'u1' });
  expect(await two.tokens.verify(old.token)).toMatchObject({ userId: 'u1' });
  const oldKey = one.keys.current().id === decode(old.token.split('.')[0])['kid'];
  expect(oldKey).toBe(false);
  nowMs += LIFE_S * 1000;
  expect(await one.keys.find(String(decode(old.token.split('.')[0])['kid']))).toBeUndefined();
});

test('keys that nobody knows are looked for at most once in a while', async () => {
  let nowMs = START_MS;
  let loads = 0;
  const shared = sharedKeys();
  const counted: KeySource = {
    ...shared,
    load: async (make) => {
      loads++;
      return shared.load(make);
    },
  };
  const { keys } = await node(counted, () => nowMs);
  nowMs += 10_000;
  loads = 0;
  for (let index = 0; index < 100; index++) expect(await keys.find(`unknown-${index}`)).toBeUndefined();
  expect(loads).toBe(1);
});

import { hash } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { assertGoodPassword, Passwords } from './passwords.ts';

const GOOD = 'correct horse battery';

test('a password is kept as argon2id with the parameters of OWASP, and compared', async () => {
  const passwords = new Passwords();
  const phc = await passwords.hash(GOOD);
  expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify(phc, GOOD)).toBe(true);
  expect(await passwords.verify(phc, `${GOOD} `)).toBe(false);
  expect(await passwords.hash(GOOD)).not.toBe(phc);
  expect(passwords.isOutdated(phc)).toBe(false);
});

test('a hash of weaker parameters still compares, and says that it is outdated', async () => {
  const passwords = new Passwords();
  const weak = await hash(GOOD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
  expect(await passwords.verify(weak, GOOD)).toBe(true);
  expect(passwords.isOutdated(weak)).toBe(true);
});

test('an unknown account is compared with as much work, and is never right', async () => {
  const passwords = new Passwords();
  await passwords.prepare();
  const phc = await passwords.hash(GOOD);
  const timed = async (known: string | undefined, password: string): Promise<number> => {
    const startMs = performance.now();
    expect(await passwords.verify(known, password)).toBe(false);
    return performance.now() - startMs;
  };
  // The machine's load comes and goes; the fastest of several is the work itself.
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 8; round++) {
    known.push(await timed(phc, 'wrong'));
    unknown.push(await timed(undefined, 'a password of nobody'));
  }
  const ratio = Math.min(...unknown) / Math.min(...known);
  expect(ratio).toBeGreaterThan(0.5);
  expect(ratio).toBeLessThan(2);
});

test('a storm of logins is bounded: some wait, the rest are told to come back', async () => {
  const passwords = new Passwords();
  const phc = await passwords.hash(GOOD);
  const outcomes = await Promise.allSettled(Array.from({ length: 400 }, () => passwords.verify(phc, GOOD)));
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(200);
  expect(refused.length).toBeGreaterThan(100);
  expect(refused).toEqual(
    refused.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'overloaded' }) })),
  );
  expect(await passwords.verify(phc, GOOD)).toBe(true);
}, 60_000);

test.each([
  ['password123', 'ada'],
  ['PassWord123', 'ada'],
  ['aaaaaaaaaaaa', 'ada'],
  ['ababababab', 'ada'],
  ['ada-lovelace', 'ada-lovelace'],
  ['xADA-lovelacex', 'ada-lovelace'],
  ['ＡＤＡ-lovelace', 'ada-lovelace'],
])('%s is too weak for %s', (password, username) => {
  expect(() => assertGoodPassword(password, username)).toThrow(expect.objectContaining({ code: 'weak_password' }));
});

test.each([
  [GOOD, 'ada'],
  ['正确的马电池订书钉', '阿达'],
])('%s is good enough for %s', (password, username) => {
  expect(() => assertGoodPassword(password, username)).not.toThrow();
});

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RealBeacons } from './beacons.ts';
import { Drand } from './drand.ts';

/** Round 1000 of quicknet, as https://api.drand.sh says it. */
const ROUND = {
  round: 1000,
  randomness: 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd',
  signature: 'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
};
const never = new AbortController().signal;

/** What each host says, in the order in which they are asked. */
function drandOf(...answers: (() => Response)[]) {
  const asked: { url: string; redirect: string | undefined }[] = [];
  const drand = new Drand(async (url, init) => {
    asked.push({ url: String(url), redirect: init?.redirect });
    const answer = answers[asked.length - 1];
    if (answer === undefined) throw new TypeError('fetch failed');
    return answer();
  });
  return { drand, asked };
}

test('a round is asked for at fixed addresses, and fits its signature', async () => {
  const { drand, asked } = drandOf(() => Response.json(ROUND));
  expect(await drand.round(1000, never)).toEqual({ signature: ROUND.signature, value: ROUND.randomness });
  expect(asked).toEqual([{ url: `https://api.drand.sh/${drand.chain}/public/1000`, redirect: 'error' }]);
});

test('a host that fails or says what does not fit is passed over', async () => {
  const { drand, asked } = drandOf(
    () => Response.json({ ...ROUND, randomness: '0'.repeat(64) }),
    () => new Response('no', { status: 500 }),
    () => Response.json(ROUND),
  );
  expect(await drand.round(1000, never)).toMatchObject({ value: ROUND.randomness });
  expect(asked.map(({ url }) => new URL(url).protocol)).toEqual(['https:', 'https:', 'https:']);
});

test.each([
  ['another round', () => Response.json({ ...ROUND, round: 999 })],
  ['an endless answer', () => new Response(' '.repeat(100_000))],
  ['no JSON', () => new Response('<html>')],
])('%s is no answer', async (_name, answer) => {
  await expect(drandOf(answer, answer, answer).drand.round(1000, never)).rejects.toThrow('is not to be had');
});

test('the round is fixed with the end; by hand, or without drand, the delay decides', async () => {
  const nowMs = 1_800_000_000_000;
  const beacons = (beacon: 'auto' | 'drand' | 'delay', drand: Drand) =>
    new RealBeacons({
      ...{ drand, logger: pino({ level: 'silent' }), now: () => nowMs },
      options: { beacon, delayIterations: 64 },
    });
  const { drand, asked } = drandOf();
  const planned = await beacons('drand', drand).plan(nowMs);
  if (planned.kind !== 'drand') throw new Error('another beacon');
  expect(drand.timeOf(planned.round)).toBeGreaterThanOrEqual(nowMs + 10_000);
  expect(drand.timeOf(planned.round - 1)).toBeLessThan(nowMs + 10_000);
  const delay = { kind: 'delay', iterations: 64 };
  expect(await beacons('drand', drand).plan(undefined)).toEqual(delay);
  expect(await beacons('delay', drand).plan(nowMs)).toEqual(delay);
  expect(asked).toEqual([]);
  const auto = beacons('auto', drand);
  expect(await auto.plan(nowMs)).toEqual(delay);
  expect(await auto.plan(nowMs)).toEqual(delay);
  expect(asked).toHaveLength(3);
});

import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { DrandRelay, FIRST_ROUND, LAST_ROUND, type Manner } from '../../../../test/support/drand-relay.ts';
import { RealBeacons, type BeaconOptions } from './beacons.ts';
import { Drand } from './drand.ts';
import { LotteryMetrics } from './metrics.ts';
import { isSigned } from './quicknet.ts';

/** Curves are slow where much else runs. */
vi.setConfig({ testTimeout: 120_000 });
const never = new AbortController().signal;

async function relays(count: number, timeoutMs = 60_000) {
  const started = await Promise.all(Array.from({ length: count }, () => DrandRelay.start()));
  onTestFinished(async () => void (await Promise.all(started.map((relay) => relay[Symbol.asyncDispose]()))));
  const drand = new Drand({ hosts: started.map(({ url }) => url), fetch, timeoutMs });
  return { started, drand };
}

test('what the League of Entropy signed is known from what it did not', async () => {
  const { drand } = await relays(1);
  const { signature, value } = await drand.round(FIRST_ROUND, never);
  // As https://api.drand.sh says it.
  expect(value).toBe('fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd');
  expect(isSigned(FIRST_ROUND, signature)).toBe(true);
  expect(isSigned(FIRST_ROUND + 1, signature)).toBe(false);
  for (const point of ['00'.repeat(48), 'ff'.repeat(48), `c0${'00'.repeat(47)}`, ''])
    expect(isSigned(FIRST_ROUND, point)).toBe(false);
});

const MANNERS: Manner[] = [
  ...(['not yet', 'failing', 'hanging', 'huge', 'no JSON', 'other round', 'not its hash', 'unsigned', 'away'] as const),
];

test('a relay that fails, hangs, or says what does not fit is passed over', async () => {
  const { started, drand } = await relays(2);
  const [bad, good] = started;
  if (bad === undefined || good === undefined) throw new Error('there is no relay');
  await Promise.all(
    MANNERS.map(async (manner) => {
      const { started: one, drand: only } = await relays(1, manner === 'hanging' ? 500 : undefined);
      one[0]?.next(manner);
      // The one before it was signed, too, but it is another one.
      await expect(only.round(FIRST_ROUND + 1, never), manner).rejects.toThrow('is not to be had');
    }),
  );
  bad.next('failing');
  expect(await drand.round(FIRST_ROUND, never)).toMatchObject({ value: expect.stringMatching(/^fe290b/) as unknown });
  expect([bad.asked, good.asked]).toEqual([[FIRST_ROUND], [FIRST_ROUND]]);
});

test('the round is fixed with the end; by hand, or without drand, the delay decides', async () => {
  const { started, drand } = await relays(1);
  let nowMs = drand.timeOf(FIRST_ROUND + 2);
  const beacons = (beacon: BeaconOptions['beacon']) =>
    new RealBeacons({
      ...{ drand, logger: pino({ level: 'silent' }), now: () => nowMs, metrics: new LotteryMetrics() },
      options: { beacon, delayIterations: 64, drandHosts: [] },
      reachWaitMs: 60_000,
    });
  const planned = await beacons('drand').plan(nowMs);
  if (planned.kind !== 'drand') throw new Error('another beacon');
  expect(drand.timeOf(planned.round)).toBeGreaterThanOrEqual(nowMs + 10_000);
  expect(drand.timeOf(planned.round - 1)).toBeLessThan(nowMs + 10_000);
  const delay = { kind: 'delay', iterations: 64 };
  expect(await beacons('drand').plan(undefined)).toEqual(delay);
  expect(await beacons('delay').plan(nowMs)).toEqual(delay);
  expect(started[0]?.asked).toEqual([]);

  // Whether drand can be reached is asked once for all that begin within the minute.
  started[0]?.next('away');
  const auto = beacons('auto');
  expect(await Promise.all([auto.plan(nowMs), auto.plan(nowMs)])).toEqual([delay, delay]);
  expect(await auto.plan(undefined)).toEqual(delay);
  expect(started[0]?.asked).toEqual([FIRST_ROUND]);
  nowMs += 60_000;
  expect(await auto.plan(nowMs)).toEqual(delay);
  expect(started[0]?.asked).toHaveLength(2);
  expect(await beacons('auto').plan(drand.timeOf(LAST_ROUND))).toEqual(delay);
  nowMs = drand.timeOf(LAST_ROUND + 2);
  expect(await beacons('auto').plan(nowMs)).toMatchObject({ kind: 'drand', chain: drand.chain });
});

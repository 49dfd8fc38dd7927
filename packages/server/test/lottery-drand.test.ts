// A lottery that public randomness decides, from a relay of drand that misbehaves in every way, at the time of rounds that
// are known.
import { expect, onTestFinished, test, vi } from 'vitest';
import { verifyLottery } from '../../../docs/lottery-verify.mjs';
import type { Config } from '../src/app/config.ts';
import type { Lottery, LotteryProof } from '../src/modules/interact/lottery/contract.ts';
import { startTest } from './harness.ts';
import { People } from './rooms-people.ts';
import { DrandRelay, FIRST_ROUND, LAST_ROUND, type Manner } from './support/drand-relay.ts';

const [GENESIS_MS, PERIOD_MS] = [1_692_803_367_000, 3000];
const timeOf = (round: number): number => GENESIS_MS + (round - 1) * PERIOD_MS;
/** The round that decides a lottery of ten seconds comes ten seconds after its end. */
const [DURATION_SECONDS, MARGIN_MS] = [10, 10_000];
const LONG = { timeout: 60_000, interval: 20 };
vi.setConfig({ testTimeout: 120_000 });

async function startRoom(nowMs: number, beacon: Config['lottery']['beacon']) {
  const relay = await DrandRelay.start();
  onTestFinished(() => relay[Symbol.asyncDispose]());
  const people = new People();
  const host = people.add('host');
  const kaibo = await startTest({
    ...{ authenticator: people, users: people, now: () => nowMs },
    change: (config) => {
      config.lottery = { beacon, delayIterations: 64, drandHosts: [relay.url] };
      config.limits.writePerMinute = 10_000;
    },
  });
  const room = await kaibo.create({}, host.headers);
  const post = (path: string, body: unknown, { headers } = host) => kaibo.call(path, { method: 'POST', body, headers });
  const begin = async (): Promise<Lottery> => {
    const input = { prize: '一等奖', winners: 1, durationSeconds: DURATION_SECONDS };
    const answer = await post(`/api/rooms/${room.id}/lotteries`, input);
    expect(answer.status).toBe(201);
    return answer.body as unknown as Lottery;
  };
  const status = async (id: string) => (await kaibo.call(`/api/lotteries/${id}`)).body['status'];
  const measured = async (name: string): Promise<string[]> => {
    const text = await (await fetch(`http://localhost:${kaibo.kaibo.ports.metrics}/metrics`)).text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  return { ...kaibo, relay, people, room, post, begin, status, measured, wait: (ms: number) => void (nowMs += ms) };
}

test('a relay that misbehaves is asked again until it says what was signed, and the proof shows it', async () => {
  const round = FIRST_ROUND + 8;
  const kaibo = await startRoom(timeOf(round) - MARGIN_MS - DURATION_SECONDS * 1000, 'drand');
  const { id, beacon } = await kaibo.begin();
  expect(beacon).toMatchObject({ kind: 'drand', round });
  for (const name of ['one', 'two', 'three'])
    expect((await kaibo.post(`/api/lotteries/${id}/join`, {}, kaibo.people.add(name))).status).toBe(200);
  expect(await kaibo.measured('kaibo_lotteries_open')).toEqual(['kaibo_lotteries_open 1']);
  kaibo.wait(DURATION_SECONDS * 1000);
  await expect.poll(() => kaibo.status(id), LONG).toBe('closed');
  const nudge = () => kaibo.post(`/api/lotteries/${id}/draw`, {});
  kaibo.wait(MARGIN_MS - 1);
  await nudge();
  expect(kaibo.relay.asked).toEqual([]);

  const manners: Manner[] = ['not yet', 'unsigned', 'huge'];
  kaibo.relay.next(...manners);
  kaibo.wait(1);
  await nudge();
  for (const [index, manner] of manners.entries()) {
    await expect.poll(() => kaibo.relay.asked.length, LONG).toBe(index + 1);
    const failures = `kaibo_lottery_beacon_failures_total{beacon="drand"} ${index + 1}`;
    await expect.poll(() => kaibo.measured('kaibo_lottery_beacon_failures'), LONG).toEqual([failures]);
    expect(await kaibo.status(id), manner).toBe('closed');
    // The pause before it is asked again.
    kaibo.wait(4000);
    await nudge();
  }
  await expect.poll(() => kaibo.status(id), LONG).toBe('drawn');
  expect(kaibo.relay.asked).toEqual(Array.from({ length: manners.length + 1 }, () => round));

  const proof = JSON.parse((await kaibo.call(`/api/lotteries/${id}/proof`)).text) as LotteryProof;
  expect(verifyLottery(proof)).toHaveLength(1);
  const changed = (change: object): LotteryProof => ({ ...proof, beacon: { ...proof.beacon, ...change } as never });
  expect(() => verifyLottery(changed({ round: round - 1 }))).toThrow('the beacon is not the one that the terms name');
  expect(() => verifyLottery(changed({ value: 'ab' }))).toThrow('the randomness of the drand round');
  expect(() => verifyLottery({ ...proof, closedAt: timeOf(round) })).toThrow('known before the entries were closed');
  expect(await kaibo.measured('kaibo_lotteries_ended_total')).toEqual([
    'kaibo_lotteries_ended_total{outcome="drawn"} 1',
  ]);
  expect(await kaibo.measured('kaibo_lottery_entries_total')).toEqual(['kaibo_lottery_entries_total 3']);
});

test('entries that could be closed only when the round was known lead to nobody', async () => {
  const kaibo = await startRoom(timeOf(LAST_ROUND) - MARGIN_MS - DURATION_SECONDS * 1000, 'drand');
  const { id } = await kaibo.begin();
  await kaibo.post(`/api/lotteries/${id}/join`, {}, kaibo.people.add('one'));
  // As after an outage of the platform.
  kaibo.wait(DURATION_SECONDS * 1000 + MARGIN_MS);
  await expect.poll(() => kaibo.status(id), LONG).toBe('cancelled');
  expect(kaibo.relay.asked).toEqual([]);
  expect(await kaibo.measured('kaibo_lotteries_ended_total')).toEqual([
    'kaibo_lotteries_ended_total{outcome="cancelled"} 1',
  ]);
});

test('with auto, the delay decides where drand cannot be reached', async () => {
  const kaibo = await startRoom(timeOf(FIRST_ROUND + 2), 'auto');
  kaibo.relay.next('away');
  const { id, beacon } = await kaibo.begin();
  expect(beacon).toEqual({ kind: 'delay', iterations: 64 });
  await kaibo.post(`/api/lotteries/${id}/draw`, {});
  await expect.poll(() => kaibo.status(id), LONG).toBe('drawn');
  expect(kaibo.relay.asked).toEqual([FIRST_ROUND]);
});

import { readFileSync } from 'node:fs';
import type { Lottery, LotteryProof } from '@kaibo/client';
import { expect, test } from 'vitest';
// What shares no code with the page.
import { verifyLottery } from '../../../docs/lottery-verify.mjs';
import { STEPS, verifyProof } from '../src/features/lottery/verify.ts';
import type { StepNews } from '../src/features/lottery/verify.ts';
import { Witnesses } from '../src/features/lottery/witness.ts';

/** Of a lottery that the server drew. */
const read = (): LotteryProof =>
  JSON.parse(readFileSync(new URL('lottery-proof.json', import.meta.url), 'utf8')) as LotteryProof;

function outcomeOf(proof: LotteryProof): string[] {
  const news: StepNews[] = [];
  verifyProof(proof, (said) => news.push(said));
  return news.filter(({ state }) => state !== 'running').map(({ step, state }) => `${step} ${state}`);
}

test('the page recomputes a proof as the script does, and tells how far it is', () => {
  const proof = read();
  expect(verifyLottery(proof)).toEqual(proof.winners.map(({ n, userId }) => ({ n, userId })));
  expect(outcomeOf(proof)).toEqual(STEPS.map((step) => `${step} ok`));
  const done: number[] = [];
  verifyProof(proof, (news) => news.step === 'beacon' && news.state === 'running' && done.push(news.done));
  expect(done).toHaveLength(65);
  expect(done.at(-1)).toBe(1);
});

test.each<[string, string, (proof: LotteryProof) => LotteryProof]>([
  ['another seed', 'seed', (proof) => ({ ...proof, seed: 'ab'.repeat(32) })],
  ['no hex', 'seed', (proof) => ({ ...proof, seed: 'xyz' })],
  ['other terms', 'entries', (proof) => ({ ...proof, terms: proof.terms.replace('3', '4') })],
  ['an entry less', 'entries', (proof) => ({ ...proof, entries: proof.entries.slice(1) })],
  ['a later entry', 'entries', (proof) => ({ ...proof, head: 'ab'.repeat(32) })],
  [
    'a shorter delay',
    'beacon',
    (proof) => ({ ...proof, beacon: { ...proof.beacon, iterations: 64 } as LotteryProof['beacon'] }),
  ],
  [
    'a round that the terms do not name',
    'beacon',
    (proof) => ({ ...proof, beacon: { kind: 'drand', chain: '', round: 1, signature: '00', value: '' } }),
  ],
  ['other winners', 'winners', (proof) => ({ ...proof, winners: proof.winners.toReversed() })],
])('%s does not fit', (_name, step, change) => {
  expect(outcomeOf(change(read())).at(-1)).toBe(`${step} failed`);
});

test('a browser remembers what it saw first, and nothing of what is drawn', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  let now = 0;
  const witnesses = new Witnesses(storage, () => (now += 1));
  const base = { id: 'x', status: 'open', commitment: 'c', head: 'h0' } as Lottery;
  witnesses.saw(base);
  expect(witnesses.of('x')).toEqual({ commitment: 'c', seenAt: 1 });
  witnesses.saw({ ...base, entry: { n: 1, userId: 'u', name: '', at: 1, chain: 'h1' } });
  witnesses.saw({ ...base, status: 'closed', commitment: 'other', head: 'h9' });
  witnesses.saw({ ...base, status: 'closed', head: 'h10' });
  expect(witnesses.of('x')).toMatchObject({ commitment: 'c', head: 'h9', entry: { n: 1, chain: 'h1' } });
  witnesses.saw({ ...base, id: 'y', status: 'drawn', result: { seed: '', value: '', winners: [] } });
  expect(witnesses.of('y')).toBeUndefined();
  for (let index = 0; index < 60; index += 1) witnesses.saw({ ...base, id: `l${index}` });
  expect(witnesses.of('x')).toBeUndefined();
  expect(witnesses.of('l59')).toBeDefined();
  for (const broken of ['[1', 'null', '{"x":3}']) {
    kept.set('kaibo.lotteries', broken);
    expect(witnesses.of('x')).toBeUndefined();
  }
});

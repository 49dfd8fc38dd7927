import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
// What anybody can run, which shares no code with ours.
import { verifyLottery } from '../../../../../../docs/lottery-verify.mjs';
import { canonicalJson } from '../../../http/canonical-json.ts';
import { chainBegin, chainNext, CHECKPOINTS, commitmentOf, delayChain, drawWinners } from './fairness.ts';

const ITERATIONS = 64 * 10;

function proofOf({ entries, winners }: { entries: number; winners: number }) {
  const [id, seed] = ['lottery', randomBytes(32)];
  const commitment = commitmentOf(seed);
  const planned = { kind: 'delay', iterations: ITERATIONS };
  const terms = canonicalJson({ winners, prize: '奖品', condition: { type: 'anyone' }, beacon: planned });
  let head = chainBegin({ id, commitment, terms });
  const list = Array.from({ length: entries }, (_, index) => {
    const entry = { n: index + 1, userId: `user-${index}`, atMs: 1_700_000_000_000 + index };
    head = chainNext(head, entry);
    return { n: entry.n, userId: entry.userId, at: entry.atMs, chain: head };
  });
  const checkpoints = delayChain(head, ITERATIONS);
  const beacon = { ...planned, checkpoints, value: checkpoints.at(-1) ?? '' };
  const drawn = drawWinners({ seed, head, beacon: beacon.value, entries, winners });
  return {
    ...{ id, terms, commitment, entries: list, head, closedAt: 1, seed: seed.toString('hex'), beacon },
    winners: drawn.map((n) => ({ n, userId: list[n - 1]?.userId ?? '' })),
  };
}

describe('a lottery’s proof', () => {
  it('of 10,000 entries is recomputed by an independent script', () => {
    const proof = proofOf({ entries: 10_000, winners: 100 });
    expect(proof.beacon.checkpoints).toHaveLength(CHECKPOINTS);
    expect(verifyLottery(proof)).toEqual(proof.winners);
    expect(new Set(proof.winners.map(({ n }) => n)).size).toBe(100);
  });

  it('says who would have been next: the same draw goes on', () => {
    const proof = proofOf({ entries: 20, winners: 3 });
    const all = verifyLottery(proof, 100);
    expect(all.slice(0, 3)).toEqual(proof.winners);
    expect(new Set(all.map(({ n }) => n)).size).toBe(20);
    const seed = Buffer.from(proof.seed, 'hex');
    const drawn = drawWinners({ seed, head: proof.head, beacon: proof.beacon.value, entries: 20, winners: 8 });
    expect(all.slice(0, 8).map(({ n }) => n)).toEqual(drawn);
  });

  it('draws everybody when there are fewer entries than prizes, and nobody of none', () => {
    expect(
      proofOf({ entries: 3, winners: 10 })
        .winners.map(({ n }) => n)
        .toSorted((one, other) => one - other),
    ).toEqual([1, 2, 3]);
    const none = proofOf({ entries: 0, winners: 10 });
    expect(verifyLottery(none)).toEqual([]);
  });

  type Proof = ReturnType<typeof proofOf>;
  it.each<[string, (proof: Proof) => void]>([
    ['another seed', (proof) => (proof.seed = randomBytes(32).toString('hex'))],
    [
      'another entry',
      (proof) => (proof.entries[4] = { ...proof.entries[4], n: 5, userId: 'friend', at: 1, chain: '' }),
    ],
    ['an entry less', (proof) => void proof.entries.pop()],
    ['another delay', (proof) => (proof.beacon.checkpoints[3] = 'ab'.repeat(32))],
    ['a shorter delay', (proof) => (proof.beacon.iterations = 64)],
    ['fewer parts of a delay', (proof) => (proof.beacon.checkpoints = [proof.beacon.value])],
    ['another end of a delay', (proof) => (proof.beacon.value = proof.beacon.checkpoints[5] ?? '')],
    ['another head', (proof) => (proof.head = proof.entries[3]?.chain ?? '')],
    ['another winner', (proof) => proof.winners.reverse()],
    ['other terms', (proof) => (proof.terms = proof.terms.replace('3', '4'))],
  ])('does not fit with %s', (_name, change) => {
    const proof = proofOf({ entries: 20, winners: 3 });
    change(proof);
    expect(() => verifyLottery(proof)).toThrow(/^does not fit/);
  });
});

describe('drawWinners', () => {
  const seedOf = (round: number): Buffer => createHash('sha256').update(`round ${round}`).digest();

  it('wins each entry as often as the others, in every place', () => {
    const [ROUNDS, ENTRIES, WINNERS] = [7000, 10, 3];
    const wins = Array.from({ length: WINNERS }, () => Array.from({ length: ENTRIES }, () => 0));
    for (let round = 0; round < ROUNDS; round++)
      drawWinners({ seed: seedOf(round), head: 'h', beacon: 'b', entries: ENTRIES, winners: WINNERS }).forEach(
        (n, place) => {
          const counts = wins[place];
          if (counts) counts[n - 1] = (counts[n - 1] ?? 0) + 1;
        },
      );
    const expected = ROUNDS / ENTRIES;
    // The seeds are fixed, so this is the same number every time. 27.88 is the 99.9 % quantile of 9 degrees of freedom.
    for (const counts of wins)
      expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(27.88);
  });
});

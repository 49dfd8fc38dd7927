import { readFileSync } from 'node:fs';
import type { Lottery, LotteryProof } from '@kaibo/client';
import { describe, expect, test } from 'vitest';
// What shares no code with the page.
import { verifyLottery } from '../../../docs/lottery-verify.mjs';
import { segmentFits } from '../src/features/lottery/delay.ts';
import type { DelaySegment } from '../src/features/lottery/delay.ts';
import { advanced, merged, newest } from '../src/features/lottery/newest.ts';
import { roundFits } from '../src/features/lottery/quicknet.ts';
import { checkSegments, runnersFor } from '../src/features/lottery/segment-pool.ts';
import { verdictOf } from '../src/features/lottery/verdict.ts';
import { STEPS, verifyProof } from '../src/features/lottery/verify.ts';
import type { StepNews } from '../src/features/lottery/verify.ts';
import { Witnesses } from '../src/features/lottery/witness.ts';

/** Of a lottery that the server drew. */
const read = (): LotteryProof =>
  JSON.parse(readFileSync(new URL('lottery-proof.json', import.meta.url), 'utf8')) as LotteryProof;

const inThisThread = (segments: readonly DelaySegment[], progress: (done: number) => void) =>
  checkSegments(segments, {
    ...{ cores: 4, progress },
    createRunner: () => ({ check: async (segment) => segmentFits(segment), close: () => {} }),
  });

/** As the page shows the lottery. */
const shownOf = ({ id, winners, terms }: LotteryProof) => ({
  ...{ id, winners },
  prize: (JSON.parse(terms) as { prize: string }).prize,
});

async function newsOf(proof: LotteryProof, shown = shownOf(read())): Promise<StepNews[]> {
  const news: StepNews[] = [];
  await verifyProof(proof, { shown, tell: (said) => void news.push(said), checkDelay: inThisThread });
  return news;
}

async function outcomeOf(proof: LotteryProof, shown = shownOf(read())): Promise<string[]> {
  const ends = (await newsOf(proof, shown)).filter(({ state }) => state !== 'running');
  return ends.map((news) => [news.step, news.state, ...('at' in news && news.at ? [news.at] : [])].join(' '));
}

describe('the proof on the page', () => {
  test('is recomputed as by the script, and it is told how far it is', async () => {
    const proof = read();
    expect(verifyLottery(proof)).toEqual(proof.winners.map(({ n, userId }) => ({ n, userId })));
    expect(await outcomeOf(proof)).toEqual(STEPS.map((step) => `${step} ok`));
    const done = (await newsOf(proof)).map((news) =>
      news.step === 'beacon' && news.state === 'running' ? news.done : 0,
    );
    expect(done.filter((part) => part > 0)).toEqual(Array.from({ length: 64 }, (_, index) => (index + 1) / 64));
  });

  const delay = (change: (beacon: LotteryProof['beacon'] & { kind: 'delay' }) => object) => (proof: LotteryProof) => {
    if (proof.beacon.kind !== 'delay') throw new Error('another beacon');
    return { ...proof, beacon: { ...proof.beacon, ...change(proof.beacon) } };
  };

  test.each<[string, string, (proof: LotteryProof) => LotteryProof]>([
    ['another seed', 'seed failed', (proof) => ({ ...proof, seed: 'ab'.repeat(32) })],
    ['no hex', 'seed failed', (proof) => ({ ...proof, seed: 'xyz' })],
    ['other terms', 'entries failed 1', (proof) => ({ ...proof, terms: proof.terms.replace('3', '4') })],
    ['an entry less', 'entries failed 1', (proof) => ({ ...proof, entries: proof.entries.slice(1) })],
    ['the last entry left out', 'entries failed', (proof) => ({ ...proof, entries: proof.entries.slice(0, -1) })],
    [
      'somebody else in the place of an entry',
      'entries failed 3',
      (proof) => ({
        ...proof,
        entries: proof.entries.map((entry) => (entry.n === 3 ? { ...entry, userId: 'x' } : entry)),
      }),
    ],
    ['another head', 'entries failed', (proof) => ({ ...proof, head: 'ab'.repeat(32) })],
    ['a shorter delay', 'beacon failed', delay(() => ({ iterations: 64 }))],
    ['another end of the delay', 'beacon failed', delay(({ checkpoints }) => ({ value: checkpoints[3] ?? '' }))],
    ['fewer parts', 'beacon failed', delay(({ value }) => ({ checkpoints: [value] }))],
    [
      'another value on the way',
      'beacon failed 8',
      delay(({ checkpoints }) => ({ checkpoints: checkpoints.with(7, 'ab'.repeat(32)) })),
    ],
    ['no hex on the way', 'beacon failed', delay(({ checkpoints }) => ({ checkpoints: checkpoints.with(7, 'no') }))],
    [
      'a round that the terms do not name',
      'beacon failed',
      (proof) => ({ ...proof, beacon: { kind: 'drand', chain: '', round: 1, signature: '00', value: '' } }),
    ],
    ['other winners', 'winners failed', (proof) => ({ ...proof, winners: proof.winners.toReversed() })],
    [
      'somebody else in the place of a winner',
      'winners failed',
      (proof) => ({ ...proof, winners: proof.winners.map((winner) => ({ ...winner, userId: 'x' })) }),
    ],
    ['a winner less', 'winners failed', (proof) => ({ ...proof, winners: proof.winners.slice(1) })],
  ])('with %s says where it does not fit', async (_name, end, change) => {
    expect((await outcomeOf(change(read()))).at(-1)).toBe(end);
  });

  test('is of the lottery that is shown, and of the winners that are', async () => {
    const [proof, shown] = [read(), shownOf(read())];
    const end = async (change: object) => (await outcomeOf(proof, { ...shown, ...change })).at(-1);
    expect(await end({ id: 'another' })).toBe('entries failed');
    expect(await end({ prize: 'another' })).toBe('entries failed');
    expect(await end({ winners: shown.winners.slice(1) })).toBe('winners failed');
    expect(await end({ winners: shown.winners.map((winner) => ({ ...winner, userId: 'x' })) })).toBe('winners failed');
  });

  test('takes a round that the League of Entropy signed, and that nobody knew while people could enter', () => {
    const knownMs = 1_692_803_367_000 + 999 * 3000;
    const round = {
      chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
      round: 1000,
      signature: 'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
      value: 'fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd',
    };
    const times = { endsAt: knownMs - 10_000, closedAt: knownMs - 9000 };
    expect(roundFits(round, times)).toBe(true);
    expect(roundFits({ ...round, round: 1001 }, times)).toBe(false);
    expect(roundFits({ ...round, value: 'ab'.repeat(32) }, times)).toBe(false);
    expect(roundFits({ ...round, chain: 'another' }, times)).toBe(false);
    expect(roundFits(round, { ...times, closedAt: knownMs })).toBe(false);
    expect(roundFits(round, { ...times, endsAt: knownMs })).toBe(false);
  });
});

describe('the parts of a delay', () => {
  const segments = Array.from({ length: 20 }, (): DelaySegment => ({ from: '', steps: 0, to: '' }));

  test('are checked side by side, by as many as there are cores, eight at most', async () => {
    expect([undefined, 0, 1, 4, 64].map((cores) => runnersFor(cores, 64))).toEqual([1, 1, 1, 4, 8]);
    expect(runnersFor(8, 3)).toBe(3);
    let [running, most, closed] = [0, 0, 0];
    const createRunner = () => ({
      check: async () => {
        most = Math.max(most, (running += 1));
        await new Promise(setImmediate);
        running -= 1;
        return true;
      },
      close: () => (closed += 1),
    });
    const done: number[] = [];
    const progress = (part: number): void => void done.push(part);
    expect(await checkSegments(segments, { cores: 4, createRunner, progress })).toBeUndefined();
    expect([most, closed, running]).toEqual([4, 4, 0]);
    expect(done).toEqual(segments.map((_, index) => (index + 1) / 20));
  });

  test('are left to this thread by a worker that does not run, and by all once one does not fit', async () => {
    let asked = 0;
    const createRunner = () => ({
      check: async (): Promise<boolean> => {
        asked += 1;
        throw new Error('no workers here');
      },
      close: () => {},
    });
    const fits = { from: 'ab', steps: 0, to: 'ab' };
    const given = segments.map((_, index) => (index === 2 ? { ...fits, to: 'cd' } : fits));
    expect(await checkSegments(given, { cores: 1, createRunner, progress: () => {} })).toBe(3);
    expect(asked).toBe(3);
  });
});

describe('what is told of a lottery', () => {
  const open = { id: 'x', status: 'open', startedAt: 1, entries: 5, head: 'h5' } as Lottery;

  test('never goes back, in whatever order it comes', () => {
    expect(advanced(open, { id: 'x', entries: 4, head: 'h4' })).toEqual(open);
    expect(advanced(open, { id: 'x', entries: 6, head: 'h6' })).toMatchObject({ entries: 6, head: 'h6' });
    const closed = { ...open, status: 'closed', entries: 6 } as Lottery;
    expect(advanced(closed, { id: 'x', entries: 7, head: 'h7' })).toEqual(closed);
    expect(newest(closed, { ...open, entries: 7 })).toMatchObject({ status: 'closed', entries: 6 });
    expect(newest(open, { ...open, entries: 4 })).toMatchObject({ entries: 5 });
    expect(newest({ ...open, status: 'drawn' }, closed)).toMatchObject({ status: 'drawn' });
  });

  test('keeps one’s own entry, and what an answer that was overtaken does not know of', () => {
    const entry = { n: 5, userId: 'u', name: '', at: 1, chain: 'h5' };
    expect(newest({ ...open, entry }, { ...open, entries: 6 })).toMatchObject({ entries: 6, entry });
    expect(newest({ ...open, entries: 6 }, { ...open, entry })).toMatchObject({ entries: 6, entry });
    const later = { ...open, id: 'y', startedAt: 2 };
    expect(merged([later, open], [{ ...open, entries: 8 }])).toEqual([
      later,
      { ...open, entries: 8, entry: undefined },
    ]);
  });
});

describe('a browser that looks on', () => {
  function witnesses() {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
    let now = 0;
    return { kept, seen: new Witnesses(storage, () => (now += 1)) };
  }
  const base = { id: 'x', status: 'open', commitment: 'c', head: 'h0', entries: 0 } as Lottery;

  test('remembers what it saw first, and nothing of what is drawn', () => {
    const { kept, seen } = witnesses();
    seen.saw(base);
    expect(seen.of('x')).toEqual({ commitment: 'c', heads: [[0, 'h0']], seenAt: 1 });
    seen.saw({ ...base, entries: 1, head: 'h1', entry: { n: 1, userId: 'u', name: '', at: 1, chain: 'h1' } });
    seen.sawHead({ id: 'x', entries: 5, head: 'h5' });
    seen.sawHead({ id: 'x', entries: 5, head: 'another' });
    seen.sawHead({ id: 'unknown', entries: 5, head: 'h5' });
    seen.saw({ ...base, status: 'closed', commitment: 'other', entries: 9, head: 'h9' });
    seen.saw({ ...base, status: 'closed', entries: 10, head: 'h10' });
    expect(seen.of('x')).toMatchObject({ commitment: 'c', head: 'h9', entry: { n: 1, chain: 'h1' } });
    expect(seen.of('x')?.heads.slice(0, 4)).toEqual([
      [0, 'h0'],
      [1, 'h1'],
      [5, 'h5'],
      [9, 'h9'],
    ]);
    expect(seen.of('unknown')).toBeUndefined();
    seen.saw({ ...base, id: 'y', status: 'drawn', result: { seed: '', value: '', winners: [] } });
    expect(seen.of('y')).toBeUndefined();
    for (let index = 0; index < 60; index += 1) seen.saw({ ...base, id: `l${index}` });
    expect(seen.of('x')).toBeUndefined();
    expect(seen.of('l59')).toBeDefined();
    for (const broken of ['[1', 'null', '{"x":3}', '{"x":{"commitment":"c","seenAt":1}}']) {
      kept.set('kaibo.lotteries', broken);
      expect(seen.of('x')).toBeUndefined();
    }
  });

  test('keeps a few heads of many, all along', () => {
    const { seen } = witnesses();
    seen.saw(base);
    for (let entries = 1; entries <= 1000; entries += 1) seen.sawHead({ id: 'x', entries, head: `h${entries}` });
    const heads = seen.of('x')?.heads ?? [];
    expect(heads.length).toBeLessThanOrEqual(16);
    expect(heads[0]).toEqual([0, 'h0']);
    expect(heads.at(-1)).toEqual([1000, 'h1000']);
    expect(heads.some(([entries]) => entries > 200 && entries < 800)).toBe(true);
  });

  test('tells when the proof does not contain what it saw', () => {
    const { seen } = witnesses();
    const proof = read();
    const at = (n: number): string => proof.entries[n - 1]?.chain ?? '';
    const { id, commitment } = proof;
    const lottery = { ...base, id, commitment, entries: 2, head: at(2) };
    seen.saw({ ...lottery, entry: { n: 2, userId: 'user-2', name: '', at: 1, chain: at(2) } });
    seen.sawHead({ id, entries: 4, head: at(4) });
    seen.saw({ ...lottery, status: 'closed', entries: proof.entries.length, head: proof.head });
    const witness = seen.of(id);
    if (witness === undefined) throw new Error('nothing was kept');
    expect(verdictOf(witness, proof)).toEqual({ fits: true });
    const heads = (...all: [number, string][]) => verdictOf({ ...witness, heads: all }, proof);
    expect(heads([4, at(3)])).toEqual({ fits: false, what: 'heads', n: 4 });
    expect(heads([proof.entries.length + 1, 'ab'])).toMatchObject({ what: 'heads' });
    expect(heads([0, 'ab'])).toEqual({ fits: false, what: 'terms' });
    expect(verdictOf({ ...witness, commitment: 'other' }, proof)).toEqual({ fits: false, what: 'commitment' });
    expect(verdictOf({ ...witness, entry: { n: 2, chain: at(3) } }, proof)).toEqual({
      fits: false,
      what: 'entry',
      n: 2,
    });
    expect(verdictOf({ ...witness, head: at(1) }, proof)).toEqual({ fits: false, what: 'head' });
  });
});

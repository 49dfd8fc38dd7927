import type { LotteryEntry, LotteryProof } from '@kaibo/client';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { chainBegin, chainNext } from './chain.ts';
import { segmentsOf } from './delay.ts';
import type { DelaySegment } from './delay.ts';
import { roundFits } from './quicknet.ts';

/** In this order; each builds on those before it. */
export const STEPS = ['seed', 'entries', 'beacon', 'winners'] as const;
export type StepName = (typeof STEPS)[number];

/** What became of a step: `done` is 0 to 1 while it runs; `at` is which entry or part of the delay does not fit, from 1 on. */
export type StepNews =
  | { step: StepName; state: 'running'; done: number }
  | { step: StepName; state: 'ok' }
  | { step: StepName; state: 'failed'; at?: number };

/** The lottery as the page shows it: a proof of another one, or of other winners, proves nothing about it. */
export interface Shown {
  id: string;
  prize: string;
  winners: readonly { n: number; userId: string }[];
}

/** What a worker is given to verify. */
export interface Task {
  proof: LotteryProof;
  shown: Shown;
}

/** What a check found, with `at` as in `StepNews`. */
type Finding = { fits: boolean; at?: number };
type Check = (proof: LotteryProof, progress: (done: number) => void) => Finding | Promise<Finding>;

/** Checks all parts of a delay, and tells which one does not fit, from 1 on. */
export type CheckDelay = (
  segments: readonly DelaySegment[],
  progress: (done: number) => void,
) => Promise<number | undefined>;

/** A draw is 48 bits. */
const [DRAW_BYTES, DRAWS] = [6, 2 ** 48];
/** Entries between two news of how far it is. */
const NEWS_EVERY = 2000;

/**
 * Recomputes a lottery from its proof, as docs/lottery.md says, and tells how each step goes; stops at the first that
 * does not fit.
 */
export async function verifyProof(
  proof: LotteryProof,
  { shown, tell, checkDelay }: { shown: Shown; tell: (news: StepNews) => void; checkDelay: CheckDelay },
): Promise<void> {
  const checks: Record<StepName, Check> = {
    seed: ({ seed, commitment }) => ({ fits: bytesToHex(sha256(hexToBytes(seed))) === commitment }),
    entries: (given, progress) => (isOf(given, shown) ? chainFits(given, progress) : { fits: false }),
    beacon: (given, progress) => beaconFits(given, { progress, checkDelay }),
    winners: (given) => {
      const drawn = listed(drawnFrom(given));
      return { fits: drawn === listed(given.winners) && drawn === listed(shown.winners) };
    },
  };
  for (const step of STEPS) {
    const progress = (done: number): void => tell({ step, state: 'running', done });
    progress(0);
    let found: Finding = { fits: false };
    try {
      found = await checks[step](proof, progress);
    } catch {
      // Hex that is none, terms that are no JSON: it does not fit.
    }
    tell(found.fits ? { step, state: 'ok' } : { step, state: 'failed', at: found.at });
    if (!found.fits) return;
  }
}

const listed = (winners: readonly { n: number; userId: string }[]): string =>
  JSON.stringify(winners.map(({ n, userId }) => [n, userId]));

function isOf({ id, terms }: LotteryProof, shown: Shown): boolean {
  const { prize } = JSON.parse(terms) as { prize: string };
  return id === shown.id && prize === shown.prize;
}

function chainFits(proof: LotteryProof, progress: (done: number) => void): Finding {
  const { entries, head } = proof;
  let chain = chainBegin(proof);
  for (const [index, entry] of entries.entries()) {
    chain = chainNext(chain, entry);
    if (entry.n !== index + 1 || chain !== entry.chain) return { fits: false, at: index + 1 };
    if (entry.n % NEWS_EVERY === 0) progress(entry.n / entries.length);
  }
  return { fits: chain === head };
}

/** The beacon is the one that the terms named, and says what it must. */
async function beaconFits(
  { terms, head, beacon, closedAt }: LotteryProof,
  { progress, checkDelay }: { progress: (done: number) => void; checkDelay: CheckDelay },
): Promise<Finding> {
  const { beacon: planned, endsAt } = JSON.parse(terms) as { beacon: object; endsAt: number };
  const told = new Map(Object.entries(beacon));
  if (!Object.entries(planned).every(([name, value]) => told.get(name) === value)) return { fits: false };
  if (beacon.kind === 'drand') return { fits: roundFits(beacon, { endsAt, closedAt }) };
  const segments = segmentsOf(head, beacon);
  if (segments === undefined) return { fits: false };
  const wrong = await checkDelay(segments, progress);
  return { fits: wrong === undefined, at: wrong };
}

/** The winners' entries in the order of the draw. */
function drawnFrom({ terms, seed, head, beacon, entries }: LotteryProof): LotteryEntry[] {
  const { winners } = JSON.parse(terms) as { winners: number };
  const key = hmac(sha256, hexToBytes(seed), utf8ToBytes(`${head}\n${beacon.value}`));
  let counter = 0;
  const below = (bound: number): number => {
    const limit = DRAWS - (DRAWS % bound);
    for (;;) {
      const bytes = hmac(sha256, key, utf8ToBytes(`draw\n${counter}`));
      counter += 1;
      const draw = Number.parseInt(bytesToHex(bytes.subarray(0, DRAW_BYTES)), 16);
      if (draw < limit) return draw % bound;
    }
  };
  const left = [...entries];
  const drawn: LotteryEntry[] = [];
  for (let place = 0; place < Math.min(winners, entries.length); place += 1) {
    const chosen = place + below(entries.length - place);
    const [here, winner] = [left[place], left[chosen]];
    if (here === undefined || winner === undefined) throw new Error('a draw beyond the list');
    [left[place], left[chosen]] = [winner, here];
    drawn.push(winner);
  }
  return drawn;
}

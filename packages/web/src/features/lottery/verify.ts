import type { LotteryProof } from '@kaibo/client';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** In this order; each builds on those before it. */
export const STEPS = ['seed', 'entries', 'beacon', 'winners'] as const;
export type StepName = (typeof STEPS)[number];

/** What became of a step: `done` is 0 to 1 while it runs. */
export type StepNews = { step: StepName; state: 'running'; done: number } | { step: StepName; state: 'ok' | 'failed' };

/** A draw is 48 bits. */
const [DRAW_BYTES, DRAWS] = [6, 2 ** 48];
/** Entries between two news of how far it is. */
const NEWS_EVERY = 2000;

const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

/** Recomputes a lottery from its proof, as docs/lottery.md says, and tells how each step goes; stops at the first that does not fit. */
export function verifyProof(proof: LotteryProof, tell: (news: StepNews) => void): void {
  const checks: Record<StepName, (progress: (done: number) => void) => boolean> = {
    seed: () => bytesToHex(sha256(hexToBytes(proof.seed))) === proof.commitment,
    entries: (progress) => chainFits(proof, progress),
    beacon: (progress) => beaconFits(proof, progress),
    winners: () => drawnFrom(proof).join() === proof.winners.map(({ n }) => n).join(),
  };
  for (const step of STEPS) {
    const progress = (done: number): void => tell({ step, state: 'running', done });
    progress(0);
    let fits = false;
    try {
      fits = checks[step](progress);
    } catch {
      // Hex that is none, terms that are no JSON: it does not fit.
    }
    tell({ step, state: fits ? 'ok' : 'failed' });
    if (!fits) return;
  }
}

function chainFits({ id, terms, commitment, entries, head }: LotteryProof, progress: (done: number) => void): boolean {
  let chain = hash(`kaibo-lottery-v1\n${id}\n${commitment}\n${terms}`);
  for (const [index, { n, userId, at, chain: told }] of entries.entries()) {
    chain = hash(`${chain}\n${n}\n${userId}\n${at}`);
    if (n !== index + 1 || chain !== told) return false;
    if (n % NEWS_EVERY === 0) progress(n / entries.length);
  }
  return chain === head;
}

/** The beacon is the one that the terms named, and says what it must. */
function beaconFits({ terms, head, beacon }: LotteryProof, progress: (done: number) => void): boolean {
  const { beacon: planned } = JSON.parse(terms) as { beacon: Record<string, unknown> };
  if (beacon.kind === 'drand')
    return (
      planned['kind'] === 'drand' &&
      planned['chain'] === beacon.chain &&
      planned['round'] === beacon.round &&
      bytesToHex(sha256(hexToBytes(beacon.signature))) === beacon.value
    );
  const { iterations, checkpoints, value } = beacon;
  if (planned['kind'] !== 'delay' || planned['iterations'] !== iterations || checkpoints.length === 0) return false;
  let now = sha256(utf8ToBytes(`kaibo-delay-v1\n${head}`));
  for (const [index, told] of checkpoints.entries()) {
    for (let step = 0; step < iterations / checkpoints.length; step += 1) now = sha256(now);
    if (bytesToHex(now) !== told) return false;
    progress((index + 1) / checkpoints.length);
  }
  return checkpoints.at(-1) === value;
}

/** Numbers of the winners in the order of the draw. */
function drawnFrom({ terms, seed, head, beacon, entries }: LotteryProof): number[] {
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
  const numbers = entries.map(({ n }) => n);
  const drawn: number[] = [];
  for (let place = 0; place < Math.min(winners, numbers.length); place += 1) {
    const chosen = place + below(numbers.length - place);
    const winner = numbers[chosen] ?? 0;
    numbers[chosen] = numbers[place] ?? 0;
    drawn.push(winner);
  }
  return drawn;
}

import { createHmac, hash } from 'node:crypto';

/** Format of everything that is hashed, described in docs/lottery.md and recomputed by docs/lottery-verify.mjs. */
const HEAD_TAG = 'kaibo-lottery-v1';
const DELAY_TAG = 'kaibo-delay-v1';
/** Segments of a delay that can be checked side by side. */
export const CHECKPOINTS = 64;
/** A draw is 48 bits: a whole number in JavaScript, and more than any number of entries. */
const DRAW_BYTES = 6;
const DRAWS = 2 ** 48;

/** An entry as it is hashed: `n` counts from 1, `atMs` is ms since the epoch. */
export interface ChainedEntry {
  n: number;
  userId: string;
  atMs: number;
}

const sha256 = (text: string): string => hash('sha256', text, 'hex');

/** What the server binds itself to before anybody enters: SHA-256 of the seed's 32 bytes, hex. */
export function commitmentOf(seed: Uint8Array): string {
  return hash('sha256', seed, 'hex');
}

/** The head of the chain before the first entry. `terms` is the lottery's canonical JSON (`canonicalJson`). */
export function chainBegin({ id, commitment, terms }: { id: string; commitment: string; terms: string }): string {
  return sha256([HEAD_TAG, id, commitment, terms].join('\n'));
}

/** The head after one more entry. */
export function chainNext(head: string, { n, userId, atMs }: ChainedEntry): string {
  return sha256([head, n, userId, atMs].join('\n'));
}

/**
 * What nobody can know before `iterations` hashes were made one after the other. The `CHECKPOINTS` values, hex, are on
 * the way at equal distances, the last of them the result. `iterations` is a multiple of `CHECKPOINTS`.
 */
export function delayChain(head: string, iterations: number): string[] {
  let value = hash('sha256', `${DELAY_TAG}\n${head}`, 'buffer');
  return Array.from({ length: CHECKPOINTS }, () => {
    for (let step = 0; step < iterations / CHECKPOINTS; step++) value = hash('sha256', value, 'buffer');
    return value.toString('hex');
  });
}

/**
 * The winners' entry numbers, in the order in which they were drawn, each entry at most once and each as likely as any
 * other: a Fisher-Yates shuffle, as far as it is needed, by draws that are rejected rather than folded.
 * `beacon` is the value that nobody knew when the chain was closed, hex.
 */
export function drawWinners({
  seed,
  head,
  beacon,
  entries,
  winners,
}: {
  seed: Uint8Array;
  head: string;
  beacon: string;
  entries: number;
  winners: number;
}): number[] {
  const key = createHmac('sha256', seed).update(`${head}\n${beacon}`).digest();
  let counter = 0;
  const below = (bound: number): number => {
    const limit = DRAWS - (DRAWS % bound);
    for (;;) {
      const bytes = createHmac('sha256', key).update(`draw\n${counter++}`).digest();
      const draw = bytes.readUIntBE(0, DRAW_BYTES);
      if (draw < limit) return draw % bound;
    }
  };
  // Places whose number was swapped; all others still hold their own.
  const swapped = new Map<number, number>();
  return Array.from({ length: Math.min(winners, entries) }, (_, place) => {
    const chosen = place + below(entries - place);
    const winner = swapped.get(chosen) ?? chosen;
    swapped.set(chosen, swapped.get(place) ?? place);
    return winner + 1;
  });
}

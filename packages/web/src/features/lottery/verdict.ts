import type { LotteryProof } from '@kaibo/client';
import { chainBegin } from './chain.ts';
import type { Witness } from './witness.ts';

/** What the proof contradicts, with the number of the entry where one is concerned; or that it contradicts nothing. */
export type Verdict =
  | { fits: true }
  | { fits: false; what: 'commitment' | 'terms' | 'head' | 'entry' | 'heads'; n?: number };

/** Whether a proof tells the same as what was seen at the time. */
export function verdictOf({ commitment, head, entry, heads }: Witness, proof: LotteryProof): Verdict {
  const headAfter = (entries: number): string | undefined =>
    entries === 0 ? chainBegin(proof) : proof.entries[entries - 1]?.chain;
  if (commitment !== proof.commitment) return { fits: false, what: 'commitment' };
  if (entry !== undefined && headAfter(entry.n) !== entry.chain) return { fits: false, what: 'entry', n: entry.n };
  const [wrong] = heads.find(([entries, seen]) => headAfter(entries) !== seen) ?? [];
  if (wrong === 0) return { fits: false, what: 'terms' };
  if (wrong !== undefined) return { fits: false, what: 'heads', n: wrong };
  return head === undefined || head === proof.head ? { fits: true } : { fits: false, what: 'head' };
}

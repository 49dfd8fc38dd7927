import type { LotteryEntry, LotteryProof } from '@kaibo/client';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));

/** The head of the chain before the first entry. */
export function chainBegin({ id, terms, commitment }: Pick<LotteryProof, 'id' | 'terms' | 'commitment'>): string {
  return hash(`kaibo-lottery-v1\n${id}\n${commitment}\n${terms}`);
}

/** The head after one more entry. */
export function chainNext(head: string, { n, userId, at }: Pick<LotteryEntry, 'n' | 'userId' | 'at'>): string {
  return hash(`${head}\n${n}\n${userId}\n${at}`);
}

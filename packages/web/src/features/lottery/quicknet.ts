import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** The chain of the League of Entropy that lotteries take, https://api.drand.sh/52db…/info. Times are ms. */
const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451' +
    '0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  genesisMs: 1_692_803_367_000,
  periodMs: 3000,
  domain: 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_',
} as const;

export interface DrandRound {
  chain: string;
  round: number;
  signature: string;
  value: string;
}

/** When the world knew it, ms since the epoch. */
function publishedAt(round: number): number {
  return QUICKNET.genesisMs + (round - 1) * QUICKNET.periodMs;
}

/** Whether the League of Entropy signed this round, and nobody knew it while people could enter, until `closedAt` at the latest. */
export function roundFits(
  { chain, round, signature, value }: DrandRound,
  { endsAt, closedAt }: { endsAt: number; closedAt: number },
): boolean {
  const known = publishedAt(round);
  if (chain !== QUICKNET.chain || endsAt >= known || closedAt >= known) return false;
  if (bytesToHex(sha256(hexToBytes(signature))) !== value) return false;
  const { shortSignatures: bls } = bls12_381;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(round));
  const message = bls.hash(sha256(bytes), QUICKNET.domain);
  return bls.verify(hexToBytes(signature), message, hexToBytes(QUICKNET.publicKey));
}

import { hash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';

/** The chain `quicknet` of the League of Entropy, as https://api.drand.sh/52db…/info says. */
export const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451' +
    '0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  genesisMs: 1_692_803_367_000,
  periodMs: 3000,
} as const;

/** How messages become points of the curve: RFC 9380, as the scheme `bls-unchained-g1-rfc9380` says. */
const DOMAIN = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

/** Whether the League signed this round: BLS12-381, signature in G1 and key in G2. `signature` is hex; tens of ms of work. */
export function isSigned(round: number, signature: string): boolean {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(round));
  const { shortSignatures: bls } = bls12_381;
  try {
    const message = bls.hash(plain(hash('sha256', bytes, 'buffer')), DOMAIN);
    return bls.verify(fromHex(signature), message, fromHex(QUICKNET.publicKey));
  } catch {
    // What is no point of the curve signs nothing.
    return false;
  }
}

/** The curve takes no Buffer. */
const plain = (buffer: Buffer): Uint8Array => Uint8Array.from(buffer);
const fromHex = (text: string): Uint8Array => plain(Buffer.from(text, 'hex'));

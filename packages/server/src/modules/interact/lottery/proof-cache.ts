import { createHash } from 'node:crypto';
import type { LotteryProof } from './contract.ts';

/** So many are asked for at one time. */
const MOST_PROOFS = 50;
/** Of all of them together; the largest one, with 100,000 entries, is about 22 MB. */
const MOST_BYTES = 64 * 2 ** 20;
/** Names of closed accounts go from what other nodes hold by then. */
const FRESH_MS = 30_000;

/** A proof as it is sent, JSON in UTF-8. */
export interface WrittenProof {
  etag: string;
  bytes: Buffer;
}

interface Held {
  proof: Promise<WrittenProof>;
  sizeBytes: number;
  /** Before then, ms since the epoch. */
  untilMs: number;
}

/**
 * Keeps proofs for the moments after a draw, when everybody in the room looks at the same one: it is read and written
 * once. Those not asked for longest go first.
 */
export class ProofCache {
  readonly #now: () => number;
  readonly #mostBytes: number;
  /** By lottery, the one asked for last at the end. */
  readonly #held = new Map<string, Held>();

  constructor(now: () => number, { mostBytes = MOST_BYTES }: { mostBytes?: number } = {}) {
    this.#now = now;
    this.#mostBytes = mostBytes;
  }

  /** @throws what `read` throws, which is not kept */
  async get(lotteryId: string, read: () => Promise<LotteryProof>): Promise<WrittenProof> {
    const known = this.#held.get(lotteryId);
    if (known !== undefined && this.#now() < known.untilMs) {
      this.#held.delete(lotteryId);
      this.#held.set(lotteryId, known);
      return known.proof;
    }
    const held: Held = { proof: read().then(written), sizeBytes: 0, untilMs: this.#now() + FRESH_MS };
    this.#held.delete(lotteryId);
    this.#held.set(lotteryId, held);
    try {
      const proof = await held.proof;
      held.sizeBytes = proof.bytes.length;
      this.#shrink();
      return proof;
    } catch (error) {
      if (this.#held.get(lotteryId) === held) this.#held.delete(lotteryId);
      throw error;
    }
  }

  clear(): void {
    this.#held.clear();
  }

  #shrink(): void {
    let sizeBytes = 0;
    for (const held of this.#held.values()) sizeBytes += held.sizeBytes;
    for (const [id, held] of this.#held) {
      if (this.#held.size <= MOST_PROOFS && sizeBytes <= this.#mostBytes) return;
      this.#held.delete(id);
      sizeBytes -= held.sizeBytes;
    }
  }
}

function written(proof: LotteryProof): WrittenProof {
  const bytes = Buffer.from(JSON.stringify(proof));
  return { etag: `"${createHash('sha256').update(bytes).digest('base64url')}"`, bytes };
}

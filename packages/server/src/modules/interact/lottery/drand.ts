import { hash } from 'node:crypto';
import { z } from 'zod';

/** The chain `quicknet` of the League of Entropy, as https://api.drand.sh/52db…/info says. */
const QUICKNET = {
  chain: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  genesisMs: 1_692_803_367_000,
  periodMs: 3000,
} as const;
/** Of different operators. Nothing that anybody says changes where is asked. */
const HOSTS = ['https://api.drand.sh', 'https://drand.cloudflare.com', 'https://api2.drand.sh'] as const;
const TIMEOUT_MS = 4000;
/** A round is about 300 bytes. */
const MOST_BYTES = 4096;

const roundSchema = z.object({
  round: z.int(),
  randomness: z.string().regex(/^[0-9a-f]{64}$/),
  signature: z.string().regex(/^[0-9a-f]{96}$/),
});

export interface DrandRound {
  /** Hex. */
  signature: string;
  /** SHA-256 of the signature, hex. */
  value: string;
}

/** The public randomness of https://drand.love. Its BLS signature is not verified here: docs/lottery.md says what that means. */
export class Drand {
  readonly chain = QUICKNET.chain;
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch) {
    this.#fetch = fetcher;
  }

  /** The first round that is published at `atMs` or later. */
  roundAt(atMs: number): number {
    return Math.max(1, Math.ceil((atMs - QUICKNET.genesisMs) / QUICKNET.periodMs) + 1);
  }

  /** When it is published, ms since the epoch. */
  timeOf(round: number): number {
    return QUICKNET.genesisMs + (round - 1) * QUICKNET.periodMs;
  }

  /** @throws Error when none of the hosts has it, or none can be reached */
  async round(round: number, signal: AbortSignal): Promise<DrandRound> {
    const reasons: unknown[] = [];
    for (const host of HOSTS) {
      signal.throwIfAborted();
      try {
        return await this.#ask(host, round, signal);
      } catch (error) {
        reasons.push(error);
      }
    }
    throw new AggregateError(reasons, `round ${round} of drand is not to be had`);
  }

  async #ask(host: string, round: number, signal: AbortSignal): Promise<DrandRound> {
    const response = await this.#fetch(`${host}/${QUICKNET.chain}/public/${round}`, {
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${host} answered ${response.status}`);
    }
    const answer = roundSchema.parse(JSON.parse(await readBounded(response)));
    if (answer.round !== round) throw new Error(`${host} answered another round`);
    const value = hash('sha256', Buffer.from(answer.signature, 'hex'), 'hex');
    if (value !== answer.randomness) throw new Error(`${host} answered what does not fit`);
    return { signature: answer.signature, value };
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

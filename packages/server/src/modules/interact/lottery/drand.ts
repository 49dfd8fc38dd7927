import { hash } from 'node:crypto';
import { z } from 'zod';
import { QUICKNET } from './quicknet.ts';
import { inThread } from './thread.ts';

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

export interface DrandOptions {
  /** `https://HOST`, asked one after the other. They are the operator's; nothing that anybody else says changes them. */
  hosts: readonly string[];
  fetch: typeof fetch;
  /** How long a host may take. */
  timeoutMs?: number;
}

/** The public randomness of https://drand.love. What is answered was signed by the League of Entropy, whichever host told it. */
export class Drand {
  readonly chain = QUICKNET.chain;
  readonly #hosts: readonly string[];
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  constructor({ hosts, fetch: fetcher, timeoutMs = TIMEOUT_MS }: DrandOptions) {
    this.#hosts = hosts;
    this.#fetch = fetcher;
    this.#timeoutMs = timeoutMs;
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
    for (const host of this.#hosts) {
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
      signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${host} answered ${response.status}`);
    }
    const answer = roundSchema.parse(JSON.parse(await readBounded(response)));
    if (answer.round !== round) throw new Error(`${host} answered another round`);
    const { signature } = answer;
    const value = hash('sha256', Buffer.from(signature, 'hex'), 'hex');
    if (value !== answer.randomness) throw new Error(`${host} answered what does not fit`);
    if (!(await inThread<boolean>({ kind: 'signature', round, signature }, signal)))
      throw new Error(`${host} answered what nobody signed`);
    return { signature, value };
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

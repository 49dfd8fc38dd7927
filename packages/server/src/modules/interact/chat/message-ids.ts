import { randomBytes } from 'node:crypto';
import { timeKey } from './contract.ts';

const COUNTER_DIGITS = 4;
const MAX_COUNT = 36 ** COUNTER_DIGITS - 1;
const RANDOM_DIGITS = 6;

/** Ids whose order is that of time, on one node strictly so; those of two nodes in one millisecond differ by chance. */
export class MessageIds {
  readonly #now: () => number;
  #atMs = 0;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  next(): { id: string; atMs: number } {
    const now = this.#now();
    if (now > this.#atMs) {
      this.#atMs = now;
      this.#count = 0;
    } else if (this.#count < MAX_COUNT) this.#count++;
    else {
      this.#atMs++;
      this.#count = 0;
    }
    const count = this.#count.toString(36).padStart(COUNTER_DIGITS, '0');
    const random = (randomBytes(4).readUInt32BE() % 36 ** RANDOM_DIGITS).toString(36).padStart(RANDOM_DIGITS, '0');
    return { id: timeKey(this.#atMs) + count + random, atMs: this.#atMs };
  }
}

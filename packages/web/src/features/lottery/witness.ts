import type { Lottery } from '@kaibo/client';

/** What this browser saw of a lottery before it was drawn: a server that changes its mind later does not fit it. */
export interface Witness {
  commitment: string;
  /** The final one, when it was told. */
  head?: string;
  /** Number and chain of this person's entry. */
  entry?: { n: number; chain: string };
  seenAt: number;
}

const KEY = 'kaibo.lotteries';
const MOST = 50;

/** Kept in the browser for the lotteries that were seen last. */
export class Witnesses {
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly #now: () => number;

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>, now: () => number = Date.now) {
    this.#storage = storage;
    this.#now = now;
  }

  of(id: string): Witness | undefined {
    return this.#read()[id];
  }

  /** Keeps what is new; what was seen first stays, and a result proves nothing any more. */
  saw({ id, status, commitment, head, entry, result }: Lottery): void {
    if (result) return;
    const all = this.#read();
    const known = all[id];
    const witness: Witness = {
      commitment: known?.commitment ?? commitment,
      head: known?.head ?? (status === 'closed' ? head : undefined),
      entry: known?.entry ?? (entry && { n: entry.n, chain: entry.chain }),
      seenAt: this.#now(),
    };
    const newest = Object.entries({ ...all, [id]: witness }).toSorted(
      ([, one], [, other]) => other.seenAt - one.seenAt,
    );
    try {
      this.#storage.setItem(KEY, JSON.stringify(Object.fromEntries(newest.slice(0, MOST))));
    } catch {
      // A full or forbidden storage: the proof is then checked without it.
    }
  }

  #read(): Record<string, Witness> {
    try {
      const kept: unknown = JSON.parse(this.#storage.getItem(KEY) ?? '{}');
      if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return {};
      return Object.fromEntries(Object.entries(kept).filter(([, value]) => isWitness(value))) as Record<
        string,
        Witness
      >;
    } catch {
      return {};
    }
  }
}

function isWitness(value: unknown): value is Witness {
  if (typeof value !== 'object' || value === null) return false;
  const { commitment, seenAt } = value as Partial<Witness>;
  return typeof commitment === 'string' && typeof seenAt === 'number';
}

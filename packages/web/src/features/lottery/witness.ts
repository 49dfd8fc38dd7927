import type { Lottery, LotteryProgress } from '@kaibo/client';

/** What this browser saw of a lottery before it was drawn: a server that changes its mind later does not fit it. */
export interface Witness {
  commitment: string;
  /** The final one, when it was told. */
  head?: string;
  /** Number and chain of this person's entry. */
  entry?: { n: number; chain: string };
  /** Heads of the chain after so many entries, in this order. */
  heads: [entries: number, head: string][];
  seenAt: number;
}

const KEY = 'kaibo.lotteries';
const MOST = 50;
/** Of one lottery; of more, those that are left still lie all along it. */
const MOST_HEADS = 16;

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
  saw({ id, status, commitment, head, entries, entry, result }: Lottery): void {
    if (result) return;
    const known = this.of(id);
    this.#keep(id, {
      commitment: known?.commitment ?? commitment,
      head: known?.head ?? (status === 'closed' ? head : undefined),
      entry: known?.entry ?? (entry && { n: entry.n, chain: entry.chain }),
      heads: withHead(known?.heads ?? [], entries, head),
      seenAt: this.#now(),
    });
  }

  /** How far one is that was seen before. */
  sawHead({ id, entries, head }: LotteryProgress): void {
    const known = this.of(id);
    if (known) this.#keep(id, { ...known, heads: withHead(known.heads, entries, head), seenAt: this.#now() });
  }

  #keep(id: string, witness: Witness): void {
    const newest = Object.entries({ ...this.#read(), [id]: witness }).toSorted(
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

/** With one more, unless one is known after as many entries. */
function withHead(heads: Witness['heads'], entries: number, head: string): Witness['heads'] {
  if (heads.some(([known]) => known === entries)) return heads;
  const all = [...heads, [entries, head] satisfies [number, string]].toSorted(([one], [other]) => one - other);
  if (all.length <= MOST_HEADS) return all;
  const gapAround = (index: number): number => (all[index + 1]?.[0] ?? Infinity) - (all[index - 1]?.[0] ?? -Infinity);
  // The one that is missed least; the first and the last have no end of a gap.
  let least = 0;
  for (const index of all.keys()) if (gapAround(index) < gapAround(least)) least = index;
  return all.toSpliced(least, 1);
}

function isWitness(value: unknown): value is Witness {
  if (typeof value !== 'object' || value === null) return false;
  const { commitment, heads, seenAt } = value as Partial<Witness>;
  return typeof commitment === 'string' && Array.isArray(heads) && typeof seenAt === 'number';
}

import type { Lottery, LotteryProgress } from '@kaibo/client';

const ORDER = { open: 0, closed: 1, drawn: 2, cancelled: 2 } as const satisfies Record<Lottery['status'], number>;

/**
 * Of what was known of a lottery and what is told now, that which is true by now: events of several nodes and answers to
 * requests overtake each other, and a lottery never goes back. Events are the same for everybody, so that one's own
 * entry stays as it was.
 */
export function newest(known: Lottery | undefined, told: Lottery): Lottery {
  if (known === undefined) return told;
  const step = ORDER[told.status] - ORDER[known.status];
  const isNewer = step > 0 || (step === 0 && told.entries >= known.entries);
  return { ...(isNewer ? told : known), entry: told.entry ?? known.entry };
}

/** As `newest`, of how far an open one is. */
export function advanced(known: Lottery, { entries, head }: LotteryProgress): Lottery {
  return known.status === 'open' && entries > known.entries ? { ...known, entries, head } : known;
}

/** All of both, each as it is by now, the newest first. */
export function merged(known: readonly Lottery[], told: readonly Lottery[]): Lottery[] {
  const all = new Map(known.map((lottery) => [lottery.id, lottery]));
  for (const lottery of told) all.set(lottery.id, newest(all.get(lottery.id), lottery));
  return [...all.values()].toSorted((one, other) => other.startedAt - one.startedAt);
}

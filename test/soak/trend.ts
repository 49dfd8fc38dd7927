export interface Sample {
  atMs: number;
  value: number;
}

/**
 * By how much a value grows over all samples: the median of the slopes between any two (Theil and Sen), which a few samples that are
 * far off, such as those before a garbage collection, do not move.
 */
export function growth(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [at, one] of samples.entries())
    for (const other of samples.slice(at + 1))
      if (other.atMs > one.atMs) slopes.push((other.value - one.value) / (other.atMs - one.atMs));
  const [first, last] = [samples[0], samples.at(-1)];
  if (slopes.length === 0 || first === undefined || last === undefined) return 0;
  return median(slopes) * (last.atMs - first.atMs);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

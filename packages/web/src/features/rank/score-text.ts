import { formatCount } from '../../format.ts';

/** Up to here every one of them is worth to be read. */
const EXACT_BELOW = 100_000;

/** A score in digits, or a large one in short. */
export function formatScore(score: number, locale: string): string {
  return score < EXACT_BELOW ? new Intl.NumberFormat(locale).format(score) : formatCount(score, locale);
}

import type { FindingSeverity } from './finding.ts';

const RANKS = ['info', 'warning', 'problem'] as const satisfies readonly FindingSeverity[];

/**
 * Shows a severity when what was judged has been at least as bad for `holdMs`, and takes it back when it has been better
 * for `clearMs`: so that what comes and goes is told once.
 */
export class Hysteresis {
  readonly #holdMs: number;
  readonly #clearMs: number;
  /** For each rank, since when it is reached, or since when it is not. */
  readonly #reached = RANKS.map(() => ({ is: false, sinceMs: -Infinity }));
  /** Index of what is shown; -1 is nothing. */
  #shown = -1;
  #sinceMs = 0;

  constructor({ holdMs, clearMs }: { holdMs: number; clearMs: number }) {
    this.#holdMs = holdMs;
    this.#clearMs = clearMs;
  }

  /** What is shown now, and since when it is so. */
  get shown(): { severity: FindingSeverity; sinceMs: number } | undefined {
    const severity = RANKS[this.#shown];
    return severity && { severity, sinceMs: this.#sinceMs };
  }

  judge(severity: FindingSeverity | undefined, nowMs: number): void {
    const rank = severity === undefined ? -1 : RANKS.indexOf(severity);
    this.#reached.forEach((level, index) => {
      const is = rank >= index;
      if (level.is === is) return;
      level.is = is;
      level.sinceMs = nowMs;
    });
    const wasShown = this.#shown;
    for (const [index, { is, sinceMs }] of this.#reached.entries()) {
      if (is && index > this.#shown && nowMs - sinceMs >= this.#holdMs) this.#shown = index;
    }
    while (this.#shown >= 0 && this.#isOver(this.#shown, nowMs)) this.#shown--;
    if (wasShown < 0 && this.#shown >= 0) this.#sinceMs = this.#reached[0]?.sinceMs ?? nowMs;
  }

  #isOver(index: number, nowMs: number): boolean {
    const level = this.#reached[index];
    return level !== undefined && !level.is && nowMs - level.sinceMs >= this.#clearMs;
  }
}

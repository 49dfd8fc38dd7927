import type { EngineHandler } from '../../../engine/contract.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 5000;
const STEPS = MINUTE_MS / STEP_MS;

interface Step {
  at: number;
  count: number;
  codes: Map<string, number>;
}

/** Publishers who were refused within the last minute, and why: somebody tries keys, or something of ours is wrong. */
export class Refusals {
  readonly #now: () => number;
  #steps: Step[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The handler, with refusals counted. What fails instead of refusing is one, too. */
  behind(handler: EngineHandler): EngineHandler {
    return {
      ...handler,
      authorizePublish: async (client) => {
        try {
          const verdict = await handler.authorizePublish(client);
          if (verdict.action === 'deny') this.#count(verdict.code);
          return verdict;
        } catch (error) {
          this.#count('internal');
          throw error;
        }
      },
    };
  }

  lastMinute(): { count: number; codes: Record<string, number> } {
    this.#forget();
    const codes: Record<string, number> = {};
    for (const step of this.#steps) for (const [code, count] of step.codes) codes[code] = (codes[code] ?? 0) + count;
    return { count: this.#steps.reduce((sum, { count }) => sum + count, 0), codes };
  }

  /** Codes are ours: they are few. */
  #count(code: string): void {
    this.#forget();
    const at = Math.floor(this.#now() / STEP_MS);
    let step = this.#steps.at(-1);
    if (step?.at !== at) this.#steps.push((step = { at, count: 0, codes: new Map() }));
    step.count++;
    step.codes.set(code, (step.codes.get(code) ?? 0) + 1);
  }

  #forget(): void {
    const from = Math.floor(this.#now() / STEP_MS) - STEPS;
    this.#steps = this.#steps.filter(({ at }) => at > from);
  }
}

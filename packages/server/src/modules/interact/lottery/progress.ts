import type { Logger } from 'pino';
import type { StateCenter } from '../../../state/contract.ts';
import { LOTTERY_PROGRESS } from './contract.ts';
import type { LotteryRow } from './store.ts';

const EVERY_MS = 1000;

/** Tells rooms how far their lotteries are, once a second while something changes; whoever keeps a head can hold the draw to it. */
export class Progress {
  readonly #state: StateCenter;
  readonly #logger: Logger;
  readonly #changed = new Map<string, LotteryRow>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { state: StateCenter; logger: Logger }) {
    this.#state = deps.state;
    this.#logger = deps.logger;
  }

  /** The first of a second is told at once. */
  note(row: LotteryRow): void {
    this.#changed.set(row.id, row);
    if (this.#timer === undefined) this.#tell();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#changed.clear();
  }

  #tell(): void {
    const rows = [...this.#changed.values()];
    this.#changed.clear();
    this.#timer = undefined;
    if (rows.length === 0) return;
    for (const { id, room_id: roomId, entries, head } of rows)
      this.#state
        .publishEphemeral(`live:${roomId}`, LOTTERY_PROGRESS, { id, entries, head })
        // The next one says more.
        .catch((error: unknown) => this.#logger.debug({ err: error }, 'the progress of a lottery was not told'));
    this.#timer = setTimeout(() => this.#tell(), EVERY_MS).unref();
  }
}

import type { PeriodStarts } from './contract.ts';

/** `all` has no end. */
export const PERIODS = ['hour', 'day', 'week', 'all'] as const;
export type Period = (typeof PERIODS)[number];

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The offset from UTC of every zone is a whole number of these. */
const SLOT_MS = HOUR_MS / 4;
const MAX_SLOTS = 2000;

type Starts = Readonly<Record<Period, number>>;

/** When hours, days and weeks (from Monday on) begin where the platform is at home. */
export class Calendar implements PeriodStarts {
  readonly #format: Intl.DateTimeFormat;
  /** By quarter of an hour. */
  readonly #slots = new Map<number, Starts>();

  /** `timeZone` is an IANA name such as Asia/Shanghai; left out, the server's. */
  constructor(timeZone?: string) {
    this.#format = new Intl.DateTimeFormat('en-u-ca-gregory', {
      ...{ timeZone, hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  }

  startsAt(atMs: number): Starts {
    const slot = Math.floor(atMs / SLOT_MS);
    const known = this.#slots.get(slot);
    if (known !== undefined) return known;
    const starts = this.#compute(slot * SLOT_MS);
    if (this.#slots.size >= MAX_SLOTS) this.#slots.clear();
    this.#slots.set(slot, starts);
    return starts;
  }

  #compute(atMs: number): Starts {
    const localMs = atMs + this.#offsetMs(atMs);
    const localDay = Math.floor(localMs / DAY_MS);
    // The epoch began on a Thursday.
    const localMonday = localDay - ((((localDay + 3) % 7) + 7) % 7);
    return {
      hour: atMs - (((localMs % HOUR_MS) + HOUR_MS) % HOUR_MS),
      day: this.#instantOf(localDay * DAY_MS),
      week: this.#instantOf(localMonday * DAY_MS),
      all: 0,
    };
  }

  /**
   * The instant of a local time. The second look corrects a guess from the other side of a clock change; a local time
   * that the clock jumped over is when it jumped.
   */
  #instantOf(localMs: number): number {
    const guess = localMs - this.#offsetMs(localMs);
    const instant = localMs - this.#offsetMs(guess);
    return instant + this.#offsetMs(instant) === localMs ? instant : Math.max(guess, instant);
  }

  #offsetMs(atMs: number): number {
    const parts = Object.fromEntries(this.#format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(atMs / 1000) * 1000;
  }
}

/**
 * How many file operations the recordings of one thread have under way together: Node does them in four threads that the
 * whole process shares, and a disk that hangs must leave some of these for everybody else.
 */
export class DiskLanes {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(lanes: number) {
    this.#free = lanes;
  }

  /** In the order of the calls. Each caller has one operation at a time, so that as many wait as there are recordings. */
  async run<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await operation();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next(); // the lane is handed on
    }
  }
}

/** What one worker's recordings have under way at a time: reading and writing, and waiting for the disk to have it. */
export interface Disk {
  io: DiskLane;
  /** Apart, for it is slow: what is written meanwhile is safe from everything but a loss of power. */
  sync: DiskLane;
}

/**
 * One file operation after the other. Node does them in four threads that the whole process shares, and a disk that hangs
 * must leave some of these for everybody else.
 */
export class DiskLane {
  #isFree = true;
  readonly #waiting: (() => void)[] = [];

  /** In the order of the calls. Each caller has one operation at a time, so that as many wait as there are recordings. */
  async run<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#isFree) this.#isFree = false;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await operation();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#isFree = true;
      else next(); // the lane is handed on
    }
  }
}
